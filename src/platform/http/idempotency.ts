import type { Actor } from '#kit'
import { GateError } from '../errors.ts'
import type { Keyring } from '../keyring/keyring.ts'
import type { Ctx } from '../room/contract.ts'
import { failHttp } from './http-errors.ts'
import { idempotencyTable, type KeyEntry, releaseKey, settleKey, takeKey } from './idempotency-store.ts'
import type { Reply, RequestView, Route } from './route.ts'

/** How long a repetition gets the first answer. */
const rememberedMs = 86_400_000
/** A request without an answer for so long has lost it: its server was killed, or it failed half-way. */
const patienceMs = 60_000
const maxAnswer = 65_536
// a structured-fields string (RFC 8941 §3.3.3) without escapes, or the bare text most clients send
const keyForm = /^"?([\x21\x23-\x5b\x5d-\x7e]{1,255})"?$/

interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly etag?: string
}

/**
 * Does something at most once per `Idempotency-Key`, caller (what they came through included) and path: a repetition within a day gets the first
 * answer again, with `Idempotency-Replayed: true`. Only POST on the API by a proven caller; without the header nothing
 * changes. What failed with a coded error had no effect and may be repeated under the same key.
 *
 * A key is taken in a commit of its own, before the work, which keeps its own transactions: so after a crash between the
 * work and its answer a repetition is told that the outcome is unknown, and is never carried out a second time.
 *
 * @throws GateError `platform.idempotency-…`, `platform.request-in-progress`, `platform.outcome-unknown`
 */
export async function atMostOnce(
  asked: { readonly route: Route; readonly view: RequestView; readonly keyring: Keyring; readonly body: unknown },
  ctx: Ctx,
  work: () => Promise<Reply>,
): Promise<Reply> {
  const { route, view, keyring, body } = asked
  const header = view.headers.get('idempotency-key')
  if (header === null || route.door !== 'api' || view.method !== 'POST') return work()
  if (ctx.actor.principal.kind === 'anonymous') return work()
  const key = keyForm.exec(header.trim())?.[1]
  if (key === undefined) throw failHttp('platform.idempotency-key-malformed')

  // keyed: what is asked may hold a password, and a plain hash of one can be guessed at
  const tag = (parts: readonly unknown[]) =>
    Buffer.from(keyring.mac('platform.idempotency', JSON.stringify(parts))).toString('base64url')
  const mac = tag(['key', ...throughWhat(ctx.actor), view.url.pathname, key])
  const fingerprint = tag(['request', view.url.search, body ?? null])
  const before = await ctx.tx((tx) => takeKey(tx.db, { mac, fingerprint, at: ctx.now }, ctx.now - rememberedMs))
  if (before !== undefined) return repeated(before, { mac, fingerprint, keyring, now: ctx.now })
  const reply = await work().catch(async (error: unknown) => {
    if (error instanceof GateError && error.status < 500) await ctx.tx((tx) => releaseKey(tx.db, mac))
    throw error
  })
  const answer = kept(reply)
  const place = { table: idempotencyTable, column: 'answer', row: mac }
  await ctx.tx((tx) => settleKey(tx.db, mac, answer && keyring.seal(answer, place)))
  return reply
}

/**
 * Whose key it is: the handler's own refusals are not asked again for a repetition, so a weaker credential of the same
 * person must not be shown what a stronger one was answered.
 */
function throughWhat({ principal, credential, app, grant }: Actor): readonly (string | null)[] {
  return [principal.kind, principal.id, credential?.id ?? null, app?.id ?? null, grant?.id ?? null]
}

/** The answer as it is stored, or `undefined` for one that holds a secret told once, or is too long to keep. */
function kept(reply: Reply): Uint8Array | undefined {
  if (reply.unrepeatable === true || (reply.kind !== 'json' && reply.kind !== 'empty')) return undefined
  const answer: KeptAnswer = {
    status: reply.status ?? (reply.kind === 'json' ? 200 : 204),
    headers: reply.headers ?? {},
    ...(reply.kind === 'json' ? { body: reply.body } : {}),
    ...(reply.kind === 'json' && reply.etag !== undefined ? { etag: reply.etag } : {}),
  }
  const bytes = Buffer.from(JSON.stringify(answer))
  return bytes.length > maxAnswer ? undefined : bytes
}

function repeated(
  entry: KeyEntry,
  asked: { readonly mac: string; readonly fingerprint: string; readonly keyring: Keyring; readonly now: number },
): Reply {
  if (entry.fingerprint !== asked.fingerprint) throw failHttp('platform.idempotency-key-reused')
  if (entry.state === 'begun') {
    if (asked.now - entry.at >= patienceMs) throw failHttp('platform.outcome-unknown')
    throw failHttp('platform.request-in-progress', { headers: { 'Retry-After': '1' } })
  }
  if (entry.answer === null) throw failHttp('platform.answer-not-kept')
  const opened = asked.keyring.open(entry.answer, { table: idempotencyTable, column: 'answer', row: asked.mac })
  const { status, headers, body, etag } = JSON.parse(Buffer.from(opened).toString()) as KeptAnswer
  const common = { status, headers: { ...headers, 'Idempotency-Replayed': 'true' } }
  if (body === undefined) return { kind: 'empty', ...common }
  return { kind: 'json', body, ...common, ...(etag === undefined ? {} : { etag }) }
}
