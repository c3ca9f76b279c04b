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
}

/** Who goes on to change how they sign in proves first that they are still the same person. */
export function provePage({ forms, refusal }: ProveView): ShellPage {
  const heading = (kind: CredentialKind) => {
    const { title } = credentialKinds[kind]
    return `${title[0]?.toUpperCase() ?? ''}${title.slice(1)}`
  }
  const body = html`${pageHeader({
    title: 'Is it still you?',
    lead: 'What comes next changes how you sign in. Prove yourself once more; that holds for ten minutes.',
    trail: [{ text: 'Security', href: '/account/security' }],
  })}
${refusal === undefined ? nothing : notice('refused', refusal.title, refusal.detail)}
${forms.length > 1 ? html`<p>Use any one of these.</p>` : nothing}
${forms.map((one) => html`${forms.length > 1 ? html`<h2>${heading(one.kind)}</h2>` : nothing}${one.body}`)}
${
  forms.length === 0
    ? emptyState({ title: 'Nothing to prove with here', text: 'Sign out and in again: a new sign-in is a proof.' })
    : nothing
}`
  return {
    title: 'Is it still you?',
    body,
    section: '/account',
    frame: 'full',
    scripts: forms.flatMap((one) => one.scripts),
  }
}
