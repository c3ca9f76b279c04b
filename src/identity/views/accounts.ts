import type { FieldFault, ShellPage } from '#platform'
import {
  button,
  command,
  confirmation,
  dangerZone,
  emptyState,
  facts,
  field,
  filterForm,
  form,
  type Html,
  html,
  id,
  link,
  nothing,
  notice,
  pageHeader,
  paging,
  select,
  state,
  table,
  time,
  withQuery,
} from '#platform/ui'
import type { Account } from '../account-store.ts'
import type { Credential } from '../credentials/credential.ts'
import type { Session } from '../session-store.ts'
import type { Suspension } from '../suspension/suspension-store.ts'
import { suspensionPart } from '../suspension/views.ts'
import { displayNameField, emailField, handleField } from './fields.ts'
import { sessionTable, tokenTable } from './sessions.ts'

const section = '/accounts'
const people = { text: 'People', href: section }

export interface AccountListView {
  readonly accounts: readonly Account[]
  readonly q: string | undefined
  readonly state: string | undefined
  readonly next: string | undefined
  readonly further: boolean
  readonly now: number
}

/** Everybody who can sign in. */
export function accountListPage(view: AccountListView): ShellPage {
  const active = view.q !== undefined || view.state !== undefined
  const body = html`${pageHeader({
    title: 'People',
    lead: 'Everybody who can sign in. What each may do comes from their roles.',
    action: { text: 'Add a person', href: '/accounts/new' },
  })}
${filterForm({
  action: section,
  active,
  fields: html`${field({ name: 'q', label: 'Search', type: 'search', value: view.q, autocomplete: 'off' })}
${select({
  name: 'state',
  label: 'State',
  value: view.state ?? '',
  choices: [
    { value: '', text: 'Any' },
    { value: 'active', text: 'Active' },
    { value: 'suspended', text: 'Suspended' },
    { value: 'disabled', text: 'Disabled' },
  ],
})}`,
})}
${table({
  caption: 'Accounts, sorted by handle',
  columns: [
    { title: 'Name', role: 'name', cell: (a) => link({ text: a.displayName, href: `/accounts/${a.id}` }) },
    { title: 'Handle', cell: (a) => html`<code>${a.handle}</code>` },
    { title: 'E-mail', cell: (a) => a.email },
    { title: 'State', cell: (a) => state(a.state) },
    { title: 'Created', cell: (a) => time(a.createdAt, view.now) },
  ],
  rows: view.accounts,
  empty: emptyState(
    active
      ? { title: 'Nobody matches', text: 'No account has this text in its handle, name or e-mail.' }
      : {
          title: 'Nobody yet',
          text: 'People sign in with an account; add one for each.',
          action: { text: 'Add a person', href: '/accounts/new' },
          command: 'gatehouse accounts create sam --display-name "Sam Vimes"',
        },
  ),
})}
${paging({
  href: withQuery(section, { q: view.q, state: view.state }),
  next: view.next,
  further: view.further,
  shown: view.accounts.length,
})}`
  return { title: 'People', body, section, frame: 'full' }
}

export interface NewAccountView {
  readonly handle?: string
  readonly displayName?: string
  readonly email?: string
  readonly faults?: readonly FieldFault[]
}

export function newAccountPage({ handle, displayName, email, faults = [] }: NewAccountView): ShellPage {
  const body = html`${pageHeader({
    title: 'Add a person',
    lead: 'The person can sign in at once, and may do nothing until they hold a role.',
    trail: [people],
  })}
${form({
  action: section,
  submit: 'Create the account',
  cancel: { text: 'Cancel', href: section },
  faults,
  body: html`${handleField(handle, faults, true)}${displayNameField(displayName, faults)}${emailField(email, faults)}
${firstPasswordFields(faults)}`,
})}`
  return { title: 'Add a person', body, section, frame: 'full' }
}

