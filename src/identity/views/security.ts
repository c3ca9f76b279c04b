import type { Actor } from '#kit'
import type { FieldFault, ShellPage } from '#platform'
import {
  actionForm,
  badge,
  confirmation,
  emptyState,
  field,
  form,
  type Html,
  html,
  link,
  nothing,
  notice,
  pageHeader,
  table,
  time,
} from '#platform/ui'
import type { Account } from '../account-store.ts'
import type { Credential } from '../credentials/credential.ts'
import { credentialKinds } from '../credentials/kinds.ts'
import { placeInWords } from '../credentials/limits-words.ts'
import { type Way, wayOf } from '../credentials/ways.ts'
import type { SecurityEvent } from '../notices/security-events.ts'
import { securityEventTable } from '../notices/views.ts'
import type { Session } from '../session-store.ts'
import { by, from, sessionTable, tokenTable } from './sessions.ts'

const mine = { text: 'My account', href: '/account' }
const security = { text: 'Security', href: '/account/security' }

export interface SecurityView {
  /** Without API tokens. */
  readonly credentials: readonly Credential[]
  /** The client certificates among them that prove something, by id: whether the reader may reset them. */
  readonly certificates: ReadonlyMap<string, { readonly resettable: boolean }>
  /** What more may be made. */
  readonly ways: readonly Way[]
  readonly tokens: readonly Credential[]
  readonly sessions: readonly Session[]
  readonly events: readonly SecurityEvent[]
  readonly actor: Actor
  /** Of the account's set, if it has one. */
  readonly recoveryCodesLeft: number | undefined
  readonly now: number
  readonly done: string | undefined
}

/** Everything one signs in with, and everywhere one is signed in. */
export function securityPage(view: SecurityView): ShellPage {
  const { credentials, tokens, sessions, actor, now } = view
  const current = actor.session?.id
  const others = [
    ...sessions.filter((session) => session.id !== current && session.parentId === undefined),
    ...tokens.filter(({ openedBy, expiresAt = Number.POSITIVE_INFINITY }) => openedBy !== undefined && now < expiresAt),
  ]
  const body = html`${pageHeader({
    title: 'Security',
    lead: 'What you sign in with, and where you are signed in.',
    trail: [mine],
  })}
${view.done === undefined ? nothing : notice('done', view.done)}
<h2>Ways to sign in</h2>
${credentialTable(view)}
${additions(view.ways)}
<h2>Sessions</h2>
${sessionTable(sessions, { now, current, credentials })}
${
  others.length === 0
    ? nothing
    : actionForm({
        action: '/account/end-other-sessions',
        submit: `Sign out everywhere else (${others.length})`,
        look: 'danger',
      })
}
<h2>API tokens</h2>
${tokenTable(tokens, now, true)}
${tokens.length === 0 ? nothing : html`<p><a class="button plain" href="/account/tokens/new">Create a token</a> <a class="button plain" href="/account/tokens/revoke-all">Revoke all of them</a></p>`}
<h2>What happened lately</h2>
${securityEventTable(view.events, now)}`
  return { title: 'Security', body, section: '/account', frame: 'full' }
}

/** In the order they were made. */
function credentialTable({ credentials, certificates, actor, now, recoveryCodesLeft: codesLeft }: SecurityView): Html {
  const own = [actor.credential, ...(actor.factors ?? [])]
  return table({
    caption: 'Ways to sign in, oldest first',
    columns: [
      {
        title: 'Label',
        role: 'name',
        cell: (c) => html`${c.label} ${own.some((one) => one?.id === c.id) ? badge('info', 'In use here') : nothing}`,
      },
      {
        title: 'Kind',
        cell: (c) =>
          html`${credentialKinds[c.kind].title}${c.isSecond ? ', asked for as second factor' : nothing}${c.kind === 'recovery-codes' && codesLeft !== undefined ? `, ${codesLeft} left` : nothing}`,
      },
      {
        title: 'Limits',
        cell: (c) =>
          html`${limits(c, certificates)}${c.expiresAt === undefined ? nothing : html`, ${c.expiresAt <= now ? 'ended' : 'ends'} ${time(c.expiresAt, now)}`}`,
      },
      {
        title: 'Last used',
        cell: (c) =>
          html`${time(c.lastUsedAt, now)}${from(c.lastUsedAddress, c.lastUsedRegion)}${by(c.lastUsedClient)}`,
      },
      { title: 'Set', cell: (c) => time(c.secretSetAt, now) },
      {
        title: 'Actions',
        role: 'actions',
        cell: (c) =>
          c.kind === 'certificate'
            ? certificateLinks(c, certificates)
            : html`${link({ text: 'Rename', href: `/credentials/${c.id}/rename` })} ${wayOf(c.kind)?.reset === undefined ? nothing : link({ text: 'Reset…', href: `/credentials/${c.id}/reset/${c.kind}` })} ${link({ text: 'Revoke…', href: `/credentials/${c.id}/revoke` })}`,
      },
    ],
    rows: credentials,
    empty: emptyState({
      title: 'Nothing to see from here',
      text: 'What you came with is limited, and shows only what reaches no further than itself.',
    }),
  })
}

