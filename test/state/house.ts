/** A house with every kind of state, for tests. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { z } from 'zod'
import { gatewayRoom } from '#gateway'
import { hooksRoom } from '#hooks'
import { type Browser, startSetUpNode, type TestNode, type TestNodeOptions } from '#identity/testing'
import { pkiRoom } from '#pki'
import { defineRoom } from '#platform'
import type { OpenDatabase, TestAnswer } from '#platform/testing'
import { stateRoom } from '#state'
import type { AppliedView, PlanView } from '#state/contract'

/** The platform's own permissions, which a house of rooms alone has not. */
const platformWords = defineRoom({
  name: 'words',
  config: z.strictObject({}),
  migrations: [],
  errors: {},
  permissions: [{ type: 'audit', ids: 'exact', actions: { read: 'Read the journal' } }],
  needs: {},
  open: () => Promise.resolve({ face: {} }),
})

export type Document = Readonly<Record<string, unknown>>

/** Who asks: the machine's owner, a browser, or the bearer of a token. */
export type Asking = (method: string, path: string, body?: Document) => Promise<TestAnswer>

export interface StateNode extends TestNode {
  readonly admin: Browser
  /** As on the admin socket. */
  readonly local: Asking
}

/** A set-up house, with the administrator `admin`. */
export async function startStateNode(
  t: TestContext,
  open: OpenDatabase,
  options: TestNodeOptions = {},
): Promise<StateNode> {
  const rooms = [platformWords, pkiRoom, gatewayRoom, hooksRoom, stateRoom]
  const node = await startSetUpNode(t, open, { ...options, rooms })
  const local: Asking = (method, path, body) =>
    node.call({ method, path, local: true, ...(body === undefined ? {} : { body }) })
  return { ...node, local }
}

/** Somebody with a token that may do everything they may. */
export function bearer(node: TestNode, token: string): Asking {
  const headers = { authorization: `Bearer ${token}` }
  return (method, path, body) => node.call({ method, path, headers, ...(body === undefined ? {} : { body }) })
}

/** The plan of a file that has no faults. */
export async function planOf(ask: Asking, state: unknown, prune = false): Promise<PlanView> {
  const answer = await ask('POST', '/api/v1/state/plan', { state, prune })
  assert.equal(answer.status, 200, answer.text)
  return answer.json as unknown as PlanView
}

/** Plans and applies. */
export async function apply(ask: Asking, state: unknown, prune = false): Promise<AppliedView> {
  const { fingerprint } = await planOf(ask, state, prune)
  const answer = await ask('POST', '/api/v1/state/apply', { state, prune, fingerprint })
  assert.equal(answer.status, 200, answer.text)
  return answer.json as unknown as AppliedView
}

/** What a file would change, one line each: `create routes/blog`. */
export async function changesOf(ask: Asking, state: unknown, prune = false): Promise<readonly string[]> {
  const { items } = await planOf(ask, state, prune)
  return items.flatMap(({ action, kind, name }) => (action === 'unchanged' ? [] : `${action} ${kind}/${name}`))
}

/** Everything that is wrong with a file: `/routes/blog/host: …`. */
export async function faultsOf(ask: Asking, state: unknown, prune = false): Promise<readonly string[]> {
  const answer = await ask('POST', '/api/v1/state/plan', { state, prune })
  assert.equal(answer.status, 422, answer.text)
  assert.equal(answer.json['code'], 'state.faults')
  const faults = answer.json['faults'] as readonly { readonly field: string; readonly message: string }[]
  return faults.map(({ field, message }) => `${field}: ${message}`)
}

export async function exported(ask: Asking, query = ''): Promise<Document> {
  const answer = await ask('GET', `/api/v1/state${query}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.json
}
