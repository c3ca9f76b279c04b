import type { FieldFault, ShellPage } from '#platform'
import { actionForm, command, copyButton, field, form, type Html, hidden, html, nothing, notice } from '#platform/ui'
import { carriedLimits } from '../credentials/carried-limits.ts'
import type { Credential } from '../credentials/credential.ts'
import type { LimitsForm } from '../credentials/limits-form.ts'
import type { LimitsView } from '../credentials/limits-view.ts'
import { newCredentialPage, securityStep } from '../credentials/new-credential-view.ts'
import { qrCode } from './qr.ts'
import type { MadeCodes } from './recovery-sets.ts'
import type { TotpEnrolment } from './totps.ts'

export const newTotpPath = '/account/credentials/new/totp'
const newRecoveryPath = '/account/credentials/new/recovery-codes'

export interface NewCodeForm extends LimitsForm {
  readonly label: string
}

export function newTotpPage(label: string, limits: LimitsView): ShellPage {
  return newCredentialPage({
    title: 'Add an authenticator app',
    lead: 'The app shows six digits, new ones every thirty seconds. From then on they are asked for after your password.',
    action: newTotpPath,
    submit: 'Go on',
    label,
    labelHint: 'Which app, or whose telephone.',
    limits,
  })
}

export interface ScanView {
  readonly enrolment: TotpEnrolment
  readonly action: string
  readonly submit: string
  readonly lead: string
  /** What else the form carries. */
  readonly carried?: Html
  readonly faults?: readonly FieldFault[]
  readonly cancel: string
  /** Where a sign-in goes on to. */
  readonly to?: string
}

/** The key as a picture and as text, and the code that shows it has arrived. */
export function scanView({ enrolment, action, submit, carried, faults = [], cancel, to = '/' }: ScanView): Html {
  return html`<div class="scan">${qrCode(enrolment.address, 'QR code with the key; the same stands below as text')}</div>
${command(enrolment.key.reveal(), 'The key, for apps that cannot scan')}
<p><small>Time-based, SHA-1, six digits, thirty seconds: what apps assume by themselves.</small></p>
${form({
  action,
  submit,
  faults,
  cancel: { text: 'Cancel', href: cancel },
  body: html`${field({
    name: 'code',
    label: 'Code',
    hint: 'What the app shows now. It counts only once this was right.',
    autocomplete: 'one-time-code',
    inputMode: 'numeric',
    required: true,
    code: true,
    maxLength: 20,
    faults,
  })}${hidden('enrolment', enrolment.text)}${to === '/' ? nothing : hidden('to', to)}${carried}`,
})}`
}

export function scanPage(view: ScanView): ShellPage {
  return securityStep('Scan the key with the app', view.lead, scanView(view))
}

/** What a form for a new app carries to its second page. */
export function carriedCode(body: NewCodeForm): Html {
  return html`${hidden('label', body.label)}${carriedLimits(body)}`
}

export function newRecoveryPage(label: string, limits: LimitsView): ShellPage {
  return newCredentialPage({
    title: 'Make recovery codes',
    lead: 'Ten codes, each good once in place of your second factor. Print them and put them where you keep what matters.',
    action: newRecoveryPath,
    submit: 'Make ten codes',
    label,
    labelHint: 'For the list.',
    limits,
  })
}

/** The codes, this once. */
export function recoveryCodesPage({ codes }: Pick<MadeCodes, 'codes'>, host: string, handle: string): ShellPage {
  const body = html`${notice('warning', 'The codes are shown only now', 'Print this page or write them down. Gatehouse cannot show them again.')}
<p class="only-printed">Recovery codes of ${handle} for ${host}. Each works once, at sign-in, after the password.</p>
<ol class="recovery-codes">${codes.map((code) => html`<li><code>${code.reveal()}</code></li>`)}</ol>
<div class="not-printed"><p>${copyButton(codes.map((code) => code.reveal()).join('\n'), 'Copy all ten')}</p>
<p><a class="button" href="/account/security">I have put them away</a></p></div>`
  return securityStep('Your recovery codes', 'Each is good once, in place of your second factor.', body)
}

/** Ten new ones in the place of the old. @param left how many of those are unused */
export function resetRecoveryPage({ id }: Credential, left: number): ShellPage {
  const body = html`${form({
    action: `/credentials/${id}/reset/recovery-codes`,
    submit: 'Make ten new codes',
    cancel: { text: 'Keep the old ones', href: '/account/security' },
    body: html`<p>${left === 0 ? 'None of the codes you have is left.' : `${left} of the codes you have ${left === 1 ? 'is' : 'are'} left.`} Those stop working as soon as new ones are made.</p>`,
  })}`
  return securityStep('Make new recovery codes', 'New codes take the place of the old ones; the limits stay.', body)
}

/** After the first second factor: what if it is lost? */
export function offerRecoveryPage(made: string): ShellPage {
  const body = html`${notice('done', made)}
${recoveryOffer()}
<p><a href="/account/security">Not now</a></p>`
  return securityStep('Make recovery codes too', nothing, body)
}

/** What recovery codes are for, and a button that makes them. */
export function recoveryOffer(): Html {
  return html`<p>If it is lost or broken, only a recovery code or an administrator lets you in again. The codes take a minute, and a sheet of paper.</p>
${actionForm({ action: newRecoveryPath, submit: 'Make ten recovery codes', look: 'primary', values: { label: 'Recovery codes' } })}`
}
