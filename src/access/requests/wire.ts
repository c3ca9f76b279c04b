import type { z } from 'zod'
import type { Ctx } from '#platform'
import { findPrincipals } from '../principals-store.ts'
import type { RequestRow } from '../tables.ts'
import { stateOf } from './access-requests.ts'
import type { accessRequest } from './contract.ts'

export type RequestJson = z.infer<typeof accessRequest>

/** Requests with the names people know each other by. */
export async function requestsJson(ctx: Ctx, rows: readonly RequestRow[]): Promise<RequestJson[]> {
  const ids = rows.flatMap((row) => [row.requester_id, row.answered_by ?? row.requester_id])
  const names = new Map((await findPrincipals(ctx.db, [...new Set(ids)])).map(({ id, name }) => [id, name]))
  const person = (id: string) => ({ id, name: names.get(id) ?? id })
  return rows.map((row) => ({
    id: row.id,
    requester: person(row.requester_id),
    permission: row.permission,
    reason: row.reason,
    durationSeconds: row.duration_ms / 1000,
    state: stateOf(row, ctx.now),
    createdAt: time(row.created_at),
    expiresAt: time(row.expires_at),
    answeredAt: row.answered_at === null ? null : time(row.answered_at),
    answeredBy: row.answered_by === null ? null : person(row.answered_by),
    answer: row.answer,
    grant: row.grant_id,
  }))
}

/** One request with names. */
export async function requestJson(ctx: Ctx, row: RequestRow): Promise<RequestJson> {
  const [json] = await requestsJson(ctx, [row])
  if (json === undefined) throw new TypeError('one row gave no request')
  return json
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
