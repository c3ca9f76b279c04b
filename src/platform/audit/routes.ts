import type { z } from 'zod'
import type { Db } from '../db/database.ts'
import { decodeCursor, encodeCursor } from '../http/cursor.ts'
import { lastEventId } from '../http/event-streams.ts'
import { type Route, route } from '../http/route.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { type AuditFilter, readChain, readHead } from './audit-store.ts'
import { chainedColumns } from './chain.ts'
import {
  type AuditRecordJson,
  auditFollowQuery,
  auditList,
  auditQuery,
  auditRecord,
  chainPage,
  chainQuery,
  useList,
  useQuery,
  type useRecord,
  verdict,
  verifyBody,
} from './contract.ts'
import { type AuditRecord, listAudit } from './list.ts'
import { listUses, type UseRecord } from './list-uses.ts'
import { auditPosition, followAudit } from './tail.ts'
import { verifyAudit } from './verify.ts'

const permission = 'audit:read'

/** The journals over the API: lists, the raw chain for those who verify it themselves, and the server's own verdict. */
export function auditRoutes(keyring: Keyring): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/audit-records',
      door: 'api',
      access: { permission },
      summary: 'Journal records, newest first',
      query: auditQuery,
      responses: { 200: auditList },
      handler: async (ctx, { query: { limit, cursor, ...filters } }) => {
        const filter = filterOf(filters)
        const shape = ['audit', JSON.stringify(filter)] as const
        const before = decodeCursor(keyring, ctx.actor, shape, cursor)?.[0]
        const records = await listAudit(ctx.db, filter, {
          limit: limit + 1,
          ...(typeof before === 'number' ? { before } : {}),
        })
        const items = records.slice(0, limit)
        const last = records.length > limit ? items.at(-1) : undefined
        const next = last === undefined ? null : encodeCursor(keyring, ctx.actor, shape, [last.position])
        return { kind: 'json', body: { items: items.map(recordJson), next } }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/audit-records/events',
      door: 'api',
      access: { permission },
      summary:
        'Journal records as they come: server-sent events of type `record`; the id of each is the seq to go on behind',
      query: auditFollowQuery,
      events: auditRecord,
      handler: async (ctx, { query: { after, ...filters }, request }) => {
        const start = await followFrom(ctx.db, request.headers, after)
        const filter = filterOf(filters)
        return {
          kind: 'events',
          events: async function* (signal) {
            // the position at once: who loses the connection before the first record must not lose the record
            yield { id: String(start), event: 'start', data: '' }
            for await (const record of followAudit(ctx.db, filter, { after: start, signal })) {
              yield { id: String(record.seq), event: 'record', data: JSON.stringify(recordJson(record)) }
            }
          },
        }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/access-records',
      door: 'api',
      access: { permission },
      summary: 'Who used what: allowed uses of apps counted by the minute, newest first',
      query: useQuery,
      responses: { 200: useList },
      handler: async (ctx, { query: { limit, cursor, principal, resourceType, resourceId } }) => {
        const shape = ['uses', principal ?? null, resourceType ?? null, resourceId ?? null] as const
        const before = decodeCursor(keyring, ctx.actor, shape, cursor)?.[0]
        const filter = {
          ...(principal === undefined ? {} : { principalId: principal }),
          ...(resourceType === undefined || resourceId === undefined
            ? {}
            : { resource: { type: resourceType, id: resourceId } }),
        }
        const page = { limit: limit + 1, ...(typeof before === 'number' ? { before } : {}) }
        const uses = await listUses(ctx.db, filter, page)
        const items = uses.slice(0, limit)
        const last = uses.length > limit ? items.at(-1) : undefined
        const next = last === undefined ? null : encodeCursor(keyring, ctx.actor, shape, [last.position])
        return { kind: 'json', body: { items: items.map(useJson), next } }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/audit-chain',
      door: 'api',
      access: { permission },
      summary: 'The hash chain as stored, in order, to verify it elsewhere',
      query: chainQuery,
      responses: { 200: chainPage },
      handler: async (ctx, { query: { after, limit } }) => {
        const head = await readHead(ctx.db)
        const rows = await readChain(ctx.db, after, head.seq, limit)
        const items = rows.map((row) => ({
          record: Object.fromEntries(chainedColumns.map((column) => [column, row[column]])),
          hash: Buffer.from(row.hash ?? []).toString('hex'),
        }))
        return { kind: 'json', body: { items, head: { seq: head.seq, hash: Buffer.from(head.hash).toString('hex') } } }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/audit/verify',
      door: 'api',
      access: { permission },
      summary: 'Verify the hash chain from its first record',
      body: verifyBody,
      responses: { 200: verdict },
      handler: async (ctx, { body }) => {
        const contains = body?.contains
        const result = await verifyAudit(ctx.db, contains === undefined ? {} : { contains })
        const answer = result.sound ? result : { ...result, broken: { ...result.broken, id: result.broken.id ?? null } }
        return { kind: 'json', body: answer }
      },
    }),
  ]
}

/** Where a follower begins: where it lost the connection, else where it asks, else now. */
export async function followFrom(db: Db, headers: Headers, asked: number | undefined): Promise<number> {
  const last = lastEventId(headers)
  if (last !== undefined && /^\d{1,15}$/.test(last)) return Number(last)
  return asked ?? auditPosition(db)
}

interface Filters {
  readonly actor?: string | undefined
  readonly action?: string | undefined
  readonly targetType?: string | undefined
  readonly targetId?: string | undefined
  readonly outcome?: 'done' | 'refused' | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

function filterOf(filters: Filters): AuditFilter {
  const { actor, action, targetType, targetId, outcome, from, to } = filters
  return {
    ...(actor === undefined ? {} : { actorId: actor }),
    ...(action === undefined ? {} : { actionPrefix: action }),
    ...(targetType === undefined ? {} : { targetType }),
    ...(targetId === undefined ? {} : { targetId }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(from === undefined ? {} : { from: Date.parse(from) }),
    ...(to === undefined ? {} : { to: Date.parse(to) }),
  }
}

function useJson(use: UseRecord): z.infer<typeof useRecord> {
  return {
    minute: new Date(use.minute).toISOString(),
    lastAt: new Date(use.lastAt).toISOString(),
    principal: use.principal,
    sessionId: use.sessionId ?? null,
    appId: use.appId ?? null,
    permission: use.permission,
    resource: { ...use.resource, name: use.resource.name ?? null },
    address: use.address ?? null,
    count: use.count,
  }
}

/** A record on the wire: RFC 3339 times, null for what is absent. */
export function recordJson(record: AuditRecord): AuditRecordJson {
  return {
    id: record.id,
    seq: record.seq ?? null,
    at: new Date(record.at).toISOString(),
    outcome: record.outcome,
    action: record.action,
    actor: record.actor,
    credentialId: record.credentialId ?? null,
    sessionId: record.sessionId ?? null,
    appId: record.appId ?? null,
    grantId: record.grantId ?? null,
    address: record.address ?? null,
    target: record.target === undefined ? null : { ...record.target, name: record.target.name ?? null },
    detail: record.detail ?? null,
    requestId: record.requestId,
    count: record.count,
  }
}
