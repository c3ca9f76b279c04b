import type { FieldFault, ShellPage } from '#platform'
import { form, html, pageHeader } from '#platform/ui'
import { displayNameField, handleField, passwordFields } from './fields.ts'

export interface SetupView {
  readonly handle?: string
  readonly displayName?: string
  readonly faults?: readonly FieldFault[]
}

/** The first administrator. */
export function setupPage({ handle, displayName, faults = [] }: SetupView): ShellPage {
  const body = html`${pageHeader({
    title: 'Set up Gatehouse',
    lead: 'Create the first administrator. You will be signed in, and this page closes for ever.',
  })}
${form({
  action: '/setup',
  submit: 'Create the administrator and sign in',
  faults,
  body: html`${handleField(handle, faults, true)}${displayNameField(displayName, faults)}${passwordFields('Password', faults)}`,
})}`
  return { title: 'Set up Gatehouse', body, frame: 'bare', scripts: ['passwordStrength'] }
}
