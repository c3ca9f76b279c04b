import { countryNames, type LimitQuestion } from '#kit'
import type { FieldFault } from '#platform'
import {
  button,
  checkboxes,
  copyButton,
  field,
  form,
  type Html,
  html,
  nothing,
  notice,
  pageHeader,
  select,
  textArea,
} from '#platform/ui'
import type { CertificateRecord } from '../issue/certificate-store.ts'
import type { Delivery } from '../issue/delivery.ts'
import type { FormValues } from '../issue/key-form.ts'
import { lifeOf, type Profile } from '../issue/profile.ts'
import { holdsPrivateKey } from '../x509/pem.ts'

const trail = [{ text: 'Certificates', href: '/certificates' }]

export interface IssuePageData {
  readonly profiles: readonly Profile[]
  readonly values: FormValues
  readonly faults: readonly FieldFault[]
  /** What its limits ask before it is made. */
  readonly questions: readonly LimitQuestion[]
}

/** Orders a certificate: what for, whom for, and a request or a new key. */
export function issuePage({ profiles, values, faults, questions }: IssuePageData): Html {
  return html`${pageHeader({
    title: 'Issue a certificate',
    trail,
    lead: 'The profile decides what the certificate says. Make the key where it will be used and paste the request; then the key never travels.',
  })}${form({
    action: '/certificates/new',
    submit: 'Issue the certificate',
    faults,
    cancel: { text: 'Cancel', href: '/certificates' },
    body: html`${questionsField(questions)}${select({
      name: 'profile',
      label: 'Profile',
      required: true,
      value: values['profile'] ?? 'device',
      faults,
      choices: profiles.map((profile) => ({
        value: profile.name,
        text: `${profile.name}: ${profile.title} (${lifeOf(profile)})`,
      })),
    })}${field({
      name: 'holder',
      label: 'For',
      hint: 'The handle of an account, or the name of a device or service: washer-7. Empty for servers.',
      value: values['holder'],
      autocomplete: 'off',
      maxLength: 64,
      code: true,
      faults,
    })}${textArea({
      name: 'names',
      label: 'Host names',
      hint: 'For servers and services, one on each line. Empty: those the request names.',
      value: values['names'],
      rows: 2,
      code: true,
      faults,
    })}${keyFields(values, faults, 'washer-7')}${field({ name: 'label', label: 'Label', hint: 'To know it by in lists. May stay empty.', value: values['label'], autocomplete: 'off', maxLength: 100, faults })}${field(
      {
        name: 'days',
        label: 'Days',
        hint: 'Ends sooner than the profile says. May stay empty.',
        value: values['days'],
        type: 'number',
        inputMode: 'numeric',
        autocomplete: 'off',
        faults,
      },
    )}${limitFields(values, faults)}`,
  })}`
}

/** What key a certificate is for: a request's, or one made here and how it is handed over. @param name of an example */
export function keyFields(values: FormValues, faults: readonly FieldFault[], name: string): Html {
  return html`${textArea({
    name: 'request',
    label: 'Request',
    hint: html`A PKCS #10 request in PEM, as made by <code>openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj /CN=${name}</code>`,
    value: holdsPrivateKey(values['request'] ?? '') ? '' : values['request'],
    rows: 8,
    maxLength: 16_384,
    code: true,
    faults,
  })}${checkboxes({
    name: 'newKey',
    label: 'Or, without a request',
    choices: [
      {
        value: 'yes',
        text: 'Make the key here',
        hint: 'It is handed over once and stored nowhere. Whoever sees the next page has it.',
      },
    ],
    values: values['newKey'] === undefined ? [] : ['yes'],
    faults,
  })}${select({
    name: 'handover',
    label: 'A key made here is handed over as',
    value: values['handover'] ?? 'pem',
    faults,
    choices: [
      { value: 'pem', text: 'PEM: text, for servers and programs' },
      { value: 'current', text: 'PKCS #12: a .p12 file for browsers, Windows, Android, Linux' },
      { value: 'older', text: 'PKCS #12 in its older form, for Apple systems that refuse the other' },
    ],
  })}${field({
    name: 'password',
    label: 'Password of the file',
    type: 'password',
    hint: 'Twelve characters at least, for the .p12 file. Empty: one is made and shown once, which the older form always asks for. Whoever has file and password is the holder.',
    autocomplete: 'new-password',
    maxLength: 128,
    faults,
  })}`
}

/** Questions first: what was typed stands below, and one tick more makes it. */
function questionsField(questions: readonly LimitQuestion[]): Html {
  if (questions.length === 0) return nothing
  return html`${notice('warning', 'Nothing was issued yet: is this meant?')}${checkboxes({
    name: 'confirmed',
    label: 'Issue it all the same',
    required: true,
    values: [],
    choices: questions.map(({ code, message }) => ({ value: code, text: message })),
  })}`
}

function limitFields(values: FormValues, faults: readonly FieldFault[]): Html {
  const lists = [
    ['allow', 'Only from these networks', 'One on each line, such as 10.0.0.0/8 or @office. Empty: from anywhere.'],
    ['deny', 'Never from these networks', 'What stands here is refused even where it is allowed above.'],
  ] as const
  return html`${lists.map(([name, label, hint]) => textArea({ name, label, hint, value: values[name], rows: 2, code: true, faults }))}${field(
    {
      name: 'regions',
      label: 'Only in these countries',
      hint: 'Type a few letters and choose, or write several with commas between: “Austria, CH”. Empty: in all.',
      value: values['regions'],
      autocomplete: 'off',
      suggestions: countryNames(),
      maxLength: 1_000,
      faults,
    },
  )}`
}

/** A certificate with the key made for it, this once. */
export function issuedPage(data: {
  readonly record: CertificateRecord
  readonly chain: string
  readonly delivery: Delivery
}): Html {
  const { record, chain, delivery } = data
  return html`${pageHeader({ title: 'Certificate issued', trail })}
${delivery.kind === 'pem' ? keyShown(delivery.privateKeyPem) : fileOffered(delivery)}
<h2>Certificate and chain</h2><pre tabindex="0"><code>${chain}</code></pre>${copyButton(chain, 'Copy the chain')}
<p>${button({ text: 'To the certificate', href: `/certificates/${record.id}` }, 'plain')}</p>`
}

function keyShown(privateKeyPem: string): Html {
  return html`${notice('warning', 'The key is shown this once', 'Copy both now. Gatehouse does not keep the key, and nobody can show it again; lost, it is replaced by a new certificate.')}
<h2>Private key</h2><pre tabindex="0"><code>${privateKeyPem}</code></pre>${copyButton(privateKeyPem, 'Copy the key')}`
}

/** The file is in the page itself: nothing is kept from which it could be fetched a second time. */
function fileOffered({ file, name, password }: Extract<Delivery, { kind: 'pkcs12' }>): Html {
  const content = `data:application/x-pkcs12;base64,${Buffer.from(file).toString('base64')}`
  return html`${notice('warning', 'The file is offered this once', 'Save it now. Gatehouse keeps neither the key nor the password; lost, they are replaced by a new certificate.')}
<h2>Key and certificate</h2><p><a href="${content}" download="${name}" role="button">Save ${name}</a></p>
${
  password === undefined
    ? html`<p>It opens with the password you gave.</p>`
    : html`<h2>Password of the file</h2><pre tabindex="0"><code>${password}</code></pre>${copyButton(password, 'Copy the password')}
<p>Hand it over by another way than the file.</p>`
}`
}
