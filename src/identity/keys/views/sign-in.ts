import type { FieldFault, ShellPage } from '#platform'
import { field, form, hidden, html, link, nothing, notice, pageHeader } from '#platform/ui'
import type { AskedChallenge } from '../answers.ts'
import { challengeSection } from './challenge.ts'

export interface KeyHandleView {
  /** A checked path of this origin. */
  readonly to: string
  readonly faults?: readonly FieldFault[]
}

/** The first of two steps: whom the line to sign is for. */
export function keyHandlePage({ to, faults = [] }: KeyHandleView): ShellPage {
  const body = html`${pageHeader({ title: 'Sign in with a key', lead: 'You sign one line with your private key, which stays where it is.' })}
${form({
  action: '/sign-in/key',
  submit: 'Continue',
  cancel: { text: 'Another way', href: signInPath(to) },
  faults,
  body: html`${field({ name: 'handle', label: 'Handle', autocomplete: 'username', required: true, code: true, autofocus: true, faults })}
${to === '/' ? nothing : hidden('to', to)}`,
})}`
  return { title: 'Sign in with a key', body, frame: 'bare' }
}

export interface AnswerView extends KeyHandleView {
  readonly handle: string
  readonly asked: AskedChallenge
  readonly refusal?: { readonly title: string; readonly detail: string }
}

/** The second: the line, how it is signed, and where the answer is pasted. */
export function answerPage({ to, handle, asked, refusal, faults = [] }: AnswerView): ShellPage {
  const body = html`${pageHeader({ title: 'Sign in with a key' })}
${refusal === undefined ? nothing : notice('refused', refusal.title, html`<p>${refusal.detail}</p><p>Below is a new line to sign.</p>`)}
${form({
  action: '/sign-in/key/answer',
  submit: 'Sign in',
  cancel: { text: 'Another way', href: signInPath(to) },
  faults,
  body: html`${challengeSection({ asked, faults })}${hidden('handle', handle)}${hidden('nonce', asked.nonce)}${to === '/' ? nothing : hidden('to', to)}`,
})}
<p>${link({ text: 'Somebody else', href: `/sign-in/key${to === '/' ? '' : `?to=${encodeURIComponent(to)}`}` })}</p>`
  return { title: 'Sign in with a key', body, frame: 'bare' }
}

function signInPath(to: string): string {
  return to === '/' ? '/sign-in' : `/sign-in?to=${encodeURIComponent(to)}`
}
