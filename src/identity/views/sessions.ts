import { countryName } from '#kit'
import { actionForm, badge, emptyState, type Html, html, id, link, nothing, table, time } from '#platform/ui'
import { clientInWords } from '../client-names.ts'
import type { Credential } from '../credentials/credential.ts'
import { credentialKinds } from '../credentials/kinds.ts'
import { placeInWords } from '../credentials/limits-words.ts'
import type { Session } from '../session-store.ts'

export interface SessionsView {
  readonly now: number
  /** The reader's own. */
  readonly current?: string | undefined
  /** Those the reader may see. */
  readonly credentials: readonly Credential[]
}

export function sessionTable(sessions: readonly Session[], { now, current, credentials }: SessionsView): Html {
  const known = new Map(credentials.map((credential) => [credential.id, credential]))
  return table({
    caption: 'Open sessions, newest first',
    columns: [
      {
        title: 'Where',
        role: 'name',
        cell: (s) => html`${s.host ?? 'Console'} ${s.id === current ? badge('info', 'This one') : nothing}`,
      },
      { title: 'Client', cell: (s) => (s.client === '' ? 'unknown' : clientInWords(s.client)) },
      { title: 'Signed in with', cell: (s) => openedWith(s, known.get(s.credentialId)) },
      { title: 'Opened', cell: (s) => html`${time(s.createdAt, now)}${from(s.createdAddress, s.createdRegion)}` },
      { title: 'Last used', cell: (s) => html`${time(s.lastSeenAt, now)}${from(s.lastSeenAddress, s.lastSeenRegion)}` },
      { title: 'Ends', cell: (s) => time(s.endsAt, now) },
      { title: 'Actions', role: 'actions', cell: (s) => (s.id === current ? undefined : endForm(s)) },
    ],
    rows: sessions,
    empty: emptyState({
      title: 'No open session',
      text: 'A session begins with a sign-in and is listed here until it ends.',
    }),
  })
}

function openedWith({ assurance }: Session, credential: Credential | undefined): string {
  const more = assurance.factors === 2 ? ', two factors' : ''
  if (credential === undefined) return `not shown to you${more}`
  const { label, kind } = credential
  const { title } = credentialKinds[kind]
  return label.toLowerCase() === title ? `${label}${more}` : `${label} (${title})${more}`
}

/** API tokens. `own`: the reader's, who may make one. */
export function tokenTable(tokens: readonly Credential[], now: number, own: boolean): Html {
  return table({
    caption: 'API tokens, oldest first',
    columns: [
      { title: 'Label', role: 'name', cell: (t) => t.label },
      { title: 'May', cell: (t) => html`<code>${t.permissions.join(' ')}</code>` },
      { title: 'Where', cell: (t) => placeInWords({ ...t, expiresAt: undefined }) },
      {
        title: 'Last used',
        cell: (t) =>
          html`${time(t.lastUsedAt, now)}${from(t.lastUsedAddress, t.lastUsedRegion)}${by(t.lastUsedClient)}`,
      },
      { title: 'Ends', cell: (t) => ending(t, now) },
      { title: 'Id', cell: (t) => id(t.id) },
      {
        title: 'Actions',
        role: 'actions',
        cell: (t) =>
          html`${own && t.openedBy === undefined ? link({ text: 'Reset…', href: `/tokens/${t.id}/reset` }) : nothing} ${link({ text: 'Revoke…', href: `/tokens/${t.id}/revoke` })}`,
      },
    ],
    rows: tokens,
    empty: emptyState({
      title: 'No API token',
      text: 'A token lets a program act within limits you set, without your password.',
      action: own ? { text: 'Create a token', href: '/account/tokens/new' } : undefined,
    }),
  })
}

function ending({ expiresAt }: Credential, now: number): Html {
  if (expiresAt === undefined) return html`never`
  return expiresAt <= now ? html`${badge('off', 'Expired')} ${time(expiresAt, now)}` : time(expiresAt, now)
}

function endForm(session: Session): Html {
  const where = session.host ?? 'the console'
  return actionForm({
    action: `/sessions/${session.id}/end`,
    submit: 'End',
    label: `End the session on ${where}, and those it opened`,
  })
}

export function from(address: string | undefined, region?: string): Html {
  if (address === undefined) return nothing
  return html` from <code>${address}</code>${region === undefined ? nothing : html` in ${countryName(region)}`}`
}

/** What used it, as the program calls itself. */
export function by(client: string | undefined): Html {
  return client === undefined || client === '' ? nothing : html`, ${clientInWords(client)}`
}
