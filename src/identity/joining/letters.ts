import type { NewMail } from '#mail'
import { consoleOrigin } from '#platform'
import type { Parts } from '../parts.ts'
import type { Invitation } from './invitation-store.ts'

/** The mails people get. Names are what others chose: they stand in the text only, on one line. */

export function invitationLetter(
  parts: Parts,
  { id, inviter, displayName, expiresAt }: Invitation,
  to: string,
  link: string,
  now: number,
): NewMail {
  const { host } = parts.kernel.config.console
  return {
    to,
    subject: `You are invited to ${host}`,
    text: lines(
      greeting(displayName),
      `${inviter.principal.name} invites you to ${host}. Choose how you sign in:`,
      link,
      `The link works once, until ${moment(expiresAt)} (${span(expiresAt - now)} from now). If you do not know what this is about, do nothing: without you no account is made.`,
    ),
    purpose: 'identity.invitation',
    about: { type: 'invitation', id },
    expiresAt,
  }
}

export function joinLetter(parts: Parts, to: string, link: string, now: number, expiresAt: number): NewMail {
  const { host } = parts.kernel.config.console
  return {
    to,
    subject: `Join ${host}`,
    text: lines(
      greeting(undefined),
      `Somebody, probably you, wants to join ${host} with this address. Go on here:`,
      link,
      `The link works once, within ${span(expiresAt - now)}. If it was not you, do nothing: no account is made.`,
    ),
    purpose: 'identity.join',
    expiresAt,
  }
}

/** To somebody who has an account already: only they may learn that. */
export function alreadyJoinedLetter(
  parts: Parts,
  to: string,
  account: { readonly id: string; readonly handle: string },
): NewMail {
  const { host } = parts.kernel.config.console
  return {
    to,
    subject: `You have an account at ${host}`,
    text: lines(
      greeting(undefined),
      `Somebody, probably you, wanted to join ${host} with this address. It has an account there already: ${account.handle}. Nothing was changed. Sign in, or get back in, here:`,
      `${consoleOrigin(parts.kernel)}/sign-in`,
    ),
    purpose: 'identity.join',
    about: { type: 'account', id: account.id, name: account.handle },
  }
}

export function lines(...paragraphs: readonly string[]): string {
  return `${paragraphs.join('\n\n')}\n`
}

export function greeting(name: string | undefined): string {
  return name === undefined ? 'Hello,' : `Hello ${name},`
}

/** `2026-11-22 11:40 UTC` */
export function moment(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** `30 minutes`, `24 hours`, `7 days` */
export function span(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000)
  if (minutes < 120) return `${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours < 72 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}
