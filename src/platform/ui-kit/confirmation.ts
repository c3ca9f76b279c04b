import type { FieldFault } from '../errors.ts'
import { field, hidden } from './field.ts'
import { form } from './form.ts'
import { address, type Html, html, type Renderable } from './html.ts'
import type { Action } from './page-header.ts'

export interface ConfirmationOptions {
  /** The question the page answers: `Revoke the token “CI”`. */
  readonly title: string
  /** What will happen, to whom; one line each, with figures: `3 sessions end at once`. */
  readonly consequences: readonly Renderable[]
  /** Whether and how it can be undone: `This cannot be undone.` */
  readonly undo: Renderable
  readonly action: string
  /** The verb on the button, complete: `Revoke and sign out 3 sessions`. */
  readonly verb: string
  readonly cancel: Action
  readonly values?: Readonly<Record<string, string>>
  /** Asks why, in a field `reason` that may stay empty. */
  readonly reason?: boolean
  /** Only for what cannot be undone: the text to type into the field `confirm`. The handler compares it. */
  readonly typeName?: string
  readonly faults?: readonly FieldFault[]
}

/** States what a click will do before it is made. A page of its own, so it works without script. */
export function confirmation(options: ConfirmationOptions): Html {
  const { typeName, reason = false } = options
  return html`<section class="confirmation" aria-labelledby="confirmation-title"><h2 id="confirmation-title">${options.title}</h2>
<ul>${options.consequences.map((line) => html`<li>${line}</li>`)}</ul><p><strong>${options.undo}</strong></p>
${form({
  action: options.action,
  submit: options.verb,
  dangerous: true,
  cancel: options.cancel,
  ...(options.faults === undefined ? {} : { faults: options.faults }),
  body: html`${Object.entries(options.values ?? {}).map(([name, value]) => hidden(name, value))}${
    reason &&
    field({
      name: 'reason',
      label: 'Reason',
      hint: 'For the history and the journal.',
      autocomplete: 'off',
      maxLength: 500,
    })
  }${
    typeName !== undefined &&
    field({
      name: 'confirm',
      label: `Type ${typeName} to confirm`,
      autocomplete: 'off',
      code: true,
      required: true,
      maxLength: 100,
      ...(options.faults === undefined ? {} : { faults: options.faults }),
    })
  }`,
})}</section>`
}

export interface DangerousAction {
  readonly title: string
  /** What it does, in a sentence. */
  readonly text: Renderable
  /** Leads to the confirmation page. */
  readonly href: string
  /** `Revoke…`: the dots say that a question follows. */
  readonly verb: string
}

/** Dangerous actions, last on the page and apart; each leads to its confirmation. */
export function dangerZone(actions: readonly DangerousAction[]): Html {
  return html`<section class="danger-zone" aria-labelledby="danger-title"><h2 id="danger-title">Dangerous actions</h2>
${actions.map(
  ({ title, text, href, verb }) =>
    html`<div><div><h3>${title}</h3><p>${text}</p></div><a class="button danger" href="${address(href)}">${verb}</a></div>`,
)}</section>`
}
