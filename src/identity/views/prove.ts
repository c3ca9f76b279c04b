import type { ShellPage } from '#platform'
import { emptyState, type Html, html, nothing, notice, type PageScript, pageHeader } from '#platform/ui'
import { type CredentialKind, credentialKinds } from '../credentials/kinds.ts'

export interface ProveView {
  readonly forms: readonly {
    readonly kind: CredentialKind
    readonly body: Html
    readonly scripts: readonly PageScript[]
  }[]
  readonly refusal?: { readonly title: string; readonly detail: string } | undefined
  /** What an app asks for beyond what the session was proved with. */
  readonly more?: 'factors' | 'phishing-resistant' | undefined
}

const leadAgain = 'What comes next changes how you sign in. Prove yourself once more; that holds for ten minutes.'
const leads = {
  factors:
    'The app you opened asks for two independent factors. Prove yourself by another way than the one you signed in with.',
  'phishing-resistant':
    'The app you opened asks for a proof that cannot be phished. Prove yourself by one that works for this address alone.',
} as const
const nothingAgain = { title: 'Nothing to prove with here', text: 'Sign out and in again: a new sign-in is a proof.' }
const nothingMore = {
  title: 'You have nothing yet that would prove more',
  text: 'Add a passkey or a second factor, then open the app again.',
  action: { text: 'Security', href: '/account/security' },
} as const

/** Who goes on to change how they sign in proves first that they are still the same person. */
export function provePage({ forms, refusal, more }: ProveView): ShellPage {
  const heading = (kind: CredentialKind) => {
    const { title } = credentialKinds[kind]
    return `${title[0]?.toUpperCase() ?? ''}${title.slice(1)}`
  }
  const body = html`${pageHeader({
    title: more === undefined ? 'Is it still you?' : 'Prove more surely that it is you',
    lead: more === undefined ? leadAgain : leads[more],
    trail: [
      { text: 'My account', href: '/account' },
      { text: 'Security', href: '/account/security' },
    ],
  })}
${refusal === undefined ? nothing : notice('refused', refusal.title, refusal.detail)}
${forms.length > 1 ? html`<p>Use any one of these.</p>` : nothing}
${forms.map((one) => html`${forms.length > 1 ? html`<h2>${heading(one.kind)}</h2>` : nothing}${one.body}`)}
${forms.length === 0 ? emptyState(more === undefined ? nothingAgain : nothingMore) : nothing}`
  return {
    title: more === undefined ? 'Is it still you?' : 'Prove more surely',
    body,
    section: '/account',
    frame: 'full',
    scripts: forms.flatMap((one) => one.scripts),
  }
}
