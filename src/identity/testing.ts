/** Builders for tests that need people who sign in: the real rooms behind real doors on a real database. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { z } from 'zod'
import { type AccessFace, accessRoom } from '#access'
import { mailRoom } from '#mail'
import { noMail } from '#mail/testing'
import { type AnyRoom, defineRoom, type Regions } from '#platform'
import {
  type FakeClock,
  fakeClock,
  type MemoryLog,
  memoryLog,
  memorySeal,
  type OpenDatabase,
  type Place,
  type TestAnswer,
  type TestHouse,
  testHouse,
} from '#platform/testing'
import { keptCertificates } from './certificates/kept-elsewhere.ts'
import type { IdentityFace } from './face.ts'
import type { Parts } from './parts.ts'
import { createHasher } from './password-hash.ts'
import { commonPasswords } from './passwords/breached.ts'
import { createStandIns } from './passwords/stand-ins.ts'
import { identityRoom } from './room.ts'

/** Identity and what it needs, bottom-up: for tests that start rooms above. */
export const identityRooms: readonly AnyRoom[] = [accessRoom, mailRoom, identityRoom]

export interface TestNode extends TestHouse {
  readonly access: AccessFace
  readonly identity: IdentityFace
  readonly clock: FakeClock
  readonly log: MemoryLog
}

export interface TestNodeOptions {
  readonly clock?: FakeClock
  /** `[identity]` of gatehouse.toml. */
  readonly config?: unknown
  /** Countries by address; those of the shipped database when absent. */
  readonly regions?: Regions
  /** `[mail]`; without it no mail is sent. */
  readonly mail?: unknown
  /** Rooms above identity. */
  readonly rooms?: readonly AnyRoom[]
  /** For a second node on one database. */
  readonly place?: Place
  readonly seal?: ReturnType<typeof memorySeal>
}

/** Access, identity and the given rooms, started; no account yet. */
export async function startNode(t: TestContext, open: OpenDatabase, options: TestNodeOptions = {}): Promise<TestNode> {
  const { clock = fakeClock(), seal = memorySeal() } = options
  const log = memoryLog()
  const faces: Faces[] = []
  const rooms = [...identityRooms, witness(faces), ...(options.rooms ?? [])]
  const at = options.place === undefined ? {} : { place: options.place }
  const regions = options.regions === undefined ? {} : { regions: options.regions }
  const configs = { identity: options.config ?? {}, mail: options.mail ?? {} }
  const house = await testHouse(t, { open, ...at, clock, log, rooms, seal, configs, ...regions })
  const [seen] = faces
  assert.ok(seen)
  return { ...house, ...seen, clock, log }
}

interface Faces {
  readonly access: AccessFace
  readonly identity: IdentityFace
}

/** A room that is handed the faces, as rooms above are. */
function witness(faces: Faces[]): AnyRoom {
  return defineRoom({
    name: 'witness',
    config: z.strictObject({}),
    migrations: [],
    errors: {},
    permissions: [],
    needs: { access: accessRoom, identity: identityRoom },
    open: async (_kernel, needs) => {
      faces.push(needs)
      return { face: {} }
    },
  })
}

export const adminPassword = 'correct horse battery staple'

/** A node with the administrator `admin`, signed in in a browser of their own. */
export async function startSetUpNode(
  t: TestContext,
  open: OpenDatabase,
  options: TestNodeOptions = {},
): Promise<TestNode & { readonly admin: Browser }> {
  const node = await startNode(t, open, options)
  const body = { handle: 'admin', displayName: 'Ada Admin', password: adminPassword }
  const made = await node.call({ method: 'POST', path: '/api/v1/setup', local: true, body })
  assert.equal(made.status, 201, made.text)
  const admin = browser(node, '192.0.2.1')
  await admin.signIn('admin', adminPassword)
  return { ...node, admin }
}

/** What use-cases work with, for tests that bring one of them along changed. The real ones, with a hasher of its own. */
export function partsOf({ kernel, access }: TestNode): Parts {
  const hour = 3_600_000
  const config = {
    session: { idle: hour, lifetime: hour },
    token: { login: hour },
    password: { queue: 10, lanes: undefined },
    recovery: { mail: true },
  }
  const hasher = createHasher({ lanes: 1, queue: 10, random: kernel.random })
  const certificates = keptCertificates(kernel.database, () => undefined)
  const standIns = createStandIns(kernel.database, kernel.keyring, kernel.log)
  return { kernel, access, mail: noMail, config, hasher, breached: commonPasswords, certificates, standIns }
}

/** A browser: keeps cookies, sends them, has an address. */
export interface Browser {
  readonly cookies: Map<string, string>
  get(path: string): Promise<TestAnswer>
  /** A form, or JSON under `/api/`. */
  post(path: string, body?: Readonly<Record<string, unknown>>): Promise<TestAnswer>
  send(method: string, path: string, body?: Readonly<Record<string, unknown>>): Promise<TestAnswer>
  /** Signs in through the page and fails the test when that does not work. */
  signIn(handle: string, password: string): Promise<TestAnswer>
}

export function browser(node: Pick<TestHouse, 'call'>, address = '192.0.2.10'): Browser {
  const cookies = new Map<string, string>()
  const send = async (method: string, path: string, body?: Readonly<Record<string, unknown>>) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { 'user-agent': 'Test/1', ...(cookie === '' ? {} : { cookie }) }
    const answer = await node.call({ method, path, address, headers, ...(body === undefined ? {} : { body }) })
    for (const [name, value] of answer.cookies) {
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return answer
  }
  const post: Browser['post'] = (path, body = {}) => send('POST', path, body)
  return {
    cookies,
    send,
    post,
    get: (path) => send('GET', path),
    async signIn(handle, password) {
      const answer = await post('/sign-in', { handle, password })
      assert.equal(answer.status, 200, answer.text)
      assert.ok(answer.cookies.get('__Host-gatehouse'), 'a sign-in sets the session cookie')
      return answer
    },
  }
}

/** Writes what timers would in a moment, so that no statement but the test's own runs for some seconds. */
export async function writePending(node: TestNode): Promise<void> {
  // a stop writes last uses, and their timer begins anew
  await node.house.stop()
  await node.house.start()
  await node.kernel.journal.flush()
}

/** When, from where and by what the first credential of a kind was used last, as its owner is told. */
export async function lastUseOf(owner: Browser, kind: string): Promise<readonly unknown[]> {
  const { json } = await owner.get('/api/v1/credentials')
  const found = (json['items'] as readonly Readonly<Record<string, unknown>>[]).find((one) => one['kind'] === kind)
  return [found?.['lastUsedAt'], found?.['lastUsedAddress'], found?.['lastUsedClient']]
}

/** Creates an account as the administrator and answers its id. */
export async function addPerson(admin: Browser, handle: string, password: string): Promise<string> {
  const made = await admin.post('/api/v1/accounts', { handle, displayName: `${handle} Person`, password })
  assert.equal(made.status, 201, made.text)
  return (made.json['account'] as { id: string }).id
}
