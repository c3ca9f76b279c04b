import type { NewMail } from '#mail'
import { consoleOrigin } from '#platform'
import type { Account } from '../account-store.ts'
import { greeting, lines, moment, span } from '../joining/letters.ts'
import type { Parts } from '../parts.ts'

const aboutOf = ({ id, handle }: Account) => ({ type: 'account', id, name: handle })

export function recoveryLetter(
  parts: Parts,
  account: Account,
  to: string,
  link: string,
  { now, expiresAt }: { readonly now: number; readonly expiresAt: number },
): NewMail {
  const { host } = parts.kernel.config.console
  return {
    to,
    subject: `Get back in to ${host}`,
    text: lines(
      greeting(account.displayName),
      `This link sets a new password for ${account.handle} at ${host}:`,
      link,
      `It works once, within ${span(expiresAt - now)}. Until it is used nothing changes. If you did not ask for it, do nothing; a second factor is still asked for.`,
    ),
    purpose: 'identity.recovery',
    about: aboutOf(account),
    expiresAt,
  }
}

export function recoveredLetter(parts: Parts, account: Account, to: string, now: number): NewMail {
  const { host } = parts.kernel.config.console
  return {
    to,
    subject: `Your password at ${host} is new`,
    text: lines(
      greeting(account.displayName),
      `At ${moment(now)} a new password was set for ${account.handle} at ${host} by a one-time link. What the old one opened has ended.`,
      'If it was not you, tell an administrator at once, and look here at what is signed in:',
      `${consoleOrigin(parts.kernel)}/account/security`,
    ),
    purpose: 'identity.recovered',
    about: aboutOf(account),
  }
}

export function addressLetter(parts: Parts, account: Account, to: string, link: string, lives: number): NewMail {
  const { host } = parts.kernel.config.console
  return {
    to,
    subject: `Is this your address at ${host}?`,
    text: lines(
      'Hello,',
      `The account ${account.handle} at ${host} wants to be reached here. If that is you, confirm it while signed in:`,
      link,
      `The link works once, within ${span(lives)}. If this is not your account, do nothing.`,
    ),
    purpose: 'identity.address',
    about: aboutOf(account),
  }
}

/** To the address that was the account's before. */
export function addressMovedLetter(parts: Parts, account: Account, to: string, now: number): NewMail {
  const { host } = parts.kernel.config.console
  return {
    to,
    subject: `Your address at ${host} changed`,
    text: lines(
      greeting(account.displayName),
      `At ${moment(now)} the account ${account.handle} at ${host} got another mail address; this one no longer gets you back in. If it was not you, tell an administrator at once.`,
    ),
    purpose: 'identity.address',
    about: aboutOf(account),
  }
}