/** Both empty: one is made and shown once. */
function firstPasswordFields(faults: readonly FieldFault[]): Html {
  const common = { type: 'password', autocomplete: 'new-password', faults } as const
  return html`${field({
    ...common,
    name: 'password',
    label: 'First password',
    hint: '12 to 256 characters, none that has leaked. Leave it empty to have one made and shown to you once.',
  })}${field({ ...common, name: 'passwordAgain', label: 'First password, again' })}`
}

/** A password that was just made, this once. */
export function madePasswordPage(account: Account, password: string, what: 'created' | 'reset'): ShellPage {
  const title = what === 'created' ? `${account.displayName} can sign in` : `New password for ${account.displayName}`
  const body = html`${pageHeader({ title, trail: [people, { text: account.displayName, href: `/accounts/${account.id}` }] })}
${notice('warning', 'This password is shown only now', 'Hand it over in private; the person can change it under their name.')}
${facts([{ term: 'Handle', value: html`<code>${account.handle}</code>` }])}
${command(password, 'Password')}
<p>${link({ text: `Go on to ${account.displayName}`, href: `/accounts/${account.id}` })}</p>`
  return { title, body, section, frame: 'full' }
}

export interface AccountView {
  readonly account: Account
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  /** Absent: the reader may not see them. */
  readonly sessions: readonly Session[] | undefined
  readonly tokens: readonly Credential[] | undefined
  /** Those the reader may see: what sessions were opened with. */
  readonly credentials: readonly Credential[]
  readonly mayRevokeTokens: boolean
  readonly suspensions: readonly Suspension[]
  readonly maySuspend: boolean
  /** Whether it is the reader's own. */
  readonly own: boolean
  readonly now: number
  readonly faults?: readonly FieldFault[]
  readonly typed?: { readonly displayName: string; readonly email: string }
}

export function accountPage(view: AccountView): ShellPage {
  const { account, now, faults = [] } = view
  const path = `/accounts/${account.id}`
  const body = html`${pageHeader({ title: account.displayName, state: state(account.state), trail: [people] })}
${facts([
  { term: 'Handle', value: html`<code>${account.handle}</code>` },
  { term: 'E-mail', value: emailWords(account) },
  { term: 'Roles', value: view.roles.join(', ') },
  { term: 'Groups', value: view.groups.join(', ') },
  { term: 'Id', value: id(account.id) },
  { term: 'Created', value: time(account.createdAt, now) },
  { term: 'Changed', value: time(account.updatedAt, now) },
])}
<h2>Profile</h2>
${form({
  action: path,
  submit: 'Save the profile',
  faults,
  body: html`${displayNameField(view.typed?.displayName ?? account.displayName, faults)}${emailField(view.typed?.email ?? account.email, faults)}`,
})}
${view.sessions === undefined ? nothing : html`<h2>Sessions</h2>${sessionTable(view.sessions, { now, credentials: view.credentials })}`}
${view.tokens === undefined ? nothing : html`<h2>API tokens</h2>${tokenTable(view.tokens, now, false)}${view.mayRevokeTokens && view.tokens.length > 0 ? html`<p>${button({ text: 'Revoke all of them', href: `${path}/revoke-tokens` }, 'plain')}</p>` : nothing}`}
${suspensionPart(account, view.suspensions, { now, mayLift: view.maySuspend })}
${view.own ? nothing : dangers(account, path)}`
  return { title: account.displayName, body, section, frame: 'full' }
}

function emailWords({ email, emailVerifiedAt }: Account): string | undefined {
  if (email === undefined) return undefined
  return emailVerifiedAt === undefined ? `${email} (not proved)` : `${email} (proved)`
}

