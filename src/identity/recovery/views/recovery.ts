import type { FieldFault, ShellPage } from '#platform'
import { checkboxes, command, field, form, html, link, nothing, notice, pageHeader, time } from '#platform/ui'
import type { Account } from '../../account-store.ts'
import { passwordFields } from '../../views/fields.ts'
import type { MadeLink, RecoveryPass } from '../recovery.ts'

const backToSignIn = link({ text: 'Back to sign-in', href: '/sign-in' })

/** For who cannot sign in. */
export function askPage({
  byMail,
  faults = [],
}: {
  readonly byMail: boolean
  readonly faults?: readonly FieldFault[]
}): ShellPage {
  const title = 'I cannot sign in'
  const body = byMail
    ? html`${pageHeader({
        title,
        lead: 'Type your handle or your mail address. If it is known here, a link goes to the address you proved; with it you set a new password. Second factors stay.',
      })}
${form({
  action: '/recover/ask',
  submit: 'Send me a link',
  faults,
  cancel: { text: 'Back to sign-in', href: '/sign-in' },
  body: field({
    name: 'who',
    label: 'Handle or e-mail',
    autocomplete: 'username',
    required: true,
    code: true,
    autofocus: true,
    maxLength: 254,
    faults,
  }),
})}`
    : html`${pageHeader({
        title,
        lead: 'No mail is sent here. Ask an administrator for a link: it sets a new password, works once and shows it to nobody.',
      })}<p>${backToSignIn}</p>`
  return { title, body, frame: 'bare' }
}

/** Says the same whoever was named. */
export function askedPage(): ShellPage {
  const title = 'Look into your mail'
  const body = html`${pageHeader({
    title,
    lead: 'If this is known here, a mail with a link is on its way to the address that was proved. It works once, within 30 minutes. Nothing comes? The address may not be proved: ask an administrator for a link.',
  })}<p>${backToSignIn}</p>`
  return { title, body, frame: 'bare' }
}

/** A new password for who holds a link. */
export function recoverPage({ account, link: pass }: RecoveryPass, faults: readonly FieldFault[] = []): ShellPage {
  const title = 'Set a new password'
  const body = html`${pageHeader({
    title,
    lead: html`For the account <code>${account.handle}</code>. What the old password opened ends when you save.`,
  })}
${
  pass.secondFactors
    ? notice('warning', 'Second factors are taken away too', 'Set them up again once you are signed in.')
    : nothing
}
${form({
  action: '/recover',
  submit: 'Save the password',
  faults,
  body: html`<input type="text" autocomplete="username" value="${account.handle}" readonly hidden>${passwordFields('New password', faults)}`,
})}`
  return { title, body, frame: 'bare' }
}

export function recoveredPage({ handle }: Account): ShellPage {
  const title = 'The password is new'
  const body = html`${pageHeader({
    title,
    lead: html`Sign in as <code>${handle}</code> with it. What the old one opened has ended.`,
  })}<p>${link({ text: 'Sign in', href: '/sign-in' })}</p>`
  return { title, body, frame: 'bare' }
}

/** What an administrator is asked before a link is made. */
export function makeLinkPage(
  account: Account,
  { canMail, faults = [] }: { readonly canMail: boolean; readonly faults?: readonly FieldFault[] },
): ShellPage {
  const path = `/accounts/${account.id}`
  const title = `A link for ${account.displayName}`
  const body = html`${pageHeader({
    title,
    lead: 'Whoever has the link sets a new password for this account, once, within 24 hours. Until then nothing ends.',
    trail: [
      { text: 'People', href: '/accounts' },
      { text: account.displayName, href: path },
    ],
  })}
${form({
  action: `${path}/recovery-link`,
  submit: 'Make the link',
  cancel: { text: 'Cancel', href: path },
  faults,
  body: html`${checkboxes({
    name: 'secondFactors',
    label: 'Second factors',
    choices: [
      {
        value: 'yes',
        text: 'Take them away too',
        hint: 'For a lost phone or passkey. Whoever has the link needs nothing else then.',
      },
    ],
    values: [],
  })}${
    canMail
      ? checkboxes({
          name: 'byMail',
          label: 'How it gets there',
          choices: [{ value: 'yes', text: `Send it to ${account.email ?? ''} instead of showing it here` }],
          values: ['yes'],
        })
      : nothing
  }`,
})}`
  return { title, body, section: '/accounts', frame: 'full' }
}

/** The link, this once; or that it was mailed. */
export function madeLinkPage(account: Account, { link: address, expiresAt }: MadeLink, now: number): ShellPage {
  const path = `/accounts/${account.id}`
  const title = `A link for ${account.displayName}`
  const body = html`${pageHeader({
    title,
    trail: [
      { text: 'People', href: '/accounts' },
      { text: account.displayName, href: path },
    ],
  })}
${
  address === undefined
    ? notice('done', 'The link is on its way', `It was sent to ${account.email ?? ''}.`)
    : html`${notice('warning', 'This link is shown only now', 'Whoever has it becomes this account. Hand it over in private.')}${command(address, 'Link')}`
}
<p>It works once, until ${time(expiresAt, now)}.</p>
<p>${link({ text: `Back to ${account.displayName}`, href: path })}</p>`
  return { title, body, section: '/accounts', frame: 'full' }
}
