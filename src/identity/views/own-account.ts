import type { FieldFault, ShellPage } from '#platform'
import {
  command,
  confirmation,
  emptyState,
  facts,
  field,
  form,
  type Html,
  html,
  link,
  nothing,
  notice,
  pageHeader,
} from '#platform/ui'
import type { Account } from '../account-store.ts'
import type { Credential } from '../credentials/credential.ts'
import { type LimitsView, limitsFields } from '../credentials/limits-view.ts'
import { displayNameField, emailField, passwordFields } from './fields.ts'

const mine = { text: 'My account', href: '/account' }
const security = { text: 'Security', href: '/account/security' }

export interface OwnAccountView {
  readonly account: Account
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly done?: string | undefined
  readonly faults?: readonly FieldFault[]
  readonly typed?: { readonly displayName: string; readonly email?: string | undefined }
  /** Whether the person may change the e-mail address apps know them by. */
  readonly mayAddress: boolean
}

/** About oneself: profile, and what one holds. */
export function ownAccountPage(view: OwnAccountView): ShellPage {
  const { account, faults = [] } = view
  const body = html`${pageHeader({ title: 'My account', lead: `Signed in as ${account.handle}.` })}
${view.done === undefined ? nothing : notice('done', view.done)}
${facts([
  { term: 'Handle', value: html`<code>${account.handle}</code>` },
  {
    term: 'E-mail',
    value: html`${account.email ?? 'None'}${account.email !== undefined && account.emailVerifiedAt === undefined ? ', not proved' : nothing} · <a href="/account/address">${account.emailVerifiedAt === undefined ? 'Prove or change it' : 'Change it'}</a>`,
  },
  { term: 'Roles', value: view.roles.join(', ') },
  { term: 'Groups', value: view.groups.join(', ') },
])}
<h2>Profile</h2>
${form({
  action: '/account',
  submit: 'Save the profile',
  faults,
  body: html`${displayNameField(view.typed?.displayName ?? account.displayName, faults)}${view.mayAddress ? emailField(view.typed?.email ?? account.email, faults) : nothing}`,
})}
<h2>Signing in</h2>
<p>What you sign in with, where you are signed in, and your API tokens.</p>
<p><a class="button plain" href="/account/security">Security</a> <a class="button plain" href="/account/password">Change the password</a></p>`
  return { title: 'My account', body, section: '/account', frame: 'full' }
}

/** @param handle whose password it is, so that a password manager changes the right entry; never sent */
export interface ChangingPassword {
  readonly handle: string
  readonly hasLeaked: boolean
  /** API tokens made by hand: they do not end with the password. */
  readonly tokens: number
}

export function passwordPage(
  { handle, hasLeaked, tokens }: ChangingPassword,
  faults: readonly FieldFault[] = [],
  refusal?: { readonly title: string; readonly detail: string },
): ShellPage {
  const body = html`${pageHeader({
    title: 'Change the password',
    lead: 'Every other session and sign-in token that the present password opened ends; this one goes on.',
    trail: hasLeaked ? [] : [mine],
  })}
${tokensOutlive(tokens)}
${hasLeaked ? notice('warning', 'This password is known to have leaked', leakedText) : nothing}
${refusal === undefined ? nothing : notice('refused', refusal.title, refusal.detail)}
${form({
  action: '/account/password',
  submit: 'Change the password and sign out elsewhere',
  ...(hasLeaked ? {} : { cancel: { text: 'Cancel', href: '/account' } }),
  faults,
  body: html`<input type="text" autocomplete="username" value="${handle}" readonly hidden>
${field({ name: 'presentPassword', label: 'Present password', type: 'password', autocomplete: 'current-password', required: true, faults })}
${passwordFields('New password', faults)}`,
})}`
  return {
    title: 'Change the password',
    body,
    section: '/account',
    frame: hasLeaked ? 'bare' : 'full',
    scripts: ['passwordStrength'],
  }
}

/** What somebody who changes a password because it was found out must know. */
function tokensOutlive(tokens: number): Html {
  if (tokens === 0) return nothing
  const one = tokens === 1
  return notice(
    'info',
    one ? 'An API token goes on' : `${tokens} API tokens go on`,
    html`${one ? 'It was' : 'They were'} made by hand and ${one ? 'does' : 'do'} not end with the password. ${link({ text: 'Revoke all API tokens', href: '/account/tokens/revoke-all' })}`,
  )
}

