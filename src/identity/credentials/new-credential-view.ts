import type { ShellPage } from '#platform'
import { attributes, field, form, type Html, html, type PageScript, pageHeader, type Renderable } from '#platform/ui'
import { emptyLimitsForm } from './limits-form.ts'
import { type LimitsView, limitsFields } from './limits-view.ts'

const security = { text: 'Security', href: '/account/security' }

export interface NewCredentialView {
  readonly title: string
  readonly lead: Renderable
  readonly action: string
  readonly submit: string
  readonly label: string
  readonly labelHint: string
  /** An empty one is filled in by the kind. */
  readonly labelOptional?: boolean
  readonly limits: LimitsView
  /** Fields of the kind. */
  readonly body?: Html
}

/** The first page of making a credential: its label, what its kind asks, and its limits, folded up until they are wanted. */
export function newCredentialPage(view: NewCredentialView): ShellPage {
  const { limits } = view
  const untouched = JSON.stringify(limits.form) === JSON.stringify(emptyLimitsForm())
  const open = !untouched || limits.faults.length + limits.questions.length > 0
  const body = html`${form({
    action: view.action,
    submit: view.submit,
    cancel: { text: 'Cancel', href: security.href },
    faults: limits.faults,
    body: html`${field({
      name: 'label',
      label: 'Label',
      hint: view.labelHint,
      value: view.label,
      autocomplete: 'off',
      maxLength: 100,
      required: view.labelOptional !== true,
      faults: limits.faults,
    })}${view.body}
<details${attributes({ open })}><summary>Limits: what it may do, from where, for how long</summary>${limitsFields(limits)}</details>`,
  })}`
  return securityStep(view.title, view.lead, body)
}

/** A page on the way to a new secret. */
export function securityStep(
  title: string,
  lead: Renderable,
  body: Html,
  scripts: readonly PageScript[] = [],
): ShellPage {
  const whole = html`${pageHeader({ title, lead, trail: [{ text: 'My account', href: '/account' }, security] })}${body}`
  return { title, body: whole, section: '/account', frame: 'full', scripts }
}
