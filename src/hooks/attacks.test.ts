import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { listAudit, tables } from '#platform'
import { eachDialect } from '#platform/testing'
import { webhookUrl } from './contract.ts'
import { egressOf } from './open.ts'
import { startHooks, startReceiver } from './testing.ts'

const role = { type: 'roles', id: 'rol_1', name: 'editors' }

test('attack 24: an address that could be read in two ways is refused, not repaired', () => {
  for (const url of [
    'https://example.org/\r\nX-Injected: 1',
    'https://example.org/\nhook',
    'https://example.org/\thook',
    ' https://example.org/',
    'https://example.org\\@inside/',
    'https://user@example.org/',
    'https://user:password@example.org/',
    'https://@example.org:x/',
    'https://example.org/#fragment',
    'https://exämple.org/',
    'https://１２７.0.0.1/',
    'https://',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'gopher://example.org/',
    'example.org/hook',
    `https://example.org/${'x'.repeat(2_000)}`,
  ]) {
    assert.ok(!webhookUrl.safeParse(url).success, url)
  }
  assert.ok(webhookUrl.safeParse('https://example.org:8443/hook/@channel?key=a%0Ab').success)
})

eachDialect((_dialect, open) => {
  test('attack 24: addresses of this machine and its networks are not called, in any spelling, and what is told names nothing', async (t) => {
    const { port, received } = await startReceiver(t)
    const hooks = await startHooks(t, open, { config: { allowNetworks: [], allowHttp: [] } })
    const hosts = [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[64:ff9b::7f00:1]',
      'localhost',
    ]
    for (const [index, host] of hosts.entries()) {
      const made = await hooks.api('POST', '/webhooks', { name: `w${index}`, url: `https://${host}:${port}/` })
      assert.equal(made.status, 201, made.text)
      const { json, text } = await hooks.api('POST', `/webhooks/w${index}/test`)
      assert.deepEqual([json['delivered'], json['reason'], json['answer']], [false, 'not-allowed', null], host)
      assert.ok(!text.includes('127.0.0.1'))
    }
    assert.equal(received.length, 0)
  })

  test('attack 24: a name that is rebound after the check leads nowhere else', async (t) => {
    const { port, received } = await startReceiver(t)
    const asked: string[] = []
    const hooks = await startHooks(t, open, {
      config: { allowNetworks: [], allowHttp: ['rebind.example'] },
      egress: egressOf({ allowNetworks: [], allowHttp: [] }, async (host) => {
        asked.push(host)
        return asked.length === 1 ? ['192.0.2.1', '127.0.0.1'] : ['127.0.0.1']
      }),
    })
    await hooks.api('POST', '/webhooks', { name: 'siem', url: `http://rebind.example:${port}/` })
    for (let attempt = 0; attempt < 2; attempt++) {
      assert.equal((await hooks.api('POST', '/webhooks/siem/test')).json['reason'], 'not-allowed')
    }
    assert.deepEqual([asked.length, received.length], [2, 0])
  })

  test('attack 24: a redirect is not followed', async (t) => {
    const inside = await startReceiver(t)
    const { url } = await startReceiver(t, (_, response) => response.writeHead(307, { location: inside.url }).end())
    const hooks = await startHooks(t, open)
    await hooks.api('POST', '/webhooks', { name: 'siem', url })
    const { json } = await hooks.api('POST', '/webhooks/siem/test')
    assert.deepEqual([json['delivered'], json['status'], json['reason']], [false, 307, 'redirect'])
    assert.equal(inside.received.length, 0)
  })

  test('attack 24: plain http is refused unless the machine’s owner named the host', async (t) => {
    const hooks = await startHooks(t, open, { config: { allowHttp: ['hooks.internal'] } })
    const refused = await hooks.api('POST', '/webhooks', { name: 'siem', url: 'http://example.org/' })
    assert.deepEqual([refused.status, refused.json['code']], [422, 'hooks.http-refused'])
    assert.equal((await hooks.api('POST', '/webhooks', { name: 'a', url: 'http://hooks.internal/' })).status, 201)
    const moved = await hooks.api('PATCH', '/webhooks/a', { url: 'http://example.org/' })
    assert.equal(moved.json['code'], 'hooks.http-refused')
  })

  test('attack: a giant answer is cut at 512 bytes and its controls are made visible; an endless one ends there', async (t) => {
    const { url } = await startReceiver(t, (_, response) => {
      response.writeHead(200)
      response.write(`\u001b[31m\u202e<script>${'x'.repeat(100_000)}`)
      const timer = setInterval(() => response.write('x'.repeat(10_000)), 1)
      response.on('close', () => clearInterval(timer))
    })
    const hooks = await startHooks(t, open)
    await hooks.api('POST', '/webhooks', { name: 'siem', url })
    const { json } = await hooks.api('POST', '/webhooks/siem/test')
    const answer = String(json['answer'])
    assert.equal(json['delivered'], true)
    assert.ok(Buffer.byteLength(answer) <= 520, String(Buffer.byteLength(answer)))
    assert.ok(!/[\p{Cc}\p{Cf}]/u.test(answer))
  })

  test('attack: a receiver that drips or never answers is a failure in bounded time', async (t) => {
    const hooks = await startHooks(t, open, {
      egress: {
        request: (url, options) =>
          egressOf({ allowNetworks: ['127.0.0.0/8'], allowHttp: [] }).request(url, {
            ...options,
            timeoutMs: options?.timeoutMs === 10_000 ? 200 : 60_000,
          }),
      },
    })
    const { url } = await startReceiver(t, (_, response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write('x'), 50)
      response.on('close', () => clearInterval(timer))
    })
    await hooks.api('POST', '/webhooks', { name: 'siem', url })
    assert.equal((await hooks.api('POST', '/webhooks/siem/test')).json['reason'], 'no-answer')
  })

  test('attack: no secret and no path is in logs, journal, later answers or the database', async (t) => {
    const hooks = await startHooks(t, open)
    const { url } = await startReceiver(t, (_, response) => response.writeHead(500).end())
    const secretUrl = `${url}/planted-path?key=planted-query`
    const made = await hooks.api('POST', '/webhooks', { name: 'siem', url: secretUrl })
    const secret = String(made.json['secret']).slice('whsec_'.length)
    await hooks.change('roles.create', role, { permissions: [] })
    await hooks.settle()
    await hooks.api('POST', '/webhooks/siem/rotate-secret')
    await hooks.settle()
    const journal = JSON.stringify(await listAudit(hooks.kernel.database.db, {}, { limit: 100 }))
    const log = inspect(hooks.log.entries, { depth: 8 })
    const later =
      (await hooks.api('GET', '/webhooks')).text + (await hooks.api('GET', '/webhooks/siem/deliveries')).text
    for (const planted of [secret, 'whsec_', 'planted-path', 'planted-query']) {
      assert.ok(!journal.includes(planted), `${planted} in the journal`)
      assert.ok(!log.includes(planted), `${planted} in the log`)
      if (!planted.startsWith('planted')) assert.ok(!later.includes(planted), `${planted} told again`)
    }
    const rows = await tables<{ hooks_endpoints: { secret: Uint8Array; former_secret: Uint8Array } }>(
      hooks.kernel.database.db,
    )
      .selectFrom('hooks_endpoints')
      .select(['secret', 'former_secret'])
      .execute()
    const bytes = Buffer.from(secret, 'base64')
    for (const row of rows)
      assert.ok(!Buffer.from(row.secret).includes(bytes) && !Buffer.from(row.former_secret).includes(bytes))
  })

  test('attack 39: a repeated key does not tell a secret a second time', async (t) => {
    const hooks = await startHooks(t, open)
    const ask = () =>
      hooks.call({
        method: 'POST',
        path: '/api/v1/webhooks',
        local: true,
        headers: { 'idempotency-key': 'once' },
        body: { name: 'siem', url: 'https://example.org/' },
      })
    assert.match((await ask()).text, /whsec_/)
    assert.ok(!(await ask()).text.includes('whsec_'))
  })

  test('attack: a flood of events pauses the endpoint before it fills the disk', async (t) => {
    const hooks = await startHooks(t, open)
    const { url } = await startReceiver(t, (_, response) => response.writeHead(500).end())
    await hooks.api('POST', '/webhooks', { name: 'siem', url, events: ['roles.*'] })
    await hooks.change('roles.create', role, { permissions: [] })
    await hooks.settle()
    const { id } = (await hooks.api('GET', '/webhooks/siem')).json
    await hooks.kernel.database.tx(async (db) => {
      for (let first = 0; first < 10_000; first += 500) {
        await tables<{ hooks_deliveries: Record<string, unknown> }>(db)
          .insertInto('hooks_deliveries')
          .values(
            Array.from({ length: 500 }, (_, index) => ({
              id: `dlv_${first + index}`,
              endpoint_id: id,
              event_id: `evt_${first + index}`,
              event: 'roles.create',
              sequence: first + index,
              state: 'waiting',
              attempts: 1,
              due_at: Number.MAX_SAFE_INTEGER,
              created_at: 0,
            })),
          )
          .execute()
      }
    })
    await hooks.change('roles.create', role, { permissions: [] })
    await hooks.deliverEvents()
    const { json } = await hooks.api('GET', '/webhooks/siem')
    assert.deepEqual([json['state'], json['pausedReason']], ['paused', 'overflow'])
  })
})
