import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { Agent } from 'node:https'
import { after, before, describe, test } from 'node:test'
import { z } from 'zod'
import { diceOf } from '../oracle/dice.ts'
import { runCommand } from '../product/command.ts'
import { deformedBodies, oddBodies, oddSegments } from '../product/deformed.ts'
import { type Answer, type Ask, ask, signInCookie } from '../product/http.ts'
import { descriptionOf, type Operation, operationsOf, type Schema, sampleOf } from '../product/operations.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'
import { readErrorTables } from '../structure/error-tables.ts'

const password = 'granite harbour willow 7'
const seed = 20_261_123

/** What no answer may tell of the server: where its code lies, what its database says. */
const inner = /node:internal|\.[jt]s:\d+|\bat [A-Z]\w+\.|SQLITE|\/gatehouse-product-/

/** What paths call ways to sign in; the one there is may be the wrong one. */
const credentials = ['keys', 'passkeys', 'passwords', 'recovery-codes', 'shared-secrets', 'totps']

/** May end the session that asks. */
const parting = /sign-out|me\/password/

/** Read first and put an end to things last, so that most meets what is there. */
function turn({ method, path }: Operation): number {
  if (/sign-in|setup|me\/password/.test(path)) return 20
  if (/reload|revoke|retire|disable|suspend|end-|reset|cancel|withdraw|decline|disconnect|drop/.test(path)) return 7
  return ['GET', 'PUT', 'PATCH', 'POST', 'DELETE'].indexOf(method) * 2
}