function dangers(account: Account, path: string): Html {
  const disable =
    account.state !== 'disabled'
      ? {
          title: 'Disable the account',
          text: 'Ends its sessions at once; it can neither sign in nor use its tokens until enabled again.',
          href: `${path}/disable`,
          verb: 'Disable…',
        }
      : {
          title: 'Enable the account',
          text: 'It can sign in again, with the same roles and tokens.',
          href: `${path}/enable`,
          verb: 'Enable…',
        }
  return dangerZone([
    {
      title: 'Make a link to get back in',
      text: 'Whoever has it sets a new password that only they know. Works once; until then nothing ends.',
      href: `${path}/recovery-link`,
      verb: 'Make a link…',
    },
    {
      title: 'Set a new password',
      text: 'Makes a password and shows it once. Sessions opened with the old one end.',
      href: `${path}/reset-password`,
      verb: 'Set a new password…',
    },
    ...(account.state === 'disabled'
      ? []
      : [
          {
            title: 'Suspend the account',
            text: 'Shuts them out until a time, for a reason; lifted by itself.',
            href: `${path}/suspend`,
            verb: 'Suspend…',
          },
        ]),
    disable,
    {
      title: 'Delete the account',
      text: 'Removes name, e-mail, credentials and roles. The handle is never given again.',
      href: `${path}/delete`,
      verb: 'Delete…',
    },
  ])
}

export type AccountStep = 'disable' | 'enable' | 'delete' | 'reset-password' | 'revoke-tokens'

/** Says what a step will do to whom, before it is taken. */
export function accountStepPage(
  step: AccountStep,
  account: Account,
  figures: StepFigures,
  faults: readonly FieldFault[] = [],
): ShellPage {
  const path = `/accounts/${account.id}`
  const words = stepWords(step, account, figures)
  const body = html`${pageHeader({ title: account.displayName, trail: [people, { text: account.displayName, href: path }] })}
${confirmation({ ...words, action: `${path}/${step}`, cancel: { text: 'Keep it as it is', href: path }, faults })}`
  return { title: words.title, body, section, frame: 'full' }
}

interface StepFigures {
  readonly sessions: number
  readonly tokens: number
}

function stepWords(step: AccountStep, account: Account, figures: StepFigures) {
  const who = `${account.displayName} (${account.handle})`
  const sessions = count(figures.sessions, 'session')
  const tokens = count(figures.tokens, 'API token')
  const sessionsDo = (verb: string) => `${sessions} ${agreeing(verb, figures.sessions)}`
  const tokensDo = (verb: string) => `${tokens} ${agreeing(verb, figures.tokens)}`
  switch (step) {
    case 'disable':
      return {
        title: `Disable ${who}?`,
        consequences: [
          figures.sessions === 0 ? 'It has no session that would end.' : `${sessionsDo('end')} at once, on every app.`,
          ...(figures.tokens === 0 ? [] : [`${tokensDo('stop')} working.`]),
          'Nobody can sign in as it.',
        ],
        undo: 'It can be enabled again; ended sessions stay ended.',
        verb: figures.sessions === 0 ? 'Disable the account' : `Disable and sign out ${sessions}`,
      }
    case 'enable':
      return {
        title: `Enable ${who}?`,
        consequences: [
          'It can sign in again with its password.',
          `${tokensDo('work')} again.`,
          'It has the roles it had.',
        ],
        undo: 'It can be disabled again at any time.',
        verb: 'Enable the account',
      }
    case 'delete':
      return {
        title: `Delete ${who}?`,
        consequences: [
          figures.sessions + figures.tokens === 0
            ? 'It has no session and no API token that would end.'
            : `${sessions} and ${tokens} end at once.`,
          'Name, e-mail, password, roles and grants are removed.',
          `The handle ${account.handle} stays taken for ever; the journal keeps what the account did.`,
        ],
        undo: 'This cannot be undone.',
        verb: 'Delete the account',
        typeName: account.handle,
      }
    case 'reset-password':
      return {
        title: `Set a new password for ${who}?`,
        consequences: [
          'The present password stops working.',
          'Sessions and sign-in tokens opened with it end at once.',
          'A new one is made and shown to you once: until it is changed, you know it too.',
        ],
        undo: 'The old password cannot be brought back.',
        verb: 'Make a new password',
      }
    case 'revoke-tokens':
      return {
        title: `Revoke all API tokens of ${who}?`,
        consequences: [`${tokensDo('end')} at once, those of command lines included.`, 'Sessions go on.'],
        undo: 'Whatever used one has to be given another.',
        verb: `Revoke ${tokens}`,
      }
  }
}

function agreeing(verb: string, number: number): string {
  return number === 1 ? `${verb}s` : verb
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
