import type { FieldFault, ShellPage } from '#platform'
import {
  actionForm,
  badge,
  command,
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
  paging,
  radios,
  select,
  table,
  time,
} from '#platform/ui'
import { type Invitation, type InvitationState, invitationStateAt } from '../invitation-store.ts'
import type { MadeInvitation } from '../invitations.ts'
import type { JoiningMode } from '../mode-store.ts'

const section = '/invitations'
const invitations = { text: 'Invitations', href: section }

/** How long an invitation may be offered to last. */
export const invitationLives = { '1d': 'A day', '3d': '3 days', '7d': 'A week', '30d': '30 days' } as const

const modeWords: Readonly<Record<JoiningMode, string>> = {
  off: 'Nobody: accounts are made for people',
  invitation: 'Who is invited',
  open: 'Everybody who reads mail to an address of theirs',
}

export interface InvitationListView {
  readonly invitations: readonly Invitation[]
  readonly next: string | undefined
  readonly further: boolean
  readonly mode: JoiningMode
  readonly maySet: boolean
  readonly done: string | undefined
  readonly now: number
}

export function invitationListPage(view: InvitationListView): ShellPage {
  const { mode, now } = view
  const invite = { text: 'Invite somebody', href: `${section}/new` }
  const change = { text: 'Change who may join…', href: `${section}/joining` }
  const body = html`${pageHeader({
    title: 'Invitations',
    lead: 'Links with which people make their own account, once.',
    action: mode === 'off' ? undefined : invite,
  })}
${view.done === undefined ? nothing : notice('done', view.done)}
${facts([{ term: 'Who may join', value: html`${modeWords[mode]}${view.maySet ? html` · ${link(change)}` : nothing}` }])}
${table({
  caption: 'Invitations, newest first',
  columns: [
    { title: 'For', role: 'name', cell: forWhom },
    { title: 'State', cell: (one) => stateBadge(invitationStateAt(one, now)) },
    { title: 'Gives', cell: gives },
    { title: 'Made by', cell: (one) => one.inviter.principal.name },
    { title: 'Until', cell: (one) => time(one.expiresAt, now) },
    { title: 'Actions', role: 'actions', cell: (one) => actions(one, now) },
  ],
  rows: view.invitations,
  empty: emptyState(
    mode === 'off'
      ? {
          title: 'Nobody can be invited',
          text: 'Joining is off. Let people join by invitation to send them links.',
          action: view.maySet ? change : undefined,
          command: 'gatehouse joining set invitation',
        }
      : {
          title: 'Nobody is invited',
          text: 'Whoever gets a link chooses their own password, which nobody else knows.',
          action: invite,
          command: 'gatehouse invitations create --email sam@example.org',
        },
  ),
})}
${paging({ href: section, next: view.next, further: view.further, shown: view.invitations.length })}`
  return { title: 'Invitations', body, section, frame: 'full' }
}

function forWhom({ displayName, handle, email }: Invitation): Html {
  const named = [displayName, email].filter((part) => part !== undefined).join(', ')
  const who = named === '' ? 'Whoever has the link' : named
  return handle === undefined ? html`${who}` : html`${who} (<code>${handle}</code>)`
}

function gives({ roles, groups }: Invitation): string {
  const parts = [...roles.map((name) => `role ${name}`), ...groups.map((name) => `group ${name}`)]
  return parts.length === 0 ? 'An account alone' : parts.join(', ')
}

function stateBadge(state: InvitationState): Html {
  const tones = { open: 'info', expired: 'off', accepted: 'good', cancelled: 'off' } as const
  return badge(tones[state], state.charAt(0).toUpperCase() + state.slice(1))
}

function actions(one: Invitation, now: number): Html {
  if (one.settled !== undefined) {
    return one.accountId === undefined ? nothing : link({ text: 'Account', href: `/accounts/${one.accountId}` })
  }
  const path = `${section}/${one.id}`
  const who = one.displayName ?? one.email ?? 'whoever has the link'
  const resend = actionForm({ action: `${path}/resend`, submit: 'New link', label: `Make a new link for ${who}` })
  const cancel = actionForm({ action: `${path}/cancel`, submit: 'Cancel', label: `Cancel the invitation for ${who}` })
  return html`${resend} ${invitationStateAt(one, now) === 'open' ? cancel : nothing}`
}

