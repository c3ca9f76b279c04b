import type { ShellPage } from '#platform'
import {
  actionForm,
  button,
  emptyState,
  type Html,
  html,
  nothing,
  notice,
  type PageScript,
  pageHeader,
  passkeyForm,
} from '#platform/ui'
import { type CredentialKind, credentialKinds } from '../credentials/kinds.ts'
import type { EnrolledKind } from '../sign-in/enrol.ts'

export interface SecondView {
  readonly forms: readonly {
    readonly kind: CredentialKind
    readonly body: Html
    readonly scripts: readonly PageScript[]
  }[]
  readonly demand: { readonly phishingResistant: boolean }
  readonly proven: readonly { readonly credential: { readonly kind: CredentialKind } }[]
  readonly refusal?: { readonly title: string; readonly detail: string } | undefined
  /** What may be set up now, because a rule demands it and there is none. */
  readonly enrol: readonly EnrolledKind[]
  /** Whether a second factor of the account has ended, which keeps on asking for one. */
  readonly hasEnded: boolean
  /** Where the sign-in goes on to; a checked path. */
  readonly to: string
}

/** Between the first factor and the session. Names no account: whoever looks over a shoulder learns nothing. */
export function secondPage({ forms, demand, proven, refusal, enrol, hasEnded, to }: SecondView): ShellPage {
  const shown = proven.map(({ credential }) => credentialKinds[credential.kind].title).join(' and ')
  const body = html`${pageHeader({ title: 'One more proof', lead: `Your ${shown} was right. This sign-in asks for another factor within ten minutes.` })}
${refusal === undefined ? nothing : notice('refused', refusal.title, refusal.detail)}
${
  demand.phishingResistant
    ? notice('info', 'A rule asks for one that works here alone', resistantText(forms.map(({ kind }) => kind)))
    : nothing
}
${forms.map((one) => html`${forms.length > 1 ? html`<h2>${heading(one.kind)}</h2>` : nothing}${one.body}`)}
${enrolment(enrol, to)}
${forms.length + enrol.length === 0 ? emptyState(hasEnded ? endedText : lackingText) : nothing}
${actionForm({ action: '/sign-in/second/cancel', submit: 'Start again' })}`
  return { title: 'One more proof', body, frame: 'bare', scripts: ['passkeys'] }
}

/** Whoever has none makes one, but only after what they have: else a password would be enough to make one. */
function resistantText(kinds: readonly CredentialKind[]): string {
  const here = kinds.some((kind) => credentialKinds[kind].phishingResistant)
  return here || kinds.length === 0
    ? 'A passkey or a client certificate.'
    : 'Prove what you have first; then you make a passkey, which is asked for from then on.'
}

const lackingText = {
  title: 'Nothing here proves more',
  text: 'None of your ways to sign in is enough for this sign-in. Whoever runs this Gatehouse can help.',
}
/** It does not stop asking by itself: else whoever knows the password would only have to wait. */
const endedText = {
  title: 'Your second factor has ended',
  text: 'It had an end, which is over, and nothing has taken its place. Whoever runs this Gatehouse can make you a one-time link that takes it away; then you sign in and set up another.',
}

function heading(kind: CredentialKind): string {
  const { title } = credentialKinds[kind]
  return `${title[0]?.toUpperCase() ?? ''}${title.slice(1)}`
}

/** Setting up what the rule asks for, right here. */
function enrolment(kinds: readonly EnrolledKind[], to: string): Html {
  if (kinds.length === 0) return nothing
  const way = to === '/' ? '' : `?to=${encodeURIComponent(to)}`
  const passkey = passkeyForm({
    action: '/sign-in/second/new-passkey',
    options: '/sign-in/second/new-passkey/options',
    ceremony: 'create',
    submit: 'Make a passkey and sign in',
    values: to === '/' ? {} : { to },
    missing: 'This browser has no passkeys, or runs no script.',
  })
  const app = html`<p>${button({ text: 'Set up an authenticator app', href: `/sign-in/second/new-totp${way}` }, 'plain')}</p>`
  return html`${notice('info', 'A rule asks for a second factor, and you have none yet', 'Set one up now. It is asked for at every sign-in from then on.')}
${kinds.includes('passkey') ? passkey : nothing}${kinds.includes('totp') ? app : nothing}`
}

/** The key for the app, in the middle of a sign-in. */
export function enrolTotpPage(scan: Html): ShellPage {
  const title = 'Set up an authenticator app'
  const lead = 'Scan the key, or type it, and then type the code that the app shows.'
  return { title, body: html`${pageHeader({ title, lead })}${scan}`, frame: 'bare' }
}
