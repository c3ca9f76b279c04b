import type { Secret } from '#kit'
import type { FieldFault, ShellPage } from '#platform'
import {
  actionForm,
  checkboxes,
  command,
  field,
  fileInto,
  form,
  type Html,
  html,
  nothing,
  notice,
  pageHeader,
  textArea,
} from '#platform/ui'
import type { Credential } from '../../credentials/credential.ts'
import { type LimitsView, limitsFields } from '../../credentials/limits-view.ts'
import { makingCommands } from '../commands.ts'
import type { ExposedKey } from '../exposed.ts'

const security = { text: 'Security', href: '/account/security' }
const trail = [{ text: 'My account', href: '/account' }, security]

export interface NewKeyView {
  readonly label: string
  /** As typed; never a private key. */
  readonly publicKey: string
  readonly isSecond: boolean
  readonly limits: LimitsView
}

export function newKeyPage({ label, publicKey, isSecond, limits }: NewKeyView): ShellPage {
  const { faults } = limits
  const title = 'Add a key'
  const body = html`${pageHeader({
    title,
    lead: 'You sign in by signing one line with a private key, which stays where it is. Here goes its public half.',
    trail,
  })}
${howToMake()}
${form({
  action: '/account/credentials/new/key',
  submit: 'Add the key',
  cancel: { text: 'Cancel', href: security.href },
  faults,
  body: html`${labelField(label, 'Where the private key is: “Laptop”.', faults)}${publicKeyFields(publicKey, faults)}${secondField(isSecond, 'key')}${limitsFields(limits)}`,
})}`
  return { title, body, section: '/account', frame: 'full' }
}

export interface NewSharedSecretView {
  readonly label: string
  readonly isSecond: boolean
  readonly limits: LimitsView
}

export function newSharedSecretPage({ label, isSecond, limits }: NewSharedSecretView): ShellPage {
  const { faults } = limits
  const title = 'Add a shared secret'
  const body = html`${pageHeader({
    title,
    lead: 'Gatehouse makes a secret and shows it once. Whoever has it signs in by an HMAC of one line, without sending it.',
    trail,
  })}
${form({
  action: '/account/credentials/new/shared-secret',
  submit: 'Make the secret',
  cancel: { text: 'Cancel', href: security.href },
  faults,
  body: html`${labelField(label, 'What keeps it: “Backup on nas”.', faults)}${secondField(isSecond, 'shared secret')}${limitsFields(limits)}`,
})}`
  return { title, body, section: '/account', frame: 'full' }
}

export function resetKeyPage(
  { id, label }: Pick<Credential, 'id' | 'label'>,
  publicKey = '',
  faults: readonly FieldFault[] = [],
): ShellPage {
  const title = `Another key for “${label}”`
  const body = html`${pageHeader({
    title,
    lead: 'The limits stay. Everything the present key opened ends, but for this session.',
    trail,
  })}
${howToMake()}
${form({
  action: `/credentials/${id}/reset/key`,
  submit: 'Use this key from now on',
  cancel: { text: 'Cancel', href: security.href },
  faults,
  body: publicKeyFields(publicKey, faults),
})}`
  return { title, body, section: '/account', frame: 'full' }
}

export function resetSharedSecretPage({ id, label }: Pick<Credential, 'id' | 'label'>): ShellPage {
  const title = `Another secret for “${label}”`
  const body = html`${pageHeader({
    title,
    lead: 'Gatehouse makes a new one and shows it once. The limits stay. Everything the present secret opened ends, but for this session.',
    trail,
  })}
${form({
  action: `/credentials/${id}/reset/shared-secret`,
  submit: 'Make another secret',
  cancel: { text: 'Cancel', href: security.href },
  body: nothing,
})}`
  return { title, body, section: '/account', frame: 'full' }
}

/**
 * The secret, this once.
 *
 * @param limits in words, a line each
 * @param offered what else to do, for who has it as their only second factor
 */
export function sharedSecretPage(label: string, secret: Secret, limits: readonly string[], offered?: Html): ShellPage {
  const title = `Secret of “${label}”`
  const body = html`${pageHeader({ title, trail })}
${notice('warning', 'The secret is shown only now', 'Copy it into a file that only its user can read. Gatehouse keeps it sealed and never shows it again.')}
${command(secret.reveal(), 'Shared secret')}
<ul>${limits.map((line) => html`<li>${line}</li>`)}</ul>
<p>To sign in, answer the line you are given with its HMAC-SHA-256: the page shows the command.</p>
${offered}
<p><a href="${security.href}">Go on to security</a></p>`
  return { title, body, section: '/account', frame: 'full' }
}

/** After a private key was pasted. Nothing of it is on the page. */
export function privateKeyPage(exposed: ExposedKey | undefined, back: string): ShellPage {
  const title = 'That was a private key'
  const body = html`${pageHeader({ title, trail })}
${notice(
  'warning',
  'Nothing of it was kept',
  html`<p>A private key never leaves its owner’s machine. This one has now been in a form, on the network and perhaps in a
clipboard’s history, so take it for known: make a new one, and use this one nowhere any more.</p>`,
)}
${exposed === undefined ? nothing : offer(exposed)}
<p>What belongs here is the public half, from <code>BEGIN PUBLIC KEY</code> on, or the line of a <code>.pub</code> file.</p>
<p><a class="button plain" href="${back}">Back to the form</a></p>`
  return { title, body, section: '/account', frame: 'full' }
}

function offer({ own, others, ticket }: ExposedKey): Html {
  const whose = [...(own > 0 ? ['by your own account'] : []), ...(others ? ['by accounts of others'] : [])].join(
    ' and ',
  )
  return html`<h2>It is in use here</h2>
<p>This key signs in here, ${whose}. Revoked, it opens nothing any more, and everything it opened ends at once. This cannot be undone.</p>
${actionForm({ action: '/account/exposed-key', submit: 'Revoke this key everywhere', values: { ticket }, look: 'danger' })}`
}

function labelField(value: string, hint: string, faults: readonly FieldFault[]): Html {
  return field({
    name: 'label',
    label: 'Label',
    hint,
    value,
    autocomplete: 'off',
    required: true,
    maxLength: 100,
    faults,
  })
}

function publicKeyFields(value: string, faults: readonly FieldFault[]): Html {
  return html`${textArea({
    name: 'publicKey',
    label: 'Public key',
    hint: 'A PEM block (BEGIN PUBLIC KEY) or the line of a .pub file (ssh-ed25519 AAAA…). Ed25519, ECDSA or RSA from 2048 bits.',
    value,
    rows: 6,
    required: true,
    code: true,
    faults,
  })}${fileInto({
    into: 'publicKey',
    label: 'Or choose its file',
    accept: '.pub,.pem,.txt',
    refusal: 'This is a private key. It stays on your machine; choose the public one, such as the .pub file.',
  })}`
}

function secondField(isSecond: boolean, what: string): Html {
  return checkboxes({
    name: 'second',
    label: 'Second factor',
    values: isSecond ? ['yes'] : [],
    choices: [{ value: 'yes', text: `Ask for this ${what} after every sign-in by something else` }],
  })
}

function howToMake(): Html {
  return html`<details><summary>How to make one</summary>${makingCommands.map(({ title, command: text }) => command(text, title))}</details>`
}
