import type { FieldFault, ShellPage } from '#platform'
import { actionForm, facts, field, form, html, notice, pageHeader, time } from '#platform/ui'
import type { Account } from '../../account-store.ts'

const mine = { text: 'My account', href: '/account' }
const section = '/account'

export interface AddressView {
  readonly account: Account
  readonly hasMail: boolean
  readonly now: number
  readonly email?: string
  readonly faults?: readonly FieldFault[]
}

export function addressPage({ account, hasMail, now, email, faults = [] }: AddressView): ShellPage {
  const title = 'My mail address'
  const proved =
    account.email === undefined
      ? 'There is none'
      : account.emailVerifiedAt === undefined
        ? 'Not proved: nobody knows whether you read mail there'
        : html`Proved ${time(account.emailVerifiedAt, now)}`
  const body = html`${pageHeader({
    title,
    lead: 'Where notices go, and links to get back in. Apps are told it. It is yours once you have opened a link that was sent there.',
    trail: [mine],
  })}
${facts([
  { term: 'E-mail', value: account.email },
  { term: 'State', value: proved },
])}
${
  hasMail
    ? form({
        action: '/account/address',
        submit: 'Send a link there',
        cancel: { text: 'Cancel', href: section },
        faults,
        body: field({
          name: 'email',
          label: 'E-mail',
          type: 'email',
          value: email ?? account.email,
          autocomplete: 'email',
          required: true,
          maxLength: 254,
          faults,
        }),
      })
    : notice('info', 'No mail is sent here', 'So no address can be proved. Who manages accounts can set one.')
}`
  return { title, body, section, frame: 'full' }
}

export function addressAskedPage(email: string): ShellPage {
  const title = 'Look into your mail'
  const body = html`${pageHeader({
    title,
    lead: html`A link is on its way to <code>${email}</code>. Open it in this browser, within 24 hours: until then nothing changes.`,
    trail: [mine],
  })}`
  return { title, body, section, frame: 'full' }
}

export function confirmAddressPage({ handle, email: before }: Account, email: string): ShellPage {
  const title = 'Confirm the address'
  const moves = before !== undefined && before !== email
  const body = html`${pageHeader({
    title,
    lead: html`From then on <code>${email}</code> is the address of <code>${handle}</code>: apps are told it, and links to get back in go there${moves ? html`, no longer to <code>${before}</code>` : ''}.`,
    trail: [mine],
  })}
${actionForm({ action: '/account/address/confirm', submit: 'Confirm the address', look: 'primary' })}`
  return { title, body, section, frame: 'full' }
}