describe('deformed requests to every operation of the API, from its own description', () => {
  let product: Product
  let cookie: string
  /** Another session of hers, for what ends the one that asks. */
  let leaving: string
  let operations: readonly Operation[]
  let definitions: Readonly<Record<string, unknown>>
  let statuses: ReadonlyMap<string, number>
  let things: Readonly<Record<string, string>>
  let named = 0
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const dice = diceOf(seed)
  const faults: string[] = []
  const schemas = new Map<Schema, z.ZodType>()

  const asAda = (): Ask => ({ headers: { cookie, origin: product.origin }, agent })
  const sending = (method: string, body: string, type = 'application/json'): Ask => {
    const length = String(Buffer.byteLength(body))
    return { method, agent, body, headers: { ...asAda().headers, 'content-type': type, 'content-length': length } }
  }
  const post = (path: string, body: object) => ask(product, `/api/v1/${path}`, sending('POST', JSON.stringify(body)))

  before(async () => {
    product = await startProduct({ environment: { GATEHOUSE_LOG_LEVEL: 'error' } })
    const setup = ['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin']
    assert.equal((await runCommand(product.directory, setup, `${password}\n`)).code, 0)
    leaving = await signInCookie(product, 'ada', password)
    cookie = await signInCookie(product, 'ada', password)
    operations = (await operationsOf(product, asAda())).toSorted((one, other) => turn(one) - turn(other))
    definitions = (await descriptionOf(product, asAda())).components.schemas
    statuses = new Map((await readErrorTables()).map(({ code, status }) => [code, status]))
    things = await makeThings()
  })
  after(async () => {
    agent.destroy()
    await cleanUp()
  })

  const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })

  /** One of everything, by the word before its id in a path. */
  async function makeThings(): Promise<Readonly<Record<string, string>>> {
    await ask(product, '/api/v1/joining', sending('PUT', '{"mode":"invitation"}'))
    for (const [path, body] of Object.entries({
      accounts: { handle: 'bob', displayName: 'Bob', password },
      invitations: { displayName: 'Guest' },
      groups: { name: 'first', title: 'First' },
      roles: { name: 'first', title: 'First', permissions: ['groups:read'] },
      networks: { name: 'first', title: 'First', cidrs: ['192.0.2.0/24'] },
      routes: { name: 'first', host: 'first.localhost', upstreams: ['http://127.0.0.1:9'] },
      policies: { name: 'first', title: 'First', text: policyText, state: 'off', reason: 'for the test' },
      webhooks: { name: 'first', url: hook },
      'certificate-profiles': { name: 'first', title: 'First', kind: 'device', days: 30 },
      'certificate-authority-requests': { line: 'first' },
      'enrolment-tokens': { profile: 'device', device: 'first', label: 'first' },
      certificates: { profile: 'device', device: 'first', newKey: true },
      tokens: { label: 'first', permissions: ['groups:read'], expiresAt: null },
      keys: { label: 'first', publicKey },
    })) {
      const made = await post(path, body)
      assert.equal(made.status, 201, `${path}: ${made.text}`)
    }
    const found: Record<string, string> = {}
    for (const { path } of operations) {
      const [, list = '', kind = '', by] = /^(\/api\/v1\/([a-z-]+))\/\{(\w+)\}$/.exec(path) ?? []
      if (by === undefined || found[kind] !== undefined || !operations.some((other) => other.path === list)) continue
      const { json } = await ask(product, list, asAda())
      const items = (Array.isArray(json['items']) ? json['items'] : []) as readonly Readonly<Record<string, unknown>>[]
      // what Ada herself comes with stays as it is
      const others = items.filter(
        (one) => one['handle'] !== 'ada' && one['kind'] !== 'password' && one['current'] !== true,
      )
      const { name, id } = others.find((one) => one['name'] === 'first') ?? others.at(-1) ?? {}
      const told = by === 'id' ? id : (name ?? id)
      if (typeof told === 'string') found[kind] = told
    }
    const grantee = found['accounts']
    const grant = await post('grants', { grantee, permissions: ['groups:read:first'], note: 'for the test' })
    assert.equal(grant.status, 201, grant.text)
    assert.ok(Object.keys(found).length >= 16, Object.keys(found).join(' '))
    return {
      ...Object.fromEntries(credentials.map((kind) => [kind, found['credentials'] ?? ''])),
      ...found,
      grants: grant.json['id'] as string,
      versions: '1',
      'secret-headers': 'x-key',
    }
  }

  const filled = ({ path }: Operation): string =>
    path.replaceAll(/([a-z-]+)\/\{\w+\}/g, (_, kind: string) => `${kind}/${things[kind] ?? 'something'}`)

  /** A body the operation takes, with a name nobody had before. */
  function sound({ body }: Operation): unknown {
    if (body === undefined) return {}
    named += 1
    const account = things['accounts']
    return sampleOf(body, {
      'subject.type': 'account',
      'subject.id': account,
      'resource.type': 'groups',
      'resource.id': 'first',
      'action.name': 'read',
      account,
      grantee: account,
      principal: account,
      id: account,
      permission: 'groups:read:first',
      permissions: ['groups:read:first'],
      handle: `person-${named}`,
      name: `thing-${named}`,
      host: `thing-${named}.localhost`,
      device: `device-${named}`,
      upstreams: ['http://127.0.0.1:9'],
      cidrs: ['192.0.2.0/24'],
      url: hook,
      path: '/',
      text: policyText,
      reason: 'for the test',
      profile: 'device',
      line: 'devices',
      days: 30,
      newKey: true,
      // never the one that Ada has: hers is not to be changed
      password: 'wide meadow lantern 12',
      passphrase: 'wide meadow lantern 12',
      to: 'somebody@example.org',
      until: '2100-01-01T00:00:00Z',
      publicKey,
    })
  }

  /** Asks, and notes what is wrong with the answer. A cookie that is renewed on the way is taken, as browsers do. */
  async function judge(operation: Operation, about: string, path: string, asked: Ask): Promise<number> {
    const own = parting.test(operation.path) ? { ...asked, headers: { ...asked.headers, cookie: leaving } } : asked
    const answer = await ask(product, path, own)
    const renewed = answer.headers['set-cookie']?.find((line) => /^__Host-gatehouse=[^;]/.test(line))?.split(';')[0]
    if (renewed !== undefined && own === asked) cookie = renewed
    const fault = faultOf(operation, answer)
    const at = `${operation.method} ${operation.path} (${about})`
    if (fault !== undefined) faults.push(`${at}: ${answer.status} ${fault} ${answer.text.slice(0, 400)}`)
    return answer.status
  }

  function faultOf({ answersBy }: Operation, answer: Answer): string | undefined {
    const { status, text, json, headers } = answer
    const type = headers['content-type']?.split(';')[0] ?? ''
    if (status >= 400) {
      // a head that is too long is refused before anybody could tell why
      if (status === 431) return undefined
      if (status >= 500) return 'is a failure of the server'
      if (type !== 'application/problem+json') return `is ${type}`
      if (statuses.get(String(json['code'])) !== status) return 'has another code than the documents'
      return inner.test(text) ? 'tells what is inside' : undefined
    }
    const described = answersBy[status]
    if (described === undefined) return 'is not described'
    const schema = described[type]
    if (schema === undefined) return Object.keys(described).length === 0 && text === '' ? undefined : `is ${type}`
    if (type !== 'application/json') return undefined
    return schemaOf(schema).safeParse(json).error?.message
  }

  /** With what it refers to, which stands elsewhere in the description. */
  function schemaOf(schema: Schema): z.ZodType {
    const known = schemas.get(schema)
    if (known !== undefined) return known
    const whole = JSON.stringify({ ...schema, $defs: definitions }).replaceAll('#/components/schemas/', '#/$defs/')
    const made = z.fromJSONSchema(JSON.parse(whole) as Parameters<typeof z.fromJSONSchema>[0])
    schemas.set(schema, made)
    return made
  }

  const bodyOf = (operation: Operation): Ask =>
    operation.body === undefined
      ? { ...asAda(), method: operation.method }
      : sending(operation.method, JSON.stringify(sound(operation)))

  test('ids, queries and headers that are none', async () => {
    const odd = ['garbage', '"', '"'.repeat(300), '\u{ff}', 'W/"1"', '*']
    for (const operation of operations) {
      const { path, inPath, inQuery } = operation
      await judge(operation, 'as it should be', filled(operation), bodyOf(operation))
      if (inPath.length > 0) {
        for (const segment of dice.times(2, () => dice.pick(oddSegments))) {
          await judge(operation, segment, path.replaceAll(/\{\w+\}/g, segment), bodyOf(operation))
        }
      }
      for (const name of [...inQuery, 'unknown']) {
        for (const value of dice.times(name === 'unknown' ? 1 : 2, () => dice.pick(oddSegments))) {
          const query = dice.once(4) ? `${name}=a&${name}=${value}` : `${name}=${value}`
          await judge(operation, query, `${filled(operation)}?${query}`, bodyOf(operation))
        }
      }
      const name = dice.pick(['if-match', 'if-none-match', 'idempotency-key', 'gatehouse-consistency', 'x-request-id'])
      const value = dice.pick(odd)
      const asked = bodyOf(operation)
      await judge(operation, `${name}: ${value}`, filled(operation), {
        ...asked,
        headers: { ...asked.headers, [name]: value },
      })
    }
    assert.deepEqual(faults.splice(0), [])
  })

  test('bodies that are none, and bodies with one odd value', async () => {
    let asked = 0
    for (const operation of operations.filter(({ method }) => method !== 'GET')) {
      const { method, body } = operation
      for (const { body: text, type } of dice.some(oddBodies, 12)) {
        await judge(operation, text.slice(0, 40), filled(operation), sending(method, text, type ?? ''))
      }
      if (body === undefined) continue
      for (const { about, text, isNoBody } of deformedBodies(body, () => sound(operation), dice)) {
        asked += 1
        const status = await judge(operation, about, filled(operation), sending(method, text))
        if (isNoBody && status < 400) faults.push(`${method} ${operation.path} took ${about}`)
      }
    }
    assert.deepEqual(faults.splice(0), [])
    assert.ok(asked > 2_000, `${asked} bodies`)
  })

  test('what was taken is shown by every list, and what stands can be exported and is a sound state', async () => {
    for (const operation of operations.filter(({ method, path }) => method === 'GET' && !path.includes('{'))) {
      await judge(operation, 'afterwards', operation.path, asAda())
    }
    assert.deepEqual(faults.splice(0), [])
    const pages = ['', 'accounts', 'groups', 'roles', 'networks', 'grants', 'policies', 'requests', 'routes', 'journal']
    for (const page of [...pages, 'certificates', 'webhooks', 'invitations', 'account']) {
      assert.equal((await ask(product, `/${page}`, asAda())).status, 200, page)
    }
    const { json: state } = await ask(product, '/api/v1/state', asAda())
    const planned = await post('state/plan', { state })
    assert.equal(planned.status, 200, planned.text)
    const steps = planned.json['items'] as readonly { readonly action: string }[]
    assert.deepEqual(
      steps.filter(({ action }) => action !== 'unchanged'),
      [],
    )
    for (const list of ['accounts', 'groups', 'roles', 'networks', 'routes']) {
      const { code, stderr } = await runCommand(product.directory, [list, 'list'])
      assert.deepEqual([code, stderr], [0, ''], list)
    }
  })

  test('the journal is sound, the server ready, and its log has no error', async () => {
    const { status, json } = await post('audit/verify', {})
    assert.deepEqual([status, json['sound']], [200, true])
    assert.equal((await ask(product, '/readyz', asAda())).status, 200)
    await product.stop()
    assert.doesNotMatch(product.output(), /"level":"error"/)
  })
})

/** No public address, so that nobody is asked for it or at it. */
const hook = 'https://localhost/hook'
const policyText = '@id("a") forbid (principal, action == Gatehouse::Action::"mail:test", resource);'
