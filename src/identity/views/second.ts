import type { ShellPage } from '#platform'
import { actionForm, emptyState, type Html, html, nothing, notice, type PageScript, pageHeader } from '#platform/ui'
import { type CredentialKind, credentialKinds } from '../credentials/kinds.ts'

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
  readonly enrol?: readonly { readonly text: string; readonly hint: string; readonly href: string }[]
}

/** Between the first factor and the session. Names no account: whoever looks over a shoulder learns nothing. */
export function secondPage({ forms, demand, proven, refusal, enrol = [] }: SecondView): ShellPage {
  const shown = proven.map(({ credential }) => credentialKinds[credential.kind].title).join(' and ')
  const body = html`${pageHeader({ title: 'One more proof', lead: `Your ${shown} was right. This sign-in asks for another factor within ten minutes.` })}
${refusal === undefined ? nothing : notice('refused', refusal.title, refusal.detail)}
${
  demand.phishingResistant
    ? notice('info', 'A rule asks for one that works here alone', 'A passkey or a client certificate.')
    : nothing
}
${forms.map((one) => html`${forms.length > 1 ? html`<h2>${heading(one.kind)}</h2>` : nothing}${one.body}`)}
${enrol.map(({ text, hint, href }) => html`<h2>${text}</h2><p>${hint}</p><p><a class="button" href="${href}">${text}</a></p>`)}
${
  forms.length + enrol.length === 0
    ? emptyState({
        title: 'Nothing here proves more',
        text: 'None of your ways to sign in is enough for this sign-in. Whoever runs this Gatehouse can help.',
      })
    : nothing
}
${actionForm({ action: '/sign-in/second/cancel', submit: 'Start again' })}`
  return { title: 'One more proof', body, frame: 'bare', scripts: [...new Set(forms.flatMap((one) => one.scripts))] }
}

function heading(kind: CredentialKind): string {
  const { title } = credentialKinds[kind]
  return `${title[0]?.toUpperCase() ?? ''}${title.slice(1)}`
}
