import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { addPerson, adminPassword, browser, startSetUpNode } from './testing.ts'

const planted = ['planted-Secret-one-4711', 'planted-Secret-two-4712', 'planted-Secret-new-4713']
const [one = '', two = '', fresh = ''] = planted

eachDialect((_, open) => {
  test('attack 39: no page, error, log line or journal record holds a secret', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = await addPerson(node.admin, 'ada', one)
    const ada = browser(node)
    const texts: string[] = []
    const keep = async (asked: Promise<{ text: string; headers: object }>) => {
      const { text, headers } = await asked
      const { 'set-cookie': _cookies, ...rest } = headers as Record<string, unknown>
      texts.push(text, JSON.stringify(rest))
    }
    await ada.signIn('ada', one)
    const session = ada.cookies.get('__Host-gatehouse') ?? ''
    const made = await node.admin.post('/api/v1/tokens', { label: 'CI', permissions: ['*'], expiresAt: null })
    const secret = String(made.json['secret'])
    const bearer = { authorization: `Bearer ${secret}` }

    // people type passwords where handles belong, and into every other field
    const stranger = browser(node, '198.51.100.1')
    await keep(stranger.post('/sign-in', { handle: two, password: two }))
    await keep(stranger.post('/sign-in', { handle: two, password: '' }))
    await keep(stranger.post('/sign-in', { handle: '', password: two }))
    await keep(stranger.post('/sign-in', { handle: two, password: two, to: '/accounts', other: two }))
    for (let i = 0; i < 6; i += 1) await keep(stranger.post('/sign-in', { handle: two, password: two }))
    await keep(stranger.post('/api/v1/sign-in', { handle: two, password: two, label: 'x' }))
    await keep(stranger.post('/api/v1/sign-in', { handle: 7, password: two, label: 'x' }))
    await keep(node.call({ method: 'POST', path: '/api/v1/sign-in', body: `{"password":"${two}"` }))

    const change = { presentPassword: two, password: fresh, passwordAgain: fresh }
    await keep(ada.post('/account/password', change))
    await keep(ada.post('/account/password', { ...change, passwordAgain: two }))
    await keep(ada.post('/account/password', { ...change, password: 'short', passwordAgain: 'short' }))
    await keep(ada.post('/account/password', { ...change, extra: fresh }))
    await keep(ada.post('/account/password', { presentPassword: one, password: fresh, passwordAgain: fresh }))
    const account = { handle: 'bad handle', displayName: 'x', email: '', password: two, passwordAgain: two }
    await keep(node.admin.post('/accounts', account))
    await keep(node.admin.post('/accounts', { ...account, passwordAgain: one }))
    await keep(node.admin.post('/api/v1/accounts', { handle: 'bad handle', displayName: 'x', password: two }))
    await keep(node.admin.post(`/api/v1/accounts/${id}/reset-password`, { password: two }))

    for (const path of [
      '/account',
      '/account/security',
      '/account/password',
      '/account/tokens/new',
      '/accounts',
      '/accounts/new',
      `/accounts/${id}`,
    ]) {
      await keep(node.admin.get(path))
    }
    for (const step of ['disable', 'enable', 'delete', 'reset-password'])
      await keep(node.admin.get(`/accounts/${id}/${step}`))
    for (const path of [
      '/api/v1/me',
      '/api/v1/tokens',
      '/api/v1/sessions',
      '/api/v1/accounts',
      `/api/v1/accounts/${id}`,
    ]) {
      await keep(node.call({ path, headers: bearer }))
      await keep(node.call({ path, headers: { authorization: `Bearer ${secret}x` } }))
      await keep(node.call({ path, headers: { cookie: `__Host-gatehouse=${session}` } }))
    }
    await node.kernel.journal.flush()
    const journal = JSON.stringify(await listAudit(node.kernel.database.db, {}, { limit: 500 }))
    const log = JSON.stringify(node.log.entries, (_key, value: unknown) =>
      value instanceof Error ? { message: value.message, stack: value.stack } : value,
    )
    const forbidden = [
      one,
      two,
      fresh,
      adminPassword,
      session,
      secret,
      secret.slice(4),
      ...planted.map((text) => text.toLowerCase()),
    ]
    for (const [where, text] of [
      ['journal', journal],
      ['log', log],
      ...texts.map((text) => ['answer', text]),
    ] as const) {
      for (const value of forbidden) assert.ok(!text?.includes(value), `${where} holds ${value}: ${text}`)
      assert.doesNotMatch(text ?? '', /\$argon2id|at \w+ \(file:/, where)
    }
    assert.ok(texts.length > 60 && journal.length > 1_000, 'there was something to look at')
  })

  test('attack 39: a repeated Idempotency-Key is told no secret a second time', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = await addPerson(node.admin, 'ada', one)
    const label = { label: 'CI' }
    const asked = [
      ['/api/v1/accounts', { handle: 'bert', displayName: 'Bert' }],
      [`/api/v1/accounts/${id}/reset-password`, {}],
      ['/api/v1/tokens', { ...label, permissions: ['*'], expiresAt: null }],
      ['/api/v1/sign-in', { ...label, handle: 'admin', password: adminPassword }],
    ] as const
    const cookie = [...node.admin.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const ask = (path: string, key: string, body: Readonly<Record<string, unknown>>) =>
      node.call({ method: 'POST', path, address: '192.0.2.1', headers: { cookie, 'idempotency-key': key }, body })
    for (const [path, body] of asked) {
      const [first, second] = [await ask(path, 'again', body), await ask(path, 'again', body)]
      assert.ok(first.status < 300 && /"(?:password|secret)":/.test(first.text), `${path}: ${first.text}`)
      assert.equal(second.json['code'], 'platform.answer-not-kept', `${path}: ${second.text}`)
    }
    const typed = { handle: 'cleo', displayName: 'Cleo', password: two }
    assert.equal((await ask('/api/v1/accounts', 'typed', typed)).status, 201)
    assert.equal((await ask('/api/v1/accounts', 'typed', typed)).headers['idempotency-replayed'], 'true')
  })
})
