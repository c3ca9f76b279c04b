import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addPerson, browser } from '#identity/testing'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import {
  apply,
  bearer,
  changesOf,
  type Document,
  exported,
  faultsOf,
  planOf,
  type StateNode,
  startStateNode,
} from './house.ts'

const password = 'a long enough password'

/** Somebody with a role of these permissions, signed in in a browser. */
async function person(node: StateNode, handle: string, permissions: readonly string[]) {
  const id = await addPerson(node.admin, handle, password)
  if (permissions.length > 0) {
    await apply(node.local, {
      roles: { [`of-${handle}`]: { title: handle, permissions, holders: { accounts: [handle] } } },
    })
  }
  const own = browser(node, '192.0.2.77')
  await own.signIn(handle, password)
  const ask = (method: string, path: string, body?: Document) => own.send(method, path, body)
  return { id, own, ask }
}

const blog = { host: 'blog.localhost', upstreams: ['http://127.0.0.1:3000'] }

eachDialect((_, open) => {
  test('every fault is told at once, each with its place', async (t) => {
    const node = await startStateNode(t, open)
    const wrong = {
      version: 2,
      planets: {},
      routes: null,
      networks: { Office: { title: 'Office', cidrs: ['10.0.0.0/8'] }, vpn: { title: 'VPN', cidrs: ['10.0.0.0/99'] } },
      roles: { ops: { title: 'Ops', permissions: ['routes:fly', 'routes:read'], holder: [] } },
      tokens: { 'no owner': {} },
    }
    const faults = await faultsOf(node.local, wrong)
    for (const place of [
      '/version: ',
      '/planets: no kind of state',
      '/routes: ',
      '/networks/Office: lower-case',
      '/networks/vpn/cidrs/0: 10.0.0.0/99',
      '/roles/ops/permissions/0: not a permission',
      '/roles/ops/holder: unknown field',
      '/tokens/no owner: owner/label',
    ]) {
      assert.ok(
        faults.some((fault) => fault.startsWith(place)),
        `${place} in ${faults.join('\n')}`,
      )
    }
    const unknown = {
      groups: { a: { title: 'A', members: { accounts: ['zoe', 'admin', 'bob'] } } },
      routes: { blog: { ...blog, networks: ['10.0.0.0/8', '@moon'] } },
      tokens: { 'nobody/x': { permissions: ['*'] } },
    }
    assert.deepEqual((await faultsOf(node.local, unknown)).toSorted(), [
      '/groups/a/members/accounts/0: there is no accounts/zoe',
      '/groups/a/members/accounts/2: there is no accounts/bob',
      '/routes/blog/networks/1: there is no networks/moon',
      '/tokens/nobody~1x: there is no accounts/nobody',
    ])
  })

  test('what only the use-cases find is told at once too, and what depends on it is not blamed', async (t) => {
    const node = await startStateNode(t, open)
    await apply(node.local, { routes: { blog }, groups: { gone: { title: 'Gone' } } })
    await apply(node.local, { groups: {} }, true)
    const faults = await faultsOf(node.local, {
      accounts: { sam: { email: 'nowhere' }, fred: { displayName: '' } },
      groups: { gone: { title: 'Again' }, watch: { title: 'Watch', members: { accounts: ['sam'], groups: ['gone'] } } },
      roles: { auditor: { title: 'Mine' } },
      routes: { other: blog },
    })
    assert.deepEqual(faults.map((fault) => fault.split(': ')[0] ?? '').toSorted(), [
      '/accounts/fred/displayName',
      '/accounts/sam/email',
      '/groups/gone',
      '/roles/auditor',
      '/routes/other',
    ])
    assert.deepEqual(await changesOf(node.local, await exported(node.local)), [])
  })

  test('attack: keys that reach prototypes are names like others, and faults', async (t) => {
    const node = await startStateNode(t, open)
    for (const state of [
      '{"__proto__":{"a":{}}}',
      '{"constructor":{}}',
      '{"routes":{"__proto__":{"host":"x.localhost"}}}',
      '{"routes":{"blog":{"__proto__":{"host":"x.localhost"}}}}',
      '{"routes":{"blog":{"host":"blog.localhost","upstreams":["http://127.0.0.1:1"],"timeouts":{"__proto__":{}}}}}',
      '[]',
      '7',
      'null',
    ]) {
      const body = `{"state":${state}}`
      const headers = { 'content-type': 'application/json' }
      const answer = await node.call({ method: 'POST', path: '/api/v1/state/plan', local: true, headers, body })
      assert.equal(answer.status, 422, `${state}: ${answer.text}`)
    }
    const deep = `{"state":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`
    const answer = await node.call({
      method: 'POST',
      path: '/api/v1/state/plan',
      local: true,
      headers: { 'content-type': 'application/json' },
      body: deep,
    })
    assert.equal(answer.status, 400)
    const many = Object.fromEntries(Array.from({ length: 5_001 }, (_, index) => [`n${index}`, {}]))
    assert.match((await faultsOf(node.local, { groups: many })).join('\n'), /At most 5000 items/)
  })

  test('nobody does with a file what their own API calls would not', async (t) => {
    const node = await startStateNode(t, open)
    await apply(node.local, { routes: { blog }, networks: { office: { title: 'Office', cidrs: ['10.0.0.0/8'] } } })
    const editor = await person(node, 'editor', ['routes:read', 'routes:update:blog', 'roles:create', 'roles:read'])
    assert.deepEqual(await changesOf(editor.ask, { routes: { blog: { path: '/b' } } }), ['update routes/blog'])
    const refused: readonly (readonly [Document, RegExp, boolean?])[] = [
      [{ routes: { other: { ...blog, host: 'o.localhost' } } }, /\/routes\/other: .*routes:create/],
      [{ routes: {} }, /\/routes\/blog: .*routes:delete:blog/, true],
      [{ networks: { vpn: { title: 'VPN', cidrs: ['10.0.0.0/8'] } } }, /networks:create/],
      [{ accounts: { sam: {} } }, /accounts:create/],
      // may make roles, but hands on only what they hold
      [{ roles: { mine: { title: 'Mine', permissions: ['*'] } } }, /\/roles\/mine: .*\* would be passed on/],
      [{ roles: { 'of-editor': { permissions: ['*'] } } }, /roles:update:of-editor/],
      [{ roles: { administrator: { holders: { accounts: ['editor', 'admin'] } } } }, /roles:assign:administrator/],
      [{ tokens: { 'editor/all': { permissions: ['*'] } } }, /\/tokens\/editor~1all: .*\* would be passed on/],
      [{ tokens: { 'admin/mine': { permissions: ['routes:read'] } } }, /credentials:reset/],
    ]
    for (const [state, message, prune] of refused) {
      assert.match((await faultsOf(editor.ask, state, prune)).join('\n'), message, JSON.stringify(state))
    }
    await node.kernel.journal.flush()
    const records = await listAudit(node.kernel.database.db, { outcome: 'refused' }, { limit: 100 })
    assert.ok(records.some(({ actor }) => actor.name === 'editor'))
  })

  test('export and plan hide what the caller may not read, and whether it is there', async (t) => {
    const node = await startStateNode(t, open)
    await apply(node.local, {
      routes: { blog, wiki: { ...blog, host: 'wiki.localhost' } },
      accounts: { secret: {} },
      tokens: { 'admin/x': { permissions: ['routes:read'] } },
    })
    const reader = await person(node, 'reader', ['routes:read:blog', 'groups:create', 'groups:read', 'groups:update'])
    const state = (await exported(reader.ask)) as Record<string, Record<string, unknown>>
    assert.deepEqual(Object.keys(state['routes'] ?? {}), ['blog'])
    assert.deepEqual(Object.keys(state['accounts'] ?? {}), ['reader'], 'one’s own account')
    assert.deepEqual(state['tokens'], {})
    assert.deepEqual(state['roles'], {})
    const told = async (there: Document, absent: Document) => {
      const [first, second] = [await faultsOf(reader.ask, there), await faultsOf(reader.ask, absent)]
      assert.deepEqual(
        first.map((fault) => fault.replaceAll(/wiki|secret|admin\/x|admin~1x/g, 'NAME')),
        second.map((fault) => fault.replaceAll(/none|admin\/none|admin~1none/g, 'NAME')),
      )
    }
    await told(
      { routes: { wiki: { upstreams: blog.upstreams, host: 'h.localhost' } } },
      { routes: { none: { upstreams: blog.upstreams, host: 'h.localhost' } } },
    )
    await told({ accounts: { secret: {} } }, { accounts: { none: {} } })
    await told(
      { groups: { g: { title: 'G', members: { accounts: ['secret'] } } } },
      { groups: { g: { title: 'G', members: { accounts: ['none'] } } } },
    )
    await told({ tokens: { 'secret/t': { permissions: ['*'] } } }, { tokens: { 'none/t': { permissions: ['*'] } } })
    assert.deepEqual((await planOf(reader.ask, { groups: {} }, true)).items, [])
  })

  test('the page shows what is in the file and who applied one, to those who may read the journal', async (t) => {
    const node = await startStateNode(t, open)
    await apply(node.local, { routes: { blog } })
    const page = await node.admin.get('/state')
    assert.equal(page.status, 200, page.text)
    assert.match(page.text, /href="\/state\/state\.yaml"/)
    assert.match(page.text, /<code>routes<\/code>/)
    assert.match(page.text, />local</)
    const file = await node.admin.get('/state/state.yaml')
    assert.match(file.headers['content-disposition'] ?? '', /attachment; filename="state\.yaml"/)
    assert.match(file.text, /host: blog\.localhost/)
    const stranger = await person(node, 'nosy', [])
    assert.equal((await stranger.own.get('/state')).status, 403)
    assert.doesNotMatch((await stranger.own.get('/state/state.yaml')).text, /blog|admin/)
  })

  test('an answer with secrets is never kept for a repetition', async (t) => {
    const node = await startStateNode(t, open)
    const state = { accounts: { sam: {} } }
    const { fingerprint } = await planOf(node.local, state)
    const body = { state, fingerprint }
    const again = () =>
      node.call({
        method: 'POST',
        path: '/api/v1/state/apply',
        local: true,
        headers: { 'idempotency-key': 'once' },
        body,
      })
    const [first, second] = [await again(), await again()]
    assert.equal(first.status, 200, first.text)
    assert.equal(second.json['code'], 'platform.answer-not-kept', second.text)
  })

  test('of very many faults two hundred are told, each still with its place', async (t) => {
    const node = await startStateNode(t, open)
    const accounts = Array.from({ length: 250 }, (_, index) => `nobody-${String(index).padStart(3, '0')}`)
    const ops = { title: 'Ops', members: { accounts } }
    const faults = await faultsOf(node.local, { groups: { ops, watch: ops } })
    assert.equal(faults.length, 200)
    assert.equal(faults.at(-1), '/groups/ops/members/accounts/199: there is no accounts/nobody-199')
    const nosy = await person(node, 'nosy', [])
    const networks: Record<string, unknown> = {}
    for (let index = 0; index < 250; index++) networks[`net-${index}`] = { title: 'N', cidrs: ['10.0.0.0/8'] }
    assert.equal((await faultsOf(nosy.ask, { networks })).length, 200)
  })

  test('a stranger gets nothing', async (t) => {
    const node = await startStateNode(t, open)
    assert.equal((await node.call({ path: '/api/v1/state' })).status, 401)
    assert.equal((await node.call({ method: 'POST', path: '/api/v1/state/plan', body: { state: {} } })).status, 401)
    const wrong = { authorization: 'Bearer gat_wrong' }
    assert.equal((await node.call({ path: '/api/v1/state', headers: wrong })).status, 401)
  })

  test('what is applied is what was shown: anything else in between is refused', async (t) => {
    const node = await startStateNode(t, open)
    await apply(node.local, { routes: { blog } })
    const state = { routes: { blog: { path: '/new' } } }
    const { fingerprint } = await planOf(node.local, state)
    const send = (body: Document) => node.local('POST', '/api/v1/state/apply', body)
    assert.equal((await send({ state: { routes: { blog: { path: '/other' } } }, fingerprint })).status, 409)
    assert.equal((await send({ state, prune: true, fingerprint: 'x' })).status, 409)
    assert.equal((await send({ state })).status, 400)
    await node.local('PATCH', '/api/v1/routes/blog', { path: '/meanwhile' })
    const late = await send({ state, fingerprint })
    assert.equal(late.status, 409, late.text)
    assert.equal(late.json['code'], 'state.changed-meanwhile')
    const both = await planOf(node.local, state)
    const answers = await Promise.all([1, 2].map(() => send({ state, fingerprint: both.fingerprint })))
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 409],
    )
  })

  test('a token may apply within its own limits, and is not pruned away by what it applies', async (t) => {
    const node = await startStateNode(t, open)
    const { secrets } = await apply(node.local, { tokens: { 'admin/ci': { permissions: ['routes:*', 'tokens:*'] } } })
    const ask = bearer(node, secrets[0]?.secret ?? '')
    assert.deepEqual(await changesOf(ask, { routes: { blog } }), ['create routes/blog'])
    assert.match(
      (await faultsOf(ask, { networks: { a: { title: 'A', cidrs: ['10.0.0.0/8'] } } })).join(),
      /networks:create/,
    )
    const { items, kept } = await planOf(ask, { tokens: {} }, true)
    assert.deepEqual(items, [])
    assert.deepEqual(kept, [{ kind: 'tokens', name: 'admin/ci', reason: 'the token that applies' }])
  })

  test('groups turn inside out, administrators change hands, and routes take each other’s place', async (t) => {
    const node = await startStateNode(t, open)
    const first = {
      accounts: { a: {}, b: {} },
      groups: { outer: { title: 'O', members: { groups: ['inner'] } }, inner: { title: 'I', members: { groups: [] } } },
      roles: { administrator: { holders: { accounts: ['a'] } } },
      routes: { blog },
    }
    await apply(node.local, first)
    const second = {
      groups: { outer: { members: { groups: [] } }, inner: { members: { groups: ['outer'] } } },
      roles: { administrator: { holders: { accounts: ['b'] } } },
      routes: { journal: blog },
    }
    assert.equal((await apply(node.local, second, true).then(({ items }) => items)).length, 5)
    assert.deepEqual(await changesOf(node.local, second, true), [])
    assert.match(
      (await faultsOf(node.local, { accounts: { b: { state: 'disabled' } } })).join(),
      /no active account would be administrator/,
    )
  })

  test('a file that makes or revokes tokens asks a session for a fresh proof, and any other does not', async (t) => {
    const node = await startStateNode(t, open)
    const { ask } = await person(node, 'ops', ['*'])
    const token = (permissions: readonly string[]) => ({ version: 1, tokens: { 'ops/nightly': { permissions } } })
    await apply(ask, token(['routes:read']))
    node.clock.advance(10 * 60_000)
    await apply(ask, { version: 1, networks: { office: { title: 'Office', cidrs: ['10.0.0.0/8'] } } })
    for (const stale of [
      token(['roles:read']),
      { version: 1, tokens: { 'ops/other': { permissions: ['routes:read'] } } },
    ]) {
      const faults = (await faultsOf(ask, stale)).join()
      assert.match(faults, /^\/tokens\/ops~1(nightly|other): .*a proof within the last ten minutes/)
    }
  })
})
