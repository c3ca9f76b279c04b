/** A Gatehouse with the authority, and requests for certificates. For tests. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import type { TestContext } from 'node:test'
import { z } from 'zod'
import { type AccessFace, accessRoom } from '#access'
import { accountActor, addAccount, addRole } from '#access/testing'
import type { Actor, ActorCredential } from '#kit'
import { type Ctx, defineRoom, listAudit } from '#platform'
import {
  type FakeClock,
  fakeClock,
  memoryLog,
  memorySeal,
  type OpenDatabase,
  type Place,
  type TestAnswer,
  type TestHouse,
  testHouse,
} from '#platform/testing'
import { pkiRoom } from '../index.ts'
import { distinguishedName, type Name } from '../x509/certificate.ts'
import type { Der } from '../x509/der.ts'
import { signRequest } from '../x509/request-writer.ts'

export interface TestEnrolment extends TestHouse {
  readonly access: AccessFace
  readonly clock: FakeClock
  readonly context: Ctx
  /** The API as the machine's owner, or as an account that `addPerson` made. */
  api(method: string, path: string, body?: Readonly<Record<string, unknown>>, as?: string): Promise<TestAnswer>
  addPerson(id: string, permissions: readonly string[]): Promise<Actor>
  /** A token for the device `pump-7` unless told otherwise; answers its secret and id. */
  token(
    body?: Readonly<Record<string, unknown>>,
    as?: string,
  ): Promise<{ readonly secret: string; readonly id: string }>
  /** EST: a request in base64 to `simpleenroll`, with a token as Bearer. */
  enrol(secret: string | undefined, request: string, options?: EnrolOptions): Promise<TestAnswer>
  /** Actions and outcomes in the journal, oldest first. */
  journal(): Promise<readonly { readonly action: string; readonly outcome: string; readonly detail: unknown }[]>
}

export interface EnrolOptions {
  readonly label?: string
  readonly address?: string
  readonly headers?: Readonly<Record<string, string>>
}

const system: Actor = { principal: { kind: 'system', id: 'system', name: 'system' } }

export async function startEnrolment(
  t: TestContext,
  open: OpenDatabase,
  options: { readonly place?: Place; readonly credential?: Partial<ActorCredential> } = {},
): Promise<TestEnrolment> {
  const clock = fakeClock()
  const seen: { access?: AccessFace } = {}
  const witness = defineRoom({
    name: 'witness',
    config: z.strictObject({}),
    migrations: [],
    errors: {},
    permissions: [],
    needs: { access: accessRoom },
    open: async (_, { access }) => {
      seen.access = access
      return {
        face: {},
        // who is who is taken from a header here, and so is that they proved it just now
        freshProof: { code: 'test.never', path: '/', require: () => Promise.resolve() },
        authenticators: [
          {
            door: 'api',
            authenticate: async (headers) => {
              const id = headers.get('x-test-account')
              return id === null ? undefined : accountActor(id, options.credential)
            },
          },
        ],
      }
    },
  })
  const place = options.place === undefined ? {} : { place: options.place }
  const rooms = [accessRoom, pkiRoom, witness]
  const house = await testHouse(t, { open, ...place, clock, log: memoryLog(), rooms, seal: memorySeal() })
  const { access } = seen
  assert.ok(access !== undefined)
  const context = house.kernel.context(system)
  const api: TestEnrolment['api'] = (method, path, body, as) =>
    house.call({
      method,
      path: `/api/v1${path}`,
      ...(body === undefined ? {} : { body }),
      ...(as === undefined ? { local: true } : { headers: { 'x-test-account': as } }),
    })
  return {
    ...house,
    access,
    clock,
    context,
    api,
    addPerson: async (id, permissions) => {
      await addRole(context, `role-of-${id}`, permissions)
      return addAccount(access, context, id, [`role-of-${id}`])
    },
    token: async (body = {}, as) => {
      const wanted = { label: 'a pump', profile: 'device', device: 'pump-7', ...body }
      const made = await api('POST', '/enrolment-tokens', wanted, as)
      assert.equal(made.status, 201, made.text)
      const { enrolmentToken, secret } = made.json as { enrolmentToken: { id: string }; secret: string }
      return { secret, id: enrolmentToken.id }
    },
    enrol: (secret, request, { label, address, headers } = {}) =>
      house.call({
        method: 'POST',
        path: `/.well-known/est/${label === undefined ? '' : `${label}/`}simpleenroll`,
        body: request,
        headers: {
          'content-type': 'application/pkcs10',
          ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
          ...headers,
        },
        ...(address === undefined ? {} : { address }),
      }),
    journal: async () => {
      await house.kernel.journal.flush()
      const records = await listAudit(house.kernel.database.db, {}, { limit: 200 })
      return [...records].reverse()
    },
  }
}

export interface TestKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export function newKey(): TestKey {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
}

/** A certification request in base64, asking for nothing unless told. */
export function request(
  { privateKey, publicKey }: TestKey,
  { subject = [], extensions = [] }: { readonly subject?: Name; readonly extensions?: readonly Der[] } = {},
): string {
  const der = signRequest({ subject: distinguishedName(subject), publicKey, extensions }, privateKey)
  return Buffer.from(der).toString('base64')
}

/** The leaf of a certs-only answer: the one for that key. */
export function leafIn(text: string, { publicKey }: TestKey): X509Certificate {
  const der = Buffer.from(text, 'base64')
  const wanted = publicKey.export({ type: 'spki', format: 'der' })
  const at: number[] = []
  for (let from = der.indexOf('3082', 0, 'hex'); from >= 0; from = der.indexOf('3082', from + 1, 'hex')) at.push(from)
  for (const from of at) {
    const certificate = certificateAt(der, from)
    if (certificate?.publicKey.export({ type: 'spki', format: 'der' }).equals(wanted) === true) return certificate
  }
  throw new assert.AssertionError({ message: `no certificate for that key in ${text}` })
}

function certificateAt(der: Buffer, from: number): X509Certificate | undefined {
  try {
    return new X509Certificate(der.subarray(from, from + 4 + der.readUInt16BE(from + 2)))
  } catch {
    return undefined
  }
}
