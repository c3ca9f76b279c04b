import { z } from 'zod'
import {
  type AuditFilter,
  auditPosition,
  decodeCursor,
  encodeCursor,
  findAudit,
  followAudit,
  followFrom,
  listAudit,
  type Route,
  route,
  verifyAudit,
} from '#platform'
import { withQuery } from '#platform/ui'
import type { Console } from './console.ts'
import { journalDoors } from './doors.ts'
import { failConsole } from './errors.ts'
import { type JournalFilter, journalPage, journalRow } from './views/journal.ts'
import { journalRecordPage, verifyPage } from './views/journal-record.ts'

const pageSize = 50
const day = 86_400_000
const section = '/journal'

const text = z.string().max(200).trim().default('')
const date = z.union([z.literal(''), z.iso.date()]).default('')

/** A filter as the form sends it: fields left empty are there, and empty. */
export const journalQuery = z.object({
  who: text,
  what: text,
  outcome: z.enum(['', 'done', 'refused']).default(''),
  from: date,
  to: date,
  cursor: z.string().max(1024).optional(),
})

/** The journal's pages. */
export function journalRoutes(console: Console): readonly Route[] {
  return [listRoute(console), liveRoute(), ...verifyRoutes(), recordRoute()]
}

function listRoute({ keyring }: Console): Route {
  return route({
    ...journalDoors['GET /journal'],
    query: journalQuery,
    handler: async (ctx, { query: { cursor, ...filter } }) => {
      const shape = ['journal', ...Object.values(filter)] as const
      // read before the list: a record between the two comes twice, and is shown once
      const position = await auditPosition(ctx.db)
      const before = decodeCursor(keyring, ctx.actor, shape, cursor)?.[0]
      const found = await listAudit(ctx.db, auditFilter(filter), {
        limit: pageSize + 1,
        ...(typeof before === 'number' ? { before } : {}),
      })
      const records = found.slice(0, pageSize)
      const last = found.length > pageSize ? records.at(-1) : undefined
      const body = journalPage({
        records,
        filter,
        filtered: Object.values(filter).some((value) => value !== ''),
        href: withQuery('/journal', filter),
        live: isGrowing(filter, cursor, ctx.now)
          ? withQuery('/journal/events', { ...filter, after: position })
          : undefined,
        next: last === undefined ? undefined : encodeCursor(keyring, ctx.actor, shape, [last.position]),
        further: cursor !== undefined,
        now: ctx.now,
      })
      return { kind: 'page', page: { title: 'Journal', body, section, frame: 'full' } }
    },
  })
}

/** Whether new records would stand on this page: on the first one, of a time that is not over. */
function isGrowing({ to }: JournalFilter, cursor: string | undefined, now: number): boolean {
  return cursor === undefined && (to === '' || Date.parse(to) + day > now)
}

/** The rows that come to a list after it was shown: decided and narrowed as the list itself is. */
function liveRoute(): Route {
  return route({
    ...journalDoors['GET /journal/events'],
    query: journalQuery.omit({ cursor: true }).extend({ after: z.coerce.number().int().min(0).optional() }),
    handler: async (ctx, { query: { after, ...filter }, request }) => {
      const start = await followFrom(ctx.db, request.headers, after)
      return {
        kind: 'events',
        events: async function* (signal) {
          yield { id: String(start), event: 'start', data: '' }
          for await (const record of followAudit(ctx.db, auditFilter(filter), { after: start, signal })) {
            yield { id: String(record.seq), event: 'row', data: JSON.stringify(journalRow(record, record.at)) }
          }
        },
      }
    },
  })
}

/** Days are whole days in UTC; `to` includes its day. */
export function auditFilter({ who, what, outcome, from, to }: JournalFilter): AuditFilter {
  return {
    ...(who === '' ? {} : { actor: who }),
    ...(what === '' ? {} : { actionPrefix: what }),
    ...(outcome === 'done' || outcome === 'refused' ? { outcome } : {}),
    ...(from === '' ? {} : { from: Date.parse(from) }),
    ...(to === '' ? {} : { to: Date.parse(to) + day }),
  }
}

function verifyRoutes(): readonly Route[] {
  const title = 'Verify the journal'
  return [
    route({
      ...journalDoors['GET /journal/verify'],
      handler: () =>
        Promise.resolve({ kind: 'page', page: { title, body: verifyPage(undefined), section, frame: 'full' } }),
    }),
    // a POST, though it changes nothing: it reads the whole journal, and no prefetch or crawler should start that
    route({
      ...journalDoors['POST /journal/verify'],
      handler: async (ctx) => {
        const body = verifyPage(await verifyAudit(ctx.db))
        return { kind: 'page', page: { title, body, section, frame: 'full' } }
      },
    }),
  ]
}

function recordRoute(): Route {
  return route({
    ...journalDoors['GET /journal/{id}'],
    params: z.object({ id: z.string().max(100) }),
    handler: async (ctx, { params: { id } }) => {
      const record = await findAudit(ctx.db, id)
      if (record === undefined) throw failConsole('console.record-not-found', { fields: { id } })
      const body = journalRecordPage(record, ctx.now)
      return { kind: 'page', page: { title: record.action, body, section, frame: 'full' } }
    },
  })
}
