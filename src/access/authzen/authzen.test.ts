import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { type Authenticator, defineRoom, tables } from '#platform'
import { eachDialect, fakeClock, memoryLog, memorySeal, testHouse } from '#platform/testing'
import { accessRoom } from '../index.ts'
import type { Tables } from '../tables.ts'
import { accountActor, addAccount } from '../testing.ts'
import { patternsCovering } from './subjects.ts'

const authenticator: Authenticator = {
  door: 'api',
  authenticate: (headers) => {
    const id = headers.get('x-test-account')
    const permissions = headers.get('x-test-limit')?.split(' ')
    return Promise.resolve(id === null ? undefined : accountActor(id, permissions === undefined ? {} : { permissions }))
  },
}
const people = defineRoom({
  name: 'people',
  config: z.strictObject({}).prefault({}),
  migrations: [],
  errors: {},
  permissions: [],
  needs: { access: accessRoom },
  open: (_, { access }) => Promise.resolve({ face: access, authenticators: [authenticator] }),
})

interface Results {
  readonly page: { readonly next_token: string; readonly count: number }
  readonly results: readonly { readonly type: string; readonly id: string; readonly name: string }[]
}

eachDialect((dialect, open) => {
  async function world(t: Parameters<typeof open>[0]) {
    const clock = fakeClock()
    const rooms = [accessRoom, people] as const
    const house = await testHouse(t, { open, clock, log: memoryLog(), rooms, seal: memorySeal() })
    const ctx = () => house.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } })
    const { face } = await accessRoom.open(house.kernel, {}, { timeZone: 'UTC' })
    await addAccount(face, ctx(), 'acc_admin', ['administrator'])
    await addAccount(face, ctx(), 'acc_ada')
    await addAccount(face, ctx(), 'acc_bob')
    const as =
      (who: string) =>
      async (path: string, body: unknown, headers: Record<string, string> = {}) => {
        const method = body === undefined ? 'GET' : 'POST'
        const sent = { method, path, headers: { 'x-test-account': who, ...headers } }
        return house.call(body === undefined ? sent : { ...sent, body: body as Record<string, unknown> })
      }
    const admin = as('acc_admin')
    for (const name of ['alpha', 'beta', 'gamma', 'delta']) {
      await admin('/api/v1/groups', { name, title: name })
    }
    await admin('/api/v1/roles', { name: 'reader', title: 'R', permissions: ['groups:read:alpha', 'groups:*:gamma'] })
    await admin('/api/v1/groups/delta/add-member', { kind: 'group', id: 'beta' })
    await admin('/api/v1/groups/beta/add-member', { kind: 'principal', id: 'acc_ada' })
    await admin('/api/v1/roles/reader/give', { kind: 'group', id: 'delta' })
    return { house, as, admin }
  }
  const ada = { type: 'account', id: 'acc_ada' }
  const group = (id: string) => ({ type: 'groups', id })
  const read = { name: 'read' }

  test('AuthZEN: an evaluation says what decide says, echoes the request id and refuses what it cannot know', async (t) => {
    const { admin } = await world(t)
    const ask = (subject: unknown, resource: unknown, action: unknown = read) =>
      admin('/access/v1/evaluation', { subject, resource, action }, { 'X-Request-ID': 'pep-1' })
    const yes = await ask(ada, group('alpha'))
    assert.deepEqual([yes.status, yes.json['decision'], yes.headers['x-request-id']], [200, true, 'pep-1'])
    for (const [subject, resource, action] of [
      [ada, group('beta'), read],
      [ada, group('alpha'), { name: 'delete' }],
      [ada, group('nowhere'), read],
      [ada, { type: 'nothing', id: 'x' }, read],
      [ada, group('alpha'), { name: 'fly' }],
      [{ type: 'account', id: 'acc_none' }, group('alpha'), read],
      [{ type: 'device', id: 'acc_ada' }, group('alpha'), read],
    ]) {
      const answer = await ask(subject, resource, action)
      assert.deepEqual([answer.status, answer.json['decision']], [200, false])
    }
    assert.equal((await admin('/access/v1/evaluation', { subject: ada })).status, 400)
  })

  test('AuthZEN: what is no address is refused: a rule that forbids a network would not see it', async (t) => {
    const { admin } = await world(t)
    const inside = 'context has address && context.address.isInRange(ip("10.0.0.0/8"))'
    const text = `@id("a") forbid (principal, action == Gatehouse::Action::"groups:read", resource) when { ${inside} };`
    const made = await admin('/api/v1/policies', { name: 'inside', title: 'I', text, state: 'enforced' })
    assert.equal(made.status, 201, made.text)
    const question = { subject: ada, resource: group('alpha'), action: read }
    for (const [address, decision] of [
      ['192.0.2.7', true],
      ['10.1.2.3', false],
      ['::ffff:10.1.2.3', false],
    ]) {
      const answer = await admin('/access/v1/evaluation', { ...question, context: { address } })
      assert.deepEqual([answer.status, answer.json['decision']], [200, decision], String(address))
    }
    for (const address of ['', '10.1.2.3:443', '[::ffff:10.1.2.3]', '10.1.2.3, 192.0.2.7', '010.1.2.3', 'unknown']) {
      const asked = { ...question, context: { address } }
      for (const path of ['evaluation', 'evaluations', 'search/subject', 'search/resource', 'search/action']) {
        const answer = await admin(`/access/v1/${path}`, asked)
        assert.deepEqual([answer.status, answer.json['code']], [400, 'platform.invalid-input'], `${path} ${address}`)
      }
    }
  })

  test('AuthZEN: evaluations take defaults, and stop where the semantic says', async (t) => {
    const { admin } = await world(t)
    const ask = async (semantic: string | undefined, ...ids: readonly string[]) => {
      const options = semantic === undefined ? {} : { options: { evaluations_semantic: semantic } }
      const evaluations = ids.map((id) => ({ resource: group(id) }))
      const { json } = await admin('/access/v1/evaluations', { subject: ada, action: read, evaluations, ...options })
      return (json['evaluations'] as { decision: boolean }[]).map(({ decision }) => decision)
    }
    assert.deepEqual(await ask(undefined, 'alpha', 'beta', 'gamma'), [true, false, true])
    assert.deepEqual(await ask('execute_all', 'beta', 'alpha'), [false, true])
    assert.deepEqual(await ask('deny_on_first_deny', 'alpha', 'beta', 'gamma'), [true, false])
    assert.deepEqual(await ask('permit_on_first_permit', 'beta', 'alpha', 'gamma'), [false, true])
    const single = await admin('/access/v1/evaluations', { subject: ada, action: read, resource: group('alpha') })
    assert.equal(single.json['decision'], true)
    const nobody = await admin('/access/v1/evaluations', { action: read, resource: group('alpha') })
    assert.deepEqual([nobody.status, nobody.json['code']], [400, 'access.incomplete-evaluation'])
    // one that is no question is denied in its place, and the others are answered
    const some = {
      subject: ada,
      action: read,
      evaluations: [{ resource: group('alpha') }, {}, { resource: group('gamma') }],
    }
    const { json } = await admin('/access/v1/evaluations', some)
    const [first, second, third] = json['evaluations'] as readonly { decision: boolean; context: unknown }[]
    assert.deepEqual([first?.decision, second?.decision, third?.decision], [true, false, true])
    const message = 'It has no resource, and neither has the request as a whole.'
    assert.deepEqual(second?.context, { error: { status: 400, message } })
    const stopped = await admin('/access/v1/evaluations', {
      ...some,
      options: { evaluations_semantic: 'deny_on_first_deny' },
    })
    assert.equal((stopped.json['evaluations'] as readonly unknown[]).length, 2)
    const none = await admin('/access/v1/evaluations', { action: read, evaluations: [{ resource: group('alpha') }] })
    assert.deepEqual(
      (none.json['evaluations'] as readonly { decision: boolean }[]).map(({ decision }) => decision),
      [false],
    )
    const bad = { subject: ada, action: read, resource: group('alpha'), options: { evaluations_semantic: 'guess' } }
    assert.equal((await admin('/access/v1/evaluations', bad)).status, 400)
  })

  test('AuthZEN: a thousand evaluations let others in between', async (t) => {
    const { admin } = await world(t)
    const evaluations = Array.from({ length: 1_000 }, (_, index) => ({ resource: group(`nowhere-${index}`) }))
    const asked = admin('/access/v1/evaluations', { subject: ada, action: read, evaluations })
    let [turns, over] = [0, false]
    const done = asked.finally(() => {
      over = true
    })
    for (; !over; turns += 1) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(((await done).json['evaluations'] as readonly unknown[]).length, 1_000)
    assert.ok(turns >= 40, `${turns} turns`)
  })

  test('AuthZEN: searches are complete over their pages and name nobody and nothing else', async (t) => {
    const { admin } = await world(t)
    const all = async (path: string, body: object, limit: number) => {
      const found: string[] = []
      for (let token = ''; ; ) {
        const { json } = await admin(path, { ...body, page: { token, limit } })
        const { page, results } = json as unknown as Results
        found.push(...results.map(({ id }) => id))
        token = page.next_token
        if (token === '') return found
      }
    }
    for (const limit of [1, 2, 100]) {
      const things = { subject: ada, action: read, resource: { type: 'groups' } }
      assert.deepEqual(await all('/access/v1/search/resource', things, limit), ['alpha', 'gamma'])
      const whole = { ...things, subject: { type: 'account', id: 'acc_bob' } }
      assert.deepEqual(await all('/access/v1/search/resource', whole, limit), [])
      const people = { subject: { type: 'account' }, action: read, resource: group('alpha') }
      assert.deepEqual(await all('/access/v1/search/subject', people, limit), ['acc_ada', 'acc_admin'])
      assert.deepEqual(await all('/access/v1/search/subject', { ...people, resource: group('beta') }, limit), [
        'acc_admin',
      ])
      assert.deepEqual(await all('/access/v1/search/subject', { ...people, resource: group('none') }, limit), [])
    }
    await admin('/api/v1/grants', { grantee: 'acc_bob', permissions: ['groups:read:beta'] })
    const people = { subject: { type: 'account' }, action: read, resource: group('beta') }
    assert.deepEqual(await all('/access/v1/search/subject', people, 10), ['acc_admin', 'acc_bob'])
    const { json } = await admin('/access/v1/search/action', { subject: ada, resource: group('gamma') })
    const names = (json as unknown as Results).results.map(({ name }) => name)
    assert.deepEqual(names, ['read', 'create', 'update', 'delete'])
  })

  test('attack 34: a search token serves its own search and caller only', async (t) => {
    const { as, admin } = await world(t)
    await admin('/api/v1/roles', { name: 'asker', title: 'A', permissions: ['decisions:read'] })
    await admin('/api/v1/roles/asker/give', { kind: 'principal', id: 'acc_bob' })
    const search = { subject: ada, action: read, resource: { type: 'groups' } }
    const first = await admin('/access/v1/search/resource', { ...search, page: { limit: 1 } })
    const token = (first.json as unknown as Results).page.next_token
    assert.notEqual(token, '')
    const again = (who: ReturnType<typeof as>, body: object) => who('/access/v1/search/resource', body)
    const page = { token, limit: 1 }
    assert.equal((await again(admin, { ...search, page })).status, 200)
    for (const [who, body] of [
      [as('acc_bob'), { ...search, page }],
      [admin, { ...search, action: { name: 'update' }, page }],
      [admin, { ...search, subject: { type: 'account', id: 'acc_bob' }, page }],
      [admin, { ...search, page: { token: `${token.slice(0, -2)}AA`, limit: 1 } }],
    ] as const) {
      assert.equal((await again(who, body)).json['code'], 'platform.bad-cursor')
    }
  })

  test('who may not ask about others learns only of themselves, and only what their credential would', async (t) => {
    const { as } = await world(t)
    const self = as('acc_ada')
    const about = { subject: ada, action: read, resource: group('alpha') }
    assert.equal((await self('/access/v1/evaluation', about)).json['decision'], true)
    const limited = { 'x-test-limit': 'roles:read' }
    assert.equal((await self('/access/v1/evaluation', about, limited)).json['decision'], false)
    const bob = { ...about, subject: { type: 'account', id: 'acc_bob' } }
    assert.equal((await self('/access/v1/evaluation', bob)).status, 403)
    assert.equal((await self('/access/v1/evaluations', { ...about, evaluations: [{}, bob] })).status, 403)
    assert.equal((await self('/access/v1/search/subject', { ...about, subject: { type: 'account' } })).status, 403)
    assert.equal((await self('/access/v1/search/resource', { ...bob, resource: { type: 'groups' } })).status, 403)
    assert.equal((await self('/access/v1/search/action', bob)).status, 403)
  })

  test('a consistency token comes with every change and every answer, and a newer one is asked of the database', async (t) => {
    const { admin } = await world(t)
    const about = { subject: { type: 'account', id: 'acc_bob' }, action: read, resource: group('beta') }
    const before = await admin('/access/v1/evaluation', about)
    const made = await admin('/api/v1/grants', { grantee: 'acc_bob', permissions: ['groups:read:beta'] })
    const token = String(made.headers['gatehouse-consistency'])
    assert.ok(Number(token) > Number(before.headers['gatehouse-consistency']), token)
    const after = await admin('/access/v1/evaluation', about, { 'Gatehouse-Consistency': token })
    assert.equal(after.json['decision'], true)
    const ahead = await admin('/access/v1/evaluation', about, { 'Gatehouse-Consistency': String(Number(token) + 5) })
    assert.equal(ahead.json['decision'], true)
    const bad = await admin('/access/v1/evaluation', about, { 'Gatehouse-Consistency': 'x' })
    assert.equal(bad.json['code'], 'access.bad-consistency')
  })

  test('a search with a newer token is answered from the database, whatever this node remembers', async (t) => {
    const { admin, house } = await world(t)
    const subject = { type: 'account', id: 'acc_bob' }
    const made = await admin('/api/v1/grants', { grantee: 'acc_bob', permissions: ['groups:read:beta'] })
    const token = String(made.headers['gatehouse-consistency'])
    const ahead = { 'Gatehouse-Consistency': String(Number(token) + 5) }
    const search = async (headers: Record<string, string>) => {
      const things = await admin(
        '/access/v1/search/resource',
        { subject, action: read, resource: { type: 'groups' } },
        headers,
      )
      const people = await admin(
        '/access/v1/search/subject',
        { subject: { type: 'account' }, action: read, resource: group('beta') },
        headers,
      )
      const actions = await admin('/access/v1/search/action', { subject, resource: group('beta') }, headers)
      const found = [things, people, actions].map(({ json }) => JSON.stringify(json['results']))
      return [found[0]?.includes('beta'), found[1]?.includes('acc_bob'), found[2]?.includes('read')]
    }
    assert.deepEqual(await search({}), [true, true, true])
    // another node's change of which this one has not heard: the epoch is not touched
    await house.kernel.database.tx(async (db) => {
      await tables<Tables>(db).updateTable('access_grants').set({ revoked_at: 1 }).execute()
      await tables<Tables>(db).deleteFrom('access_grant_patterns').execute()
    })
    // on PostgreSQL this node may hear of the grant only now, and ask anew
    if (dialect === 'sqlite') assert.deepEqual((await search({}))[0], true, 'remembered')
    assert.deepEqual(await search(ahead), [false, false, false])
    assert.equal(
      (await admin('/access/v1/search/action', { subject, resource: group('beta') }, { 'Gatehouse-Consistency': 'x' }))
        .status,
      400,
    )
  })

  test('the configuration names every endpoint, to everybody', async (t) => {
    const { as } = await world(t)
    const { json } = await as('')('/.well-known/authzen-configuration', undefined)
    assert.match(String(json['access_evaluation_endpoint']), /^https:\/\/.+\/access\/v1\/evaluation$/)
    assert.match(String(json['search_subject_endpoint']), /\/access\/v1\/search\/subject$/)
  })
})

test('the patterns that cover a permission are all written down', () => {
  const texts = patternsCovering({ type: 't', action: 'a', id: ['x', 'y'] })
  assert.deepEqual(
    texts?.filter((text) => text.startsWith('t:a')).toSorted(),
    ['t:a', 't:a:**', 't:a:*/*', 't:a:*/**', 't:a:*/y', 't:a:x/*', 't:a:x/**', 't:a:x/y'].toSorted(),
  )
})