/** Certificates are reset and revoked where they are kept; one that proves nothing any more has nothing left to end. */
function certificateLinks({ id, fingerprint = '' }: Credential, certificates: SecurityView['certificates']): Html {
  const standing = certificates.get(id)
  if (standing === undefined) return nothing
  const path = `/certificates/${fingerprint}`
  return html`${standing.resettable ? link({ text: 'Reset…', href: `${path}/reset` }) : nothing} ${link({ text: 'Revoke…', href: `${path}/revoke` })}`
}

function limits(credential: Credential, certificates: SecurityView['certificates']): Html {
  const { id, kind, permissions, networks, regions } = credential
  const placed = networks.allow.length + networks.deny.length + regions.length > 0
  if (kind === 'certificate') {
    return certificates.has(id) ? html`as the certificate has them` : html`proves nothing any more`
  }
  const lines = [
    ...(permissions.length === 1 && permissions[0] === '*' ? [] : [`may only ${permissions.join(' ')}`]),
    // when it ends stands behind, as a time that lives
    ...(placed ? [placeInWords({ ...credential, expiresAt: undefined })] : []),
  ]
  return lines.length === 0 ? html`none` : html`${lines.join('; ')}`
}

function additions(ways: readonly Way[]): Html {
  const offered = ways.flatMap(({ add }) => (add === undefined ? [] : [add]))
  if (offered.length === 0) return nothing
  return html`<h3>Add another</h3>
<ul class="choices">${offered.map((add) => html`<li><a href="${add.href}">${add.text}</a><br><small>${add.hint}</small></li>`)}</ul>`
}

export function renamePage(credential: Credential, back: string, faults: readonly FieldFault[] = []): ShellPage {
  const title = `Rename the ${credentialKinds[credential.kind].title}`
  const body = html`${pageHeader({ title, lead: 'The label is for you: it says which of your things this is.', trail: [mine, security] })}
${form({
  action: `/credentials/${credential.id}/rename`,
  submit: 'Save the label',
  cancel: { text: 'Cancel', href: back },
  faults,
  body: field({
    name: 'label',
    label: 'Label',
    value: credential.label,
    required: true,
    autocomplete: 'off',
    maxLength: 100,
    autofocus: true,
    faults,
  }),
})}`
  return { title, body, section: '/account', frame: 'full' }
}

export interface RevocationView {
  readonly owner: Account
  /** Whether it is the reader's. */
  readonly own: boolean
  /** Whether the reader's session rests on it. */
  readonly current: boolean
  readonly sessions: number
  readonly lastWayIn: boolean
  readonly back: string
}

/** Says what revoking does, to whom. */
export function revokeCredentialPage(credential: Credential, view: RevocationView): ShellPage {
  const { owner, own, current, sessions, lastWayIn } = view
  const kind = credentialKinds[credential.kind].title
  const title = `Revoke the ${kind} “${credential.label}”?`
  const whose = own ? 'you' : owner.displayName
  const trail = own ? [mine, security] : [{ text: owner.displayName, href: view.back }]
  const body = html`${pageHeader({ title: `Revoke the ${kind}`, trail })}
${confirmation({
  title,
  consequences: [
    'It proves nothing from then on.',
    sessions === 0
      ? 'No session rests on it.'
      : `${sessions === 1 ? 'One session that rests' : `${sessions} sessions that rest`} on it ${sessions === 1 ? 'ends' : 'end'} at once, on every device and app.`,
    ...(current ? ['This session is among them: you will be signed out here.'] : []),
    ...(lastWayIn
      ? [
          `It is the last way ${whose} can sign in. Afterwards only a link made by an administrator lets ${own ? 'you' : 'them'} back in.`,
        ]
      : []),
  ],
  undo: 'This cannot be undone; a new one would have another secret.',
  action: `/credentials/${credential.id}/revoke`,
  verb: lastWayIn ? `Revoke the last way in` : `Revoke the ${kind}`,
  cancel: { text: 'Keep it', href: view.back },
})}`
  return { title, body, section: '/account', frame: 'full' }
}
