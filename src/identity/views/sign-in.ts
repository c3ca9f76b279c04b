import type { FieldFault, ShellPage } from '#platform'
import {
  actionForm,
  field,
  form,
  type Html,
  hidden,
  html,
  link,
  nothing,
  notice,
  pageHeader,
  passkeyForm,
} from '#platform/ui'
import type { Account } from '../account-store.ts'

export interface SignInView {
  /** A checked path of this origin. */
  readonly to: string
  /** Who is signed in already. */
  readonly account?: Account | undefined
  readonly refusal?: { readonly title: string; readonly detail: string }
  readonly faults?: readonly FieldFault[]
}

/**
 * Sign-in. What was typed is never shown again, the handle included: people type passwords into it, and a page is kept
 * longer than a thought.
 */
export function signInPage(view: SignInView): ShellPage {
  const { to, refusal, account, faults = [] } = view
  const body = html`${pageHeader({ title: 'Sign in' })}
${account === undefined ? nothing : whoIsHere(account, to)}
${refusal === undefined ? nothing : notice('refused', refusal.title, refusal.detail)}
${form({
  action: '/sign-in',
  submit: account === undefined ? 'Sign in' : 'Sign in as somebody else',
  faults,
  body: html`${field({ name: 'handle', label: 'Handle', autocomplete: 'username webauthn', required: true, code: true, autofocus: account === undefined, faults })}
${field({ name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password', required: true, faults })}
${to === '/' ? nothing : hidden('to', to)}`,
})}
${passkeyForm({
  action: '/sign-in/passkey',
  options: '/sign-in/passkey/options',
  ceremony: 'get',
  submit: 'Use a passkey',
  look: 'plain',
  values: to === '/' ? {} : { to },
  // not again at once after a refusal: the browser would offer what was just refused
  autofill: refusal === undefined,
  handle: true,
})}
<p>${[
    link({ text: 'Sign in with a key', href: withTo('/sign-in/key', to) }),
    html` · `,
    link({ text: 'Sign in with a certificate', href: withTo('/sign-in/certificate', to) }),
  ]}</p>
<p>${link({ text: 'I cannot sign in', href: '/recover/ask' })}</p>`
  return { title: 'Sign in', body, frame: 'bare', scripts: ['passkeys'] }
}

function withTo(path: string, to: string): string {
  return to === '/' ? path : `${path}?to=${encodeURIComponent(to)}`
}

/** Refusals that the page of the form shows, with the form again. */
export const shownOnSignIn: ReadonlySet<string> = new Set([
  'identity.sign-in-failed',
  'identity.sign-in-refused',
  'identity.password-leaked',
  'identity.try-later',
  'identity.busy',
])

/** Ends the form's navigation; the page goes on by itself. */
export function goOnPage(to: string): ShellPage {
  const body = html`${pageHeader({ title: 'Signed in', lead: html`${link({ text: 'Go on', href: to })}` })}`
  return { title: 'Signed in', body, frame: 'bare' }
}

function whoIsHere(account: Account, to: string): Html {
  return notice(
    'info',
    `You are signed in as ${account.displayName} (${account.handle})`,
    html`<div class="form-actions">${link({ text: 'Go on', href: to })}${actionForm({ action: '/sign-out', submit: 'Sign out' })}</div>`,
  )
}
