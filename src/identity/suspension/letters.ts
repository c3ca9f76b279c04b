import type { NewMail } from '#mail'
import type { Account } from '../account-store.ts'
import { greeting, lines, moment } from '../joining/letters.ts'
import type { Parts } from '../parts.ts'

export function suspendedLetter(
  parts: Parts,
  account: Account,
  to: string,
  { reason, until }: { readonly reason: string; readonly until: number },
): NewMail {
  const { host } = parts.kernel.config.console
  return {
    to,
    subject: `Your account at ${host} is suspended`,
    text: lines(
      greeting(account.displayName),
      `Your account ${account.handle} at ${host} is suspended until ${moment(until)}. Reason: ${reason}`,
      'Until then it cannot sign in and its API tokens do not work; after that, sign in as before. Who manages accounts there can lift it earlier.',
    ),
    purpose: 'identity.suspended',
    about: { type: 'account', id: account.id, name: account.handle },
  }
}
