import type { FieldFault, ShellPage } from '#platform'
import { field, form, type Html, html, pageHeader } from '#platform/ui'
import type { Credential } from '../credentials/credential.ts'
import { type LimitsView, limitsFields } from '../credentials/limits-view.ts'
import { passwordFields } from '../views/fields.ts'

const security = { text: 'Security', href: '/account/security' }
const trail = [{ text: 'My account', href: '/account' }, security]

export interface NewPasswordView {
  readonly handle: string
  readonly label: string
  readonly limits: LimitsView
}

/** One more password. What was typed into it is never shown again. */
export function newPasswordPage({ handle, label, limits }: NewPasswordView): ShellPage {
  const { faults } = limits
  const title = 'Add a password'
  const body = html`${pageHeader({
    title,
    lead: 'A password of its own limits: one that may only deploy, or one that works in the office alone. Which one is typed at sign-in decides what the session may.',
    trail,
  })}
${form({
  action: '/account/credentials/new/password',
  submit: 'Add the password',
  cancel: { text: 'Cancel', href: security.href },
  faults,
  body: html`${whose(handle)}${field({
    name: 'label',
    label: 'Label',
    hint: 'What it is for: “Deploying from the laptop”.',
    value: label,
    autocomplete: 'off',
    required: true,
    maxLength: 100,
    faults,
  })}${passwordFields('Password', faults)}${limitsFields(limits)}`,
})}`
  return { title, body, section: '/account', frame: 'full', scripts: ['passwordStrength'] }
}

export function resetPasswordPage(
  { id, label }: Pick<Credential, 'id' | 'label'>,
  handle: string,
  faults: readonly FieldFault[] = [],
): ShellPage {
  const title = `Another password for “${label}”`
  const body = html`${pageHeader({
    title,
    lead: 'The limits stay. Everything the present password opened ends, but for this session.',
    trail,
  })}
${form({
  action: `/credentials/${id}/reset/password`,
  submit: 'Set the password',
  cancel: { text: 'Cancel', href: security.href },
  faults,
  body: html`${whose(handle)}${passwordFields('New password', faults)}`,
})}`
  return { title, body, section: '/account', frame: 'full', scripts: ['passwordStrength'] }
}

/** For password managers: whose password it is. Never read. */
function whose(handle: string): Html {
  return html`<input type="text" autocomplete="username" value="${handle}" readonly hidden>`
}
