import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { z } from 'zod'
import { runCommand } from '../product/command.ts'
import { type Answer, type Ask, ask, signInCookie } from '../product/http.ts'
import { descriptionOf, type Operation, operationsOf, sampleOf } from '../product/operations.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

const password = 'granite harbour willow 7'

/** What a path names and nobody here has: nothing of Ada's could be shown. */
const nobodys = ['certificate-authority-requests', 'dead-events', 'deliveries', 'invitations'] as const

/** What ends the session that asks; visited last. */
const parting = ['/api/v1/me/password', '/api/v1/sessions/end-others', '/api/v1/sign-out']

describe('every route of the API, from its own description', () => {
  let product: Product
  let operations: readonly Operation[]
  let ada: string
  let adasToken: string
  /** Things that exist and are not Bob's, by the word before their id in a path. */
  let things: Readonly<Record<string, string>>
  /** What no answer to Bob may hold. */
  let secrets: readonly string[]
  const cookies = new Map<string, string>()
  const named = new Set<string>()

  const as = (handle: string): Ask => ({ headers: { cookie: cookies.get(handle) ?? '', origin: product.origin } })
  const sending = (asker: Ask, method: string, body: unknown = {}): Ask => {
    if (method === 'GET' || method === 'DELETE') return { ...asker, method }
    const headers = { ...asker.headers, 'content-type': 'application/json' }
    return { ...asker, method, headers, body: JSON.stringify(body) }
  }

  async function make(path: string, body: object, by = 'ada'): Promise<Readonly<Record<string, unknown>>> {
    const answer = await ask(product, `/api/v1/${path}`, sending(as(by), 'POST', body))
    assert.ok(answer.status < 300, `${path}: ${answer.status} ${answer.text}`)
    return answer.json
  }

  before(async () => {
    product = await startProduct({ environment: { GATEHOUSE_LOG_LEVEL: 'error' } })
    const setup = ['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin']
    const made = await runCommand(product.directory, setup, `${password}\n`)
    assert.equal(made.code, 0, made.stderr)
    cookies.set('ada', await signInCookie(product, 'ada', password))
    ada = ((await ask(product, '/api/v1/me', as('ada'))).json['id'] ?? '') as string
    assert.match(ada, /^acc_/)
    const people = new Map<string, string>()
    for (const handle of ['bob', 'carol', 'dora']) {
      const { account } = await make('accounts', { handle, displayName: handle, password })
      people.set(handle, (account as { readonly id: string }).id)
      cookies.set(handle, await signInCookie(product, handle, password))
    }
    await make('roles/administrator/give', { kind: 'principal', id: people.get('carol') })
    const token = await make('tokens', { label: 'weak', permissions: ['metrics:read'], expiresAt: null })
    adasToken = token['secret'] as string
    assert.match(adasToken, /^gat_/)
    things = await makeThings(people)
    const ids = Object.values(things).filter((id) => /_[0-9a-f]{32}$/.test(id))
    secrets = [...ids, ada, 'adas-own']
    operations = await operationsOf(product, as('ada'))
    assert.ok(operations.length > 150, `${operations.length} operations`)
  })
  after(cleanUp)

  /** Two of everything, so that lists have a next page; the second is the one that is asked for. */
  async function makeThings(people: ReadonlyMap<string, string>): Promise<Readonly<Record<string, string>>> {
    const second = async (path: string, body: (name: string) => object, by = 'ada') => {
      await make(path, body('adas-own-first'), by)
      return make(path, body('adas-own'), by)
    }
    const id = (of: Readonly<Record<string, unknown>>) => of['id'] as string
    const own = async (list: string): Promise<string> => {
      const { items } = (await ask(product, `/api/v1/${list}`, as('ada'))).json as { items: { readonly id: string }[] }
      return items[0]?.id ?? assert.fail(`there are no ${list}`)
    }
    await second('groups', (name) => ({ name, title: name }))
    await second('roles', (name) => ({ name, title: name, permissions: ['groups:read'] }))
    await second('networks', (name) => ({ name, title: name, cidrs: ['192.0.2.0/24'] }))
    await second('routes', (name) => ({ name, host: `${name}.localhost`, upstreams: ['http://127.0.0.1:9'] }))
    const text = '@id("a") forbid (principal, action == Gatehouse::Action::"mail:test", resource);'
    await second('policies', (name) => ({ name, title: name, text, state: 'off', reason: 'adas-own' }))
    await second('webhooks', (name) => ({ name, url: `https://${name}.example/hook` }))
    await second('certificate-profiles', (name) => ({ name, title: name, kind: 'device', days: 30 }))
    const grant = await second('grants', (note) => ({
      grantee: people.get('dora'),
      permissions: ['groups:read:adas-own'],
      note,
    }))
    const request = await second(
      'access-requests',
      (name) => ({ permission: `networks:read:${name}`, reason: 'adas-own' }),
      'dora',
    )
    const enrolment = await second('enrolment-tokens', (label) => ({ profile: 'device', device: label, label }))
    const issued = await second('certificates', (device) => ({ profile: 'device', device, newKey: true }))
    const password = await own('credentials')
    return {
      accounts: ada,
      sessions: await own('sessions'),
      tokens: await own('tokens'),
      credentials: password,
      keys: password,
      passkeys: password,
      passwords: password,
      'recovery-codes': password,
      'shared-secrets': password,
      totps: password,
      groups: 'adas-own',
      roles: 'adas-own',
      networks: 'adas-own',
      routes: 'adas-own',
      policies: 'adas-own',
      webhooks: 'adas-own',
      'certificate-profiles': 'adas-own',
      versions: '1',
      'secret-headers': 'x-key',
      grants: id(grant),
      'access-requests': id(request),
      'enrolment-tokens': id((enrolment['enrolmentToken'] ?? enrolment) as Readonly<Record<string, unknown>>),
      certificates: id((issued['certificate'] ?? issued) as Readonly<Record<string, unknown>>),
      'certificate-authorities': await own('certificate-authorities'),
      'certificate-holders': await own('certificate-holders'),
    }
  }

  /** The path with things that are not Bob's in it. */
  const filled = ({ path }: Operation): string =>
    path.replaceAll(/([a-z-]+)\/\{\w+\}/g, (_, kind: string) => {
      named.add(kind)
      return `${kind}/${things[kind] ?? 'something'}`
    })

  /** A body the route takes, about Ada where it is about somebody. */
  const bodyFor = ({ body }: Operation): unknown =>
    body === undefined
      ? {}
      : sampleOf(body, {
          'subject.type': 'account',
          'subject.id': ada,
          'resource.type': 'accounts',
          'resource.id': ada,
          'action.name': 'read',
          permission: `accounts:read:${ada}`,
          permissions: [`accounts:read:${ada}`],
          account: ada,
          grantee: ada,
          id: ada,
        })

  const guarded = () => operations.filter(({ isPublic }) => !isPublic)
  const needs = ({ description }: Operation) => description.startsWith('Needs the permission')
  const holds = ({ description }: Operation) => description.startsWith('Holds')
  const visit = (operation: Operation, asker: Ask) =>
    ask(product, filled(operation), sending(asker, operation.method, bodyFor(operation)))
  const told = ({ method, path }: Operation, { status, text }: Answer) =>
    `${method} ${path}: ${status} ${text.slice(0, 300)}`

  /** What of others an answer holds that was not in the question. */
  const betrayed = ({ text }: Answer, operation: Operation): readonly string[] => {
    const sent = filled(operation) + JSON.stringify(bodyFor(operation))
    return secrets.filter((secret) => text.includes(secret) && !sent.includes(secret))
  }

  function assertKeptOut(answer: Answer, operation: Operation): void {
    const at = told(operation, answer)
    if (needs(operation)) assert.equal(answer.status, 403, at)
    // what is about the caller may answer, but not about others
    else assert.deepEqual(betrayed(answer, operation), [], at)
    assert.ok(answer.status < 500, at)
  }

  /** Everything that is asked for by name, as Ada sees it, but what changes by itself. */
  async function standing(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>()
    for (const operation of guarded().filter(({ method, path }) => method === 'GET' && path.includes('{'))) {
      if (/sessions|traffic|upstreams|deliveries|certificate-authority|\/tokens$|webhooks/.test(operation.path))
        continue
      const { status, text } = await ask(product, filled(operation), as('ada'))
      if (status === 200) found.set(operation.path, text.replaceAll(/"lastUsed\w*":(?:"[^"]*"|null),?/g, ''))
    }
    return found
  }

  test('the description is whole: each operation has its name and its path, and refers to what is there', async () => {
    for (const path of ['/metrics', '/api/v1/configuration/reload', '/api/v1/openapi.json', '/api/v1/audit-records']) {
      assert.ok(
        operations.some((operation) => operation.path === path),
        `${path} is not described`,
      )
    }
    assert.equal(new Set(operations.map(({ id }) => id)).size, operations.length)
    for (const { path, inPath, method } of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
      assert.deepEqual(inPath.toSorted(), named.toSorted(), `${method} ${path}`)
    }
    const description = await descriptionOf(product, as('ada'))
    const references = [...JSON.stringify(description).matchAll(/"\$ref":"([^"]*)"/g)].map(([, to]) => to ?? '')
    assert.ok(references.some((to) => !to.endsWith('/Problem')))
    const known = Object.keys(description.components.schemas).map((name) => `#/components/schemas/${name}`)
    assert.deepEqual(
      references.filter((to) => !known.includes(to)),
      [],
    )
  })

  test('what is read is answered as the description says', async () => {
    let read = 0
    const described = operations.filter(({ method, answers }) => method === 'GET' && Object.keys(answers).length > 0)
    for (const operation of described) {
      if (operation.answers['text/event-stream'] !== undefined) continue
      const answer = await visit(operation, as('ada'))
      if (answer.status !== 200) continue
      read += 1
      const type = answer.headers['content-type']?.split(';')[0] ?? ''
      const at = told(operation, answer)
      assert.ok(operation.answers[type] !== undefined, `${type} of ${at}`)
      if (type !== 'application/json') continue
      const found = z.fromJSONSchema(operation.answers[type] as Parameters<typeof z.fromJSONSchema>[0])
      assert.equal(found.safeParse(answer.json).error?.message, undefined, at)
    }
    assert.ok(read >= 50, `${read} were read`)
  })

  test('nobody at all is let in', async () => {
    for (const operation of guarded()) {
      const answer = await visit(operation, { headers: { origin: product.origin } })
      assert.equal(answer.status, 401, told(operation, answer))
    }
  })

  test('another person’s things are kept from somebody who may nothing', async () => {
    const seen = await standing()
    assert.ok(seen.size >= 18, [...seen.keys()].join(' '))
    const last = (operation: Operation) => parting.indexOf(operation.path)
    for (const operation of guarded().toSorted((one, other) => last(one) - last(other))) {
      assertKeptOut(await visit(operation, as('bob')), operation)
    }
    // an answer may say no and have done it
    assert.deepEqual(await standing(), seen)
    const weak: Ask = { headers: { authorization: `Bearer ${adasToken}` } }
    assert.equal((await ask(product, '/api/v1/me', as('ada'))).status, 200, 'her session serves her')
    assert.equal((await ask(product, '/api/v1/me', weak)).status, 403, 'her token is known, if too narrow')
    // whatever a path names was one of these; of the rest there is none, and it may be none that somebody could have
    const without = [...named].filter((kind) => things[kind] === undefined)
    assert.deepEqual(without.toSorted(), [...nobodys])
  })

  test('a weaker credential of an administrator opens nothing it does not name', async () => {
    const weak: Ask = { headers: { authorization: `Bearer ${adasToken}` } }
    const needing = guarded().filter(needs)
    const holding = guarded().filter(holds)
    // told by the words of their descriptions: were those written otherwise, none would be asked
    assert.ok(needing.length > 100 && holding.length >= 10, `${needing.length} and ${holding.length} operations`)
    for (const operation of needing) {
      const answer = await visit(operation, weak)
      if (operation.description.includes('metrics:')) continue
      assert.equal(answer.status, 403, told(operation, answer))
    }
    for (const operation of holding) {
      const answer = await visit(operation, weak)
      assert.equal(answer.status, 403, told(operation, answer))
    }
    const rest = guarded().filter((operation) => !needs(operation) && !holds(operation))
    for (const operation of rest.filter(({ path }) => !parting.includes(path) && !path.endsWith('revoke-all'))) {
      const answer = await visit(operation, weak)
      const at = told(operation, answer)
      assert.ok(answer.status < 500, at)
      // nothing is made with it, and nothing but what it may is told of anything
      if (operation.method !== 'GET' && !/access\/v1/.test(operation.path)) assert.ok(answer.status >= 400, at)
      assert.deepEqual(
        betrayed(answer, operation).filter((one) => one !== ada),
        [],
        at,
      )
    }
  })

  test('attack 34: cursors forged, of another list or of another person are refused by every list', async () => {
    const first = await ask(product, '/api/v1/audit-records?limit=1', as('ada'))
    const next = first.json['next'] as string
    assert.equal((await ask(product, `/api/v1/audit-records?limit=1&cursor=${next}`, as('ada'))).status, 200)
    const lists = operations.filter(({ hasCursor }) => hasCursor)
    let further = 0
    for (const operation of lists) {
      const path = filled(operation)
      const refused = async (cursor: string, whom: string) => {
        const answer = await ask(product, `${path}?limit=1&cursor=${encodeURIComponent(cursor)}`, as(whom))
        assert.ok([400, 404].includes(answer.status), told(operation, answer))
      }
      for (const cursor of [`${next.slice(0, -2)}AA`, 'AAAA', Buffer.alloc(64).toString('base64url')]) {
        await refused(cursor, 'ada')
      }
      if (operation.path !== '/api/v1/audit-records') await refused(next, 'ada')
      const own = (await ask(product, `${path}?limit=1`, as('ada'))).json['next']
      if (typeof own !== 'string') continue
      further += 1
      await refused(own, 'carol')
      await refused(`${own.slice(0, -2)}AA`, 'ada')
    }
    assert.ok(lists.length >= 18 && further >= 14, `${lists.length} lists, ${further} with a next page`)
  })
})
