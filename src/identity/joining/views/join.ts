import type { FieldFault, ShellPage } from '#platform'
import { field, form, hidden, html, link, pageHeader } from '#platform/ui'
import type { Account } from '../../account-store.ts'
import { displayNameField, handleField, passwordFields } from '../../views/fields.ts'
import type { JoinPass } from '../joining.ts'

export interface JoinView {
  readonly pass: JoinPass
  readonly handle?: string
  readonly displayName?: string
  readonly faults?: readonly FieldFault[]
}

/** The account of who holds a link. */
export function joinPage({ pass, handle, displayName, faults = [] }: JoinView): ShellPage {
  const invited = pass.by === 'invitation' ? pass.invitation : undefined
  const fixed = invited?.handle
  const lead =
    invited === undefined
      ? html`You read mail to <code>${pass.by === 'address' ? pass.email : ''}</code>. Choose what you sign in with.`
      : `${invited.inviter.principal.name} invited you. Choose what you sign in with.`
  const body = html`${pageHeader({ title: 'Join', lead })}
${form({
  action: '/join',
  submit: 'Make my account',
  faults,
  body: html`${
    fixed === undefined
      ? handleField(handle, faults, true)
      : html`<p>Your handle, which you type to sign in, is <code>${fixed}</code>.</p>${hidden('handle', fixed)}`
  }${displayNameField(displayName ?? invited?.displayName, faults)}${passwordFields('Password', faults)}`,
})}`
  return { title: 'Join', body, frame: 'bare' }
}

/** Where joining is open: an address first. */
export function openPage({
  email,
  faults = [],
}: {
  readonly email?: string
  readonly faults?: readonly FieldFault[]
}): ShellPage {
  const body = html`${pageHeader({
    title: 'Join',
    lead: 'Type your mail address. You get a link there; with it you choose how you sign in.',
  })}
${form({
  action: '/join/address',
  submit: 'Send me a link',
  faults,
  cancel: { text: 'I have an account', href: '/sign-in' },
  body: field({
    name: 'email',
    label: 'E-mail',
    type: 'email',
    value: email,
    autocomplete: 'email',
    required: true,
    maxLength: 254,
    faults,
  }),
})}`
  return { title: 'Join', body, frame: 'bare' }
}

/** Says the same whatever the address is. */
export function askedPage(): ShellPage {
  const body = html`${pageHeader({
    title: 'Look into your mail',
    lead: 'A mail with the way on goes to this address. The link in it works once, within 24 hours. Nothing comes? Look among the unwanted mail, and ask again later.',
  })}<p>${link({ text: 'Back to sign-in', href: '/sign-in' })}</p>`
  return { title: 'Look into your mail', body, frame: 'bare' }
}

export function closedPage(): ShellPage {
  const body = html`${pageHeader({
    title: 'Joining needs an invitation',
    lead: 'Nobody can join here by themselves. Whoever is here can invite you: you get a link that works once.',
  })}<p>${link({ text: 'I have an account', href: '/sign-in' })}</p>`
  return { title: 'Joining needs an invitation', body, frame: 'bare' }
}

export function joinedPage({ displayName, handle }: Account): ShellPage {
  const body = html`${pageHeader({
    title: `Welcome, ${displayName}`,
    lead: html`Your account is made. Sign in with the handle <code>${handle}</code> and your password.`,
  })}<p>${link({ text: 'Sign in', href: '/sign-in' })}</p>`
  return { title: 'Welcome', body, frame: 'bare' }
}
