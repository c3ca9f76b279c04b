import type { ShellPage } from '#platform'
import { checkboxes, hidden, html, nothing, notice, passkeyForm } from '#platform/ui'
import { carriedLimits } from '../credentials/carried-limits.ts'
import type { Credential } from '../credentials/credential.ts'
import type { LimitsForm } from '../credentials/limits-form.ts'
import type { LimitsView } from '../credentials/limits-view.ts'
import { newCredentialPage, securityStep } from '../credentials/new-credential-view.ts'

const newPasskeyPath = '/account/credentials/new/passkey'
const missing = 'This browser has no passkeys, or runs no script, so none can be made here. Use another browser.'

export interface NewPasskeyForm extends LimitsForm {
  readonly label: string
  /** `yes`: asked for after every other first factor. */
  readonly second: readonly string[]
}

/** What it is called, when it is asked for, and its limits. */
export function newPasskeyPage(form: NewPasskeyForm, limits: LimitsView): ShellPage {
  return newCredentialPage({
    title: 'Add a passkey',
    lead: 'A passkey is kept by a device, a password manager or a security key, and works on this Gatehouse alone.',
    action: newPasskeyPath,
    submit: 'Go on',
    label: form.label,
    labelHint: 'Which of your things it is. Left empty, it is named after where it is kept.',
    labelOptional: true,
    limits,
    body: checkboxes({
      name: 'second',
      label: 'When it is asked for',
      values: form.second,
      choices: [
        {
          value: 'yes',
          text: 'Whenever I sign in with something else, ask for it too',
          hint: 'A password alone is no longer enough then. Keep recovery codes, or a second passkey, in case you lose it.',
        },
      ],
    }),
  })
}

interface Refusal {
  readonly title: string
  readonly detail: string
}

/** Asks the authenticator for it. */
export function makePasskeyPage(form: NewPasskeyForm, refusal?: Refusal): ShellPage {
  const body = html`${refused(refusal)}${passkeyForm({
    action: `${newPasskeyPath}/answer`,
    options: `${newPasskeyPath}/options`,
    ceremony: 'create',
    submit: 'Make the passkey',
    missing,
    body: html`${hidden('label', form.label)}${form.second.map((value) => hidden('second', value))}${carriedLimits(form)}`,
  })}
<p><a href="/account/security">Cancel</a></p>`
  const lead = 'Your browser now asks where to keep it, and for your finger, face or PIN.'
  return securityStep('Make the passkey', lead, body, ['passkeys'])
}

/** Another passkey in the same limits. */
export function resetPasskeyPage({ id, label }: Credential, refusal?: Refusal): ShellPage {
  const action = `/credentials/${id}/reset/passkey`
  const body = html`${refused(refusal)}${passkeyForm({
    action,
    options: `${action}/options`,
    ceremony: 'create',
    submit: 'Make another passkey in its place',
    missing,
  })}
<p><a href="/account/security">Keep it</a></p>`
  const lead = `“${label}” keeps its label and limits. The passkey it has now proves nothing afterwards, and what it opened elsewhere ends.`
  return securityStep('Make the passkey anew', lead, body, ['passkeys'])
}

function refused(refusal: Refusal | undefined) {
  return refusal === undefined ? nothing : notice('refused', refusal.title, refusal.detail)
}