const leakedText =
  'It is on a list of leaked passwords, or made from one, so it has signed in this once, to be changed: until then this session opens nothing else, here and in every app. Sign out, and it does not sign in again.'

export interface NewTokenView {
  readonly label: string
  readonly limits: LimitsView
}

export function newTokenPage({ label, limits }: NewTokenView): ShellPage {
  const { faults } = limits
  const body = html`${pageHeader({
    title: 'Create an API token',
    lead: 'A token acts as you, within the limits set here and never beyond what you may do yourself.',
    trail: [mine],
  })}
${form({
  action: '/account/tokens',
  submit: 'Create the token',
  cancel: { text: 'Cancel', href: '/account' },
  faults,
  body: html`${field({ name: 'label', label: 'Label', hint: 'What uses it: “Backup on nas”.', value: label, autocomplete: 'off', required: true, maxLength: 100, faults })}
${limitsFields(limits)}`,
})}`
  return { title: 'Create an API token', body, section: '/account', frame: 'full' }
}

/** The secret of a new token, this once. */
export function madeTokenPage(token: Credential, secret: string, words: readonly string[]): ShellPage {
  const body = html`${pageHeader({ title: `The secret of “${token.label}”`, trail: [mine] })}
${notice('warning', 'The token is shown only now', 'Copy it to where it is used. Gatehouse keeps only a hash of it.')}
${command(secret, 'API token')}
<ul>${words.map((line) => html`<li>${line}</li>`)}</ul>
<p><a href="/account">Go on to my account</a></p>`
  return { title: 'The token’s secret', body, section: '/account', frame: 'full' }
}

/** Says what revoking them all does, or that there are none. @param count the account's tokens */
export function revokeAllTokensPage(count: number): ShellPage {
  const title = 'Revoke all API tokens'
  const body = html`${pageHeader({ title, trail: [mine] })}
${count === 0 ? noTokensToRevoke : revokeAllQuestion(count)}`
  return { title, body, section: '/account', frame: 'full' }
}

const noTokensToRevoke = emptyState({
  title: 'No API tokens',
  text: 'There are none to revoke.',
  action: { text: 'Back to security', href: '/account/security' },
})

function revokeAllQuestion(count: number): Html {
  const only = count === 1
  return confirmation({
    title: only ? 'Revoke your only API token?' : `Revoke all ${count} API tokens?`,
    consequences: [
      `Whatever uses ${only ? 'it' : 'one of them'} is refused from the next request on: programs, CI, and every command line that signed in with ${only ? 'it' : 'one'}.`,
      'Sessions in browsers go on.',
    ],
    undo: `This cannot be undone; ${only ? 'what used it' : 'each program'} needs a new token.`,
    action: '/account/tokens/revoke-all',
    verb: only ? 'Revoke the API token' : `Revoke ${count} API tokens`,
    cancel: { text: only ? 'Keep it' : 'Keep them', href: '/account/security' },
  })
}

/** Says what another secret does. */
export function resetTokenPage(token: Credential): ShellPage {
  const title = `Make another secret for the token “${token.label}”?`
  const body = html`${pageHeader({ title: 'Reset a token', trail: [mine, security] })}
${confirmation({
  title,
  consequences: [
    'The present secret is refused from the next request on.',
    'Label, limits and end stay. The new secret is shown once.',
  ],
  undo: 'The present secret cannot be brought back.',
  action: `/tokens/${token.id}/reset`,
  verb: 'Make another secret',
  cancel: { text: 'Keep it', href: '/account/security' },
})}`
  return { title, body, section: '/account', frame: 'full' }
}

/** Says what revoking does, and of whom the token is where that is somebody else. */
export function revokeTokenPage(token: Credential, owner: Account, own: boolean): ShellPage {
  const account = `/accounts/${owner.id}`
  const whose = own ? '' : ` of ${owner.displayName} (${owner.handle})`
  const trail = own
    ? [mine, security]
    : [
        { text: 'People', href: '/accounts' },
        { text: owner.displayName, href: account },
      ]
  const body = html`${pageHeader({ title: 'Revoke a token', trail })}
${confirmation({
  title: `Revoke the token “${token.label}”${whose}?`,
  consequences: ['Whatever uses it is refused from the next request on.'],
  undo: 'This cannot be undone; a new token would be another secret.',
  action: `/tokens/${token.id}/revoke`,
  verb: 'Revoke the token',
  cancel: { text: 'Keep it', href: own ? security.href : account },
})}`
  return { title: 'Revoke a token', body, section: own ? '/account' : '/accounts', frame: 'full' }
}