export interface NewInvitationView {
  readonly displayName?: string
  readonly email?: string
  readonly handle?: string
  readonly roles?: string
  readonly groups?: string
  readonly lasts?: string
  readonly hasMail: boolean
  /** Names to offer. */
  readonly givable: { readonly roles: readonly string[]; readonly groups: readonly string[] }
  readonly faults?: readonly FieldFault[]
}

export function newInvitationPage(view: NewInvitationView): ShellPage {
  const { faults = [], hasMail, givable } = view
  const common = { autocomplete: 'off', faults } as const
  const body = html`${pageHeader({
    title: 'Invite somebody',
    lead: 'They get a link with which they make their account and choose a password nobody else knows.',
    trail: [invitations],
  })}
${form({
  action: section,
  submit: 'Make the invitation',
  cancel: { text: 'Cancel', href: section },
  faults,
  body: html`${field({ ...common, name: 'displayName', label: 'Name', hint: 'Whoever joins can change it. May stay empty.', value: view.displayName, maxLength: 100 })}
${field({
  ...common,
  name: 'email',
  label: 'E-mail',
  type: 'email',
  hint: hasMail
    ? 'The link is sent there. Whoever joins by that mail is known to read it.'
    : 'Only noted: there is no mail server, so you hand the link on yourself.',
  value: view.email,
  maxLength: 254,
})}
${field({ ...common, name: 'handle', label: 'Handle', hint: 'Empty: whoever joins chooses.', value: view.handle, code: true, maxLength: 64 })}
${field({ ...common, name: 'roles', label: 'Roles', hint: 'Names, separated by spaces; no more than you hold yourself.', value: view.roles, code: true, suggestions: givable.roles })}
${field({ ...common, name: 'groups', label: 'Groups', hint: 'Names, separated by spaces.', value: view.groups, code: true, suggestions: givable.groups })}
${select({
  name: 'lasts',
  label: 'Lasts',
  value: view.lasts ?? '7d',
  choices: Object.entries(invitationLives).map(([value, text]) => ({ value, text })),
})}`,
})}`
  return { title: 'Invite somebody', body, section, frame: 'full' }
}

/** The link, this once. */
export function madeInvitationPage({ invitation, link: address, mailed }: MadeInvitation, now: number): ShellPage {
  const title = 'The invitation is made'
  const body = html`${pageHeader({ title, trail: [invitations] })}
${
  mailed
    ? notice('done', 'A link is on its way', `It was sent to ${invitation.email ?? ''}. You need not do anything.`)
    : nothing
}
${notice('warning', 'This link is shown only now', 'Whoever has it can make the account, once. Hand it over in private.')}
${command(address, 'Link')}
${facts([
  { term: 'Gives', value: gives(invitation) },
  { term: 'Until', value: time(invitation.expiresAt, now) },
])}
<p>${link({ text: 'Back to the invitations', href: section })}</p>`
  return { title, body, section, frame: 'full' }
}

export function joiningPage({
  mode,
  hasMail,
  faults = [],
}: {
  readonly mode: JoiningMode
  readonly hasMail: boolean
  readonly faults?: readonly FieldFault[]
}): ShellPage {
  const title = 'Who may join'
  const body = html`${pageHeader({ title, trail: [invitations] })}
${form({
  action: `${section}/joining`,
  submit: 'Save who may join',
  cancel: { text: 'Cancel', href: section },
  faults,
  body: radios({
    name: 'mode',
    label: title,
    value: mode,
    faults,
    choices: [
      { value: 'off', text: modeWords.off, hint: 'Links of open invitations open nothing meanwhile.' },
      { value: 'invitation', text: modeWords.invitation, hint: 'By whoever may create accounts.' },
      {
        value: 'open',
        text: modeWords.open,
        hint: hasMail
          ? 'The address is proved by a link before anything else. New accounts may do nothing until they hold a role.'
          : 'Needs a mail server, and there is none.',
      },
    ],
  }),
})}`
  return { title, body, section, frame: 'full' }
}
