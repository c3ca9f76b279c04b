import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { listAudit, tables } from '#platform'
import { eachDialect, memorySeal } from '#platform/testing'
import { secretOf } from './signature.ts'
import { type Received, startHooks, startReceiver, type TestHooks } from './testing.ts'

const minute = 60_000
const hour = 60 * minute
const role = { type: 'roles', id: 'rol_1', name: 'editors' }

async function make(hooks: TestHooks, url: string, more: object = {}, as?: string): Promise<string> {
  const made = await hooks.api('POST', '/webhooks', { name: 'siem', url, ...more }, as)
  assert.equal(made.status, 201, made.text)
  return String(made.json['secret'])
}

async function deliveries(hooks: TestHooks, query = ''): Promise<readonly Record<string, unknown>[]> {
  const { json } = await hooks.api('GET', `/webhooks/siem/deliveries${query}`)
  return json['items'] as Record<string, unknown>[]
}

/** What a receiver works out for itself. */
function signatureOf({ headers, body }: Received, secret: string): string {
  const signed = [headers['webhook-id'], headers['webhook-timestamp'], body].map(String).join('.')
  return `v1,${createHmac('sha256', secretOf(secret)).update(signed).digest('base64')}`
}

const typeOf = ({ body }: Received): unknown => (JSON.parse(body) as { readonly type: unknown }).type

eachDialect((dialect, open) => {
  test('a journalled change reaches an endpoint: signed, with ids, names, actor and time, and nothing undeclared', async (t) => {
    const hooks = await startHooks(t, open)
    const { url, received } = await startReceiver(t)
    const secret = await make(hooks, url, { events: ['roles.*'] })
    await hooks.change('roles.create', role, { permissions: ['routes:read'], hidden: 'never told' })
    await hooks.change('groups.create', { type: 'groups', id: 'grp_1', name: 'staff' })
    await hooks.settle()
    assert.deepEqual(received.map(typeOf), ['roles.create'])
    const [{ body, headers }] = received as [Received]
    const { sequence, id, ...told } = JSON.parse(body) as Record<string, unknown>
    assert.equal(typeof sequence, 'number')
    assert.equal(headers['webhook-id'], id)
    assert.deepEqual(told, {
      type: 'roles.create',
      timestamp: new Date(hooks.clock.now()).toISOString(),
      data: {
        actor: { kind: 'system', id: 'system', name: 'system' },
        target: role,
        detail: { permissions: ['routes:read'] },
        requestId: (told['data'] as { requestId: string }).requestId,
      },
    })
    assert.equal(headers['webhook-signature'], signatureOf({ url: '', headers, body }, secret))
    const [delivery] = await deliveries(hooks)
    assert.equal(delivery?.['state'], 'delivered')
    assert.equal(delivery?.['status'], 204)
  })

  test('a refused message is repeated with growing pauses under the same id, and given up after ten attempts', async (t) => {
    const hooks = await startHooks(t, open)
    const { url, received } = await startReceiver(t, (_, response) =>
      response.writeHead(500).end('<b>out of order</b>'),
    )
    await make(hooks, url)
    await hooks.settle()
    const start = received.length
    await hooks.change('roles.delete', role, { permissions: [] })
    await hooks.settle()
    const [first] = await deliveries(hooks)
    assert.deepEqual(
      [first?.['state'], first?.['attempts'], first?.['status'], first?.['reason'], first?.['answer']],
      ['waiting', 1, 500, 'status', '<b>out of order</b>'],
    )
    await hooks.hooks.deliverDue()
    assert.equal((await deliveries(hooks))[0]?.['attempts'], 1, 'not before its time')
    for (let attempt = 0; attempt < 12; attempt++) {
      hooks.clock.advance(7 * hour)
      await hooks.hooks.deliverDue()
    }
    const [last] = await deliveries(hooks)
    assert.deepEqual([last?.['state'], last?.['attempts'], last?.['nextAttemptAt']], ['dead', 10, null])
    const ids = received
      .slice(start)
      .filter((one) => typeOf(one) === 'roles.delete')
      .map(({ headers }) => headers['webhook-id'])
    assert.equal(ids.length, 10)
    assert.equal(new Set(ids).size, 1)
  })

  test('Retry-After is honoured, and 410 pauses the endpoint with a record', async (t) => {
    const hooks = await startHooks(t, open)
    let status = 429
    const { url, received } = await startReceiver(t, (_, response) =>
      response.writeHead(status, { 'retry-after': '3600' }).end(),
    )
    await make(hooks, url, { events: ['roles.*'] })
    await hooks.change('roles.create', role, { permissions: [] })
    await hooks.settle()
    hooks.clock.advance(59 * minute)
    await hooks.hooks.deliverDue()
    assert.equal(received.length, 1)
    status = 410
    hooks.clock.advance(minute)
    await hooks.hooks.deliverDue()
    assert.equal(received.length, 2)
    const { json } = await hooks.api('GET', '/webhooks/siem')
    assert.deepEqual([json['state'], json['pausedReason']], ['paused', 'gone'])
    const records = await listAudit(hooks.kernel.database.db, { actionPrefix: 'webhooks.pause' }, { limit: 5 })
    assert.deepEqual(
      records.map(({ actor, detail }) => [actor.kind, detail]),
      [['system', { reason: 'gone' }]],
    )
    hooks.clock.advance(24 * hour)
    await hooks.settle()
    assert.equal(received.length, 2)
  })

  test('an endpoint that only fails for three days is paused, journalled and named at the next start', async (t) => {
    const hooks = await startHooks(t, open)
    const { url } = await startReceiver(t, (_, response) => response.writeHead(503).end())
    await make(hooks, url, { events: ['roles.*'] })
    for (let day = 0; day <= 3; day++) {
      await hooks.change('roles.create', role, { permissions: [] })
      await hooks.settle()
      const { json } = await hooks.api('GET', '/webhooks/siem')
      assert.equal(json['state'], day < 3 ? 'failing' : 'paused')
      hooks.clock.advance(24 * hour)
    }
    const [notice] = await hooks.house.notices()
    assert.match(notice?.text ?? '', /siem is paused/)
    assert.ok(hooks.log.entries.some(({ level, message }) => level === 'warn' && message.includes('three days')))
  })

  test('messages arrive in order; four go out abreast, and no more, while many wait', async (t) => {
    const hooks = await startHooks(t, open)
    let [now, most] = [0, 0]
    const { url, received } = await startReceiver(t, (_, response) => {
      most = Math.max(most, ++now)
      setTimeout(() => {
        now -= 1
        response.end()
      }, 10)
    })
    await make(hooks, url, { events: ['roles.*'] })
    for (let count = 0; count < 5; count++) await hooks.change('roles.create', role, { permissions: [String(count)] })
    await hooks.settle()
    const order = received.map(({ body }) => (JSON.parse(body) as { readonly sequence: number }).sequence)
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    )
    assert.equal(most, 1)
    await hooks.api('POST', '/webhooks/siem/pause')
    for (let count = 0; count < 35; count++) await hooks.change('roles.create', role, { permissions: [] })
    await hooks.deliverEvents()
    await hooks.api('POST', '/webhooks/siem/replay', { since: new Date(0).toISOString() })
    await hooks.api('POST', '/webhooks/siem/resume')
    await hooks.hooks.deliverDue()
    await hooks.hooks.deliverDue()
    assert.equal(received.length, 45)
    assert.ok(most > 1 && most <= 4, String(most))
  })

  test('of many that are written down at once, each has what its own attempt came to', async (t) => {
    const hooks = await startHooks(t, open)
    let asked = 0
    const answers = new Map<string, number>()
    const { url, received } = await startReceiver(t, (_, response) => {
      const status = ++asked % 7 === 0 ? 500 : 204
      answers.set(String(received.at(-1)?.headers['webhook-id']), status)
      response.writeHead(status).end()
    })
    await make(hooks, url, { events: ['roles.*'] })
    await hooks.api('POST', '/webhooks/siem/pause')
    for (let count = 0; count < 40; count++) await hooks.change('roles.create', role, { permissions: [] })
    await hooks.deliverEvents()
    await hooks.api('POST', '/webhooks/siem/replay', { since: new Date(0).toISOString() })
    await hooks.api('POST', '/webhooks/siem/resume')
    await hooks.hooks.deliverDue()
    const { items } = (await hooks.api('GET', '/webhooks/siem/deliveries?limit=200')).json as {
      readonly items: readonly { readonly eventId: string; readonly status: number; readonly attempts: number }[]
    }
    assert.equal(items.length, 40)
    assert.equal(received.length, 40, 'each was attempted once')
    for (const { eventId, status, attempts } of items) assert.deepEqual([status, attempts], [answers.get(eventId), 1])
  })

  test('a fault of ours in the middle of many loses nothing of what was sent', async (t) => {
    const hooks = await startHooks(t, open)
    const { url, received } = await startReceiver(t)
    await make(hooks, url, { events: ['roles.*'] })
    await hooks.api('POST', '/webhooks/siem/pause')
    for (let count = 0; count < 40; count++) await hooks.change('roles.create', role, { permissions: [] })
    await hooks.deliverEvents()
    await hooks.api('POST', '/webhooks/siem/replay', { since: new Date(0).toISOString() })
    await hooks.api('POST', '/webhooks/siem/resume')
    const decide = hooks.access.decide.bind(hooks.access)
    let asked = 0
    const failing = t.mock.method(hooks.access, 'decide', (...question: Parameters<typeof decide>) => {
      asked += 1
      if (asked === 20) throw new Error('the fault of a test')
      return decide(...question)
    })
    await hooks.hooks.deliverDue().catch((error: unknown) => assert.match(String(error), /the fault of a test/))
    failing.mock.restore()
    assert.ok(asked >= 20, 'the fault has come')
    await hooks.hooks.deliverDue()
    const ids = received.map(({ headers }) => headers['webhook-id'])
    assert.deepEqual([ids.length, new Set(ids).size], [40, 40], 'each was sent once')
  })

  test('one endpoint that hangs holds up no other', async (t) => {
    const hooks = await startHooks(t, open)
    const release = Promise.withResolvers<void>()
    const slow = await startReceiver(t, (_, response) => void release.promise.then(() => response.end()))
    const quick = await startReceiver(t)
    await make(hooks, slow.url, { events: ['roles.*'] })
    await hooks.api('POST', '/webhooks', { name: 'quick', url: quick.url, events: ['roles.*'] })
    for (let count = 0; count < 6; count++) await hooks.change('roles.create', role, { permissions: [] })
    await hooks.deliverEvents()
    const done = hooks.hooks.deliverDue()
    while (quick.received.length < 6 || slow.received.length < 1) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(slow.received.length, 1, 'one at a time while little waits')
    release.resolve()
    await done
    assert.equal(slow.received.length, 6)
  })

  test('pausing queues nothing, resuming goes on, and a replay sends what was missed', async (t) => {
    const hooks = await startHooks(t, open)
    const { url, received } = await startReceiver(t)
    await make(hooks, url, { events: ['roles.*'] })
    const since = new Date(hooks.clock.now()).toISOString()
    await hooks.change('roles.create', role, { permissions: [] })
    await hooks.settle()
    assert.equal((await hooks.api('POST', '/webhooks/siem/pause')).json['state'], 'paused')
    await hooks.change('roles.delete', role, { permissions: [] })
    await hooks.settle()
    assert.equal((await hooks.api('POST', '/webhooks/siem/resume')).json['state'], 'on')
    await hooks.settle()
    assert.deepEqual(received.map(typeOf), ['roles.create'])
    const replayed = await hooks.api('POST', '/webhooks/siem/replay', { since })
    assert.deepEqual([replayed.status, replayed.json], [202, { queued: 2, more: false }])
    await hooks.settle()
    assert.deepEqual(received.map(typeOf), ['roles.create', 'roles.create', 'roles.delete'])
    assert.equal(received[0]?.headers['webhook-id'], received[1]?.headers['webhook-id'])
    const [newest] = await deliveries(hooks)
    const again = await hooks.api('POST', `/webhooks/siem/deliveries/${String(newest?.['id'])}/replay`)
    assert.equal(again.status, 202, again.text)
    await hooks.settle()
    assert.equal(received.length, 4)
    const unknown = `dlv_${'0'.repeat(32)}`
    assert.equal((await hooks.api('POST', `/webhooks/siem/deliveries/${unknown}/replay`)).status, 404)
  })

  test('a rotated secret signs beside the former one for a day, then alone', async (t) => {
    const hooks = await startHooks(t, open)
    const { url, received } = await startReceiver(t)
    const former = await make(hooks, url, { events: ['roles.*'] })
    const rotated = await hooks.api('POST', '/webhooks/siem/rotate-secret')
    const secret = String(rotated.json['secret'])
    assert.notEqual(secret, former)
    assert.equal(rotated.headers['cache-control'], 'no-store')
    await hooks.change('roles.create', role, { permissions: [] })
    await hooks.settle()
    hooks.clock.advance(24 * hour)
    await hooks.change('roles.create', role, { permissions: [] })
    await hooks.settle()
    const [both, alone] = received as [Received, Received]
    assert.equal(both.headers['webhook-signature'], `${signatureOf(both, secret)} ${signatureOf(both, former)}`)
    assert.equal(alone.headers['webhook-signature'], signatureOf(alone, secret))
  })

  test('a test message goes out at once, paused or not, and its outcome is told and journalled', async (t) => {
    const hooks = await startHooks(t, open)
    const { url, received } = await startReceiver(t, (_, response) => response.writeHead(202).end('thanks'))
    await make(hooks, url, { events: ['roles.*'] })
    await hooks.api('POST', '/webhooks/siem/pause')
    const tested = await hooks.api('POST', '/webhooks/siem/test')
    assert.deepEqual(tested.json, { delivered: true, status: 202, reason: null, answer: 'thanks', ms: 0 })
    assert.equal(typeOf(received[0] as Received), 'ping')
    const records = await listAudit(hooks.kernel.database.db, { actionPrefix: 'webhooks.test' }, { limit: 5 })
    assert.deepEqual(records[0]?.detail, { delivered: true })
    assert.deepEqual(await deliveries(hooks), [])
  })

  test('an endpoint is told what its maker may read now, and nothing else', async (t) => {
    const hooks = await startHooks(t, open)
    const { url, received } = await startReceiver(t)
    await hooks.addPerson('acc_mara', ['webhooks:*', 'groups:read'])
    await make(hooks, url, {}, 'acc_mara')
    await hooks.change('roles.create', role, { permissions: [] })
    await hooks.change('groups.create', { type: 'groups', id: 'grp_1', name: 'staff' })
    await hooks.settle()
    assert.deepEqual(
      received.map(typeOf).filter((type) => type !== 'webhooks.create'),
      ['groups.create'],
    )
    const replay = await hooks.api('POST', '/webhooks/siem/replay', { since: new Date(0).toISOString() }, 'acc_mara')
    await hooks.settle()
    assert.ok(replay.status === 202 && !received.map(typeOf).includes('roles.create'))
  })

  test('what waits is not sent once its maker may not read it any more; a disabled maker pauses the endpoint', async (t) => {
    const hooks = await startHooks(t, open)
    let status = 500
    const { url, received } = await startReceiver(t, (_, response) => response.writeHead(status).end())
    await hooks.addPerson('acc_mara', ['webhooks:*', 'groups:read'])
    await make(hooks, url, { events: ['groups.*'] }, 'acc_mara')
    await hooks.change('groups.create', { type: 'groups', id: 'grp_1', name: 'staff' })
    await hooks.settle()
    assert.equal(received.length, 1)
    status = 204
    await hooks.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } }).tx(async (ctx) => {
      await hooks.access.setPrincipalState(ctx, 'acc_mara', 'disabled')
    })
    hooks.clock.advance(hour)
    await hooks.hooks.deliverDue()
    assert.equal(received.length, 1)
    const { json } = await hooks.api('GET', '/webhooks/siem')
    assert.deepEqual([json['state'], json['pausedReason'], json['waiting']], ['paused', 'owner', 1])
  })

  test('a token that is narrow makes a webhook that is as narrow, and one tied to a network makes none', async (t) => {
    const { url, received } = await startReceiver(t)
    const hooks = await startHooks(t, open, { credential: { permissions: ['webhooks:*'] } })
    await hooks.addPerson('acc_mara', ['*'])
    await make(hooks, url, { events: ['roles.*'] }, 'acc_mara')
    await hooks.change('roles.create', role, { permissions: [] })
    await hooks.settle()
    assert.deepEqual(received, [])
    const tied = await startHooks(t, open, { credential: { networks: { allow: ['192.0.2.0/24'], deny: [] } } })
    await tied.addPerson('acc_mara', ['*'])
    const refused = await tied.api('POST', '/webhooks', { name: 'siem', url }, 'acc_mara')
    assert.equal(refused.json['code'], 'hooks.limited-credential')
  })

  test('who changes where a webhook leads becomes whom it acts as: nobody reads through another’s endpoint', async (t) => {
    const hooks = await startHooks(t, open)
    const { url } = await startReceiver(t)
    const own = await startReceiver(t)
    await hooks.addPerson('acc_mallory', ['webhooks:*'])
    await make(hooks, url, { events: ['roles.*'] })
    const changed = await hooks.api('PATCH', '/webhooks/siem', { url: own.url }, 'acc_mallory')
    assert.equal(changed.status, 200, changed.text)
    assert.equal((changed.json['actsAs'] as { id: string }).id, 'acc_mallory')
    await hooks.change('roles.create', role, { permissions: [] })
    await hooks.settle()
    assert.deepEqual(own.received, [])
  })

  test('an event told twice is sent once', async (t) => {
    const hooks = await startHooks(t, open)
    const { url, received } = await startReceiver(t)
    await make(hooks, url, { events: ['roles.*'] })
    const [tell] = hooks.house.audience
    const announcement = {
      id: `evt_${'1'.repeat(32)}`,
      sequence: 7,
      event: 'roles.create',
      at: hooks.clock.now(),
      actor: { kind: 'system', id: 'system', name: 'system' },
      target: role,
      detail: { permissions: [] },
      requestId: 'req_1',
    } as const
    const ctx = hooks.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } })
    await tell?.(announcement, ctx)
    await tell?.(announcement, ctx)
    await hooks.settle()
    assert.equal(received.length, 1)
  })

  // a SQLite file belongs to one node
  if (dialect !== 'sqlite') {
    test('two nodes make each delivery once', async (outer) => {
      const [place, seal] = [await open.place(outer), memorySeal()]
      // a test of its own, so that both nodes are closed before their storage goes
      await outer.test('twenty of them', async (t) => {
        const first = await startHooks(t, open, { place, seal })
        const second = await startHooks(t, open, { place, seal, clock: first.clock })
        const { url, received } = await startReceiver(t)
        await make(first, url, { events: ['roles.*'] })
        for (let count = 0; count < 20; count++) await first.change('roles.create', role, { permissions: [] })
        await Promise.all([first.deliverEvents(), second.deliverEvents()])
        await first.deliverEvents()
        await Promise.all([first.hooks.deliverDue(), second.hooks.deliverDue()])
        await Promise.all([first.hooks.deliverDue(), second.hooks.deliverDue()])
        assert.equal(received.length, 20)
        assert.equal(new Set(received.map(({ headers }) => headers['webhook-id'])).size, 20)
      })
    })
  }

  test('a node that ends in the middle of an attempt loses nothing: the next one repeats it', async (outer) => {
    const [place, seal] = [await open.place(outer), memorySeal()]
    await outer.test('by its endpoint’s log', async (t) => {
      const first = await startHooks(t, open, { place, seal })
      let hang = true
      const reached = Promise.withResolvers<void>()
      const { url, received } = await startReceiver(t, (_, response) => {
        reached.resolve()
        if (!hang) response.end()
      })
      await make(first, url, { events: ['roles.*'] })
      await first.change('roles.create', role, { permissions: [] })
      await first.deliverEvents()
      const broken = first.hooks.deliverDue()
      await reached.promise
      await first.house.stop()
      await broken
      hang = false
      const [waiting] = await deliveries(first)
      assert.deepEqual([waiting?.['state'], waiting?.['attempts']], ['waiting', 0])
      const next = dialect === 'postgres' ? await startHooks(t, open, { place, seal, clock: first.clock }) : undefined
      if (next === undefined) return
      await next.hooks.deliverDue()
      assert.equal(received.length, 2)
      assert.equal(received[0]?.headers['webhook-id'], received[1]?.headers['webhook-id'])
    })
  })

  test('history is bounded by time: after 30 days event and delivery are forgotten', async (t) => {
    const hooks = await startHooks(t, open)
    const { url } = await startReceiver(t)
    await make(hooks, url, { events: ['roles.*'] })
    await hooks.change('roles.create', role, { permissions: [] })
    await hooks.settle()
    hooks.clock.advance(31 * 24 * hour)
    await hooks.change('roles.delete', role, { permissions: [] })
    await hooks.settle()
    const job = hooks.house.jobs.find(({ name }) => name === 'hooks.forget')
    await job?.run(hooks.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } }))
    assert.deepEqual(
      (await deliveries(hooks)).map((one) => one['event']),
      ['roles.delete'],
    )
  })

  test('deleting forgets secret, address and what was waiting; the name stays taken', async (t) => {
    const hooks = await startHooks(t, open)
    const { url, received } = await startReceiver(t, (_, response) => response.writeHead(500).end())
    await make(hooks, url, { events: ['roles.*'] })
    await hooks.change('roles.create', role, { permissions: [] })
    await hooks.settle()
    assert.equal((await hooks.api('DELETE', '/webhooks/siem')).status, 204)
    hooks.clock.advance(24 * hour)
    await hooks.settle()
    assert.equal(received.length, 1)
    assert.equal((await hooks.api('GET', '/webhooks/siem')).status, 404)
    assert.equal((await hooks.api('POST', '/webhooks', { name: 'siem', url })).json['code'], 'hooks.name-taken')
    const { rows } = await tables<object>(hooks.kernel.database.db).raw<{ readonly name: string }>(
      "select name from platform_jobs where name like 'hooks/whk%'",
      [],
    )
    assert.deepEqual(rows, [], 'nor does the lease of its lane stay')
  })

  test('deliveries are listed by state and by page, and a cursor serves only its own list', async (t) => {
    const hooks = await startHooks(t, open)
    const { url } = await startReceiver(t)
    await make(hooks, url, { events: ['roles.*'] })
    for (const action of ['roles.create', 'roles.delete', 'roles.create'])
      await hooks.change(action, role, { permissions: [] })
    await hooks.settle()
    const first = await hooks.api('GET', '/webhooks/siem/deliveries?limit=2')
    assert.equal((first.json['items'] as unknown[]).length, 2)
    const next = String(first.json['next'])
    assert.equal((await deliveries(hooks, `?limit=2&cursor=${next}`)).length, 1)
    assert.equal((await hooks.api('GET', `/webhooks/siem/deliveries?state=dead&cursor=${next}`)).status, 400)
    assert.deepEqual(await deliveries(hooks, '?state=dead'), [])
  })

  test('permissions: nothing is seen, made, replayed or deleted without its own', async (t) => {
    const hooks = await startHooks(t, open)
    const { url } = await startReceiver(t)
    await make(hooks, url)
    await hooks.addPerson('acc_reader', ['webhooks:read'])
    const asked: readonly [string, string, object | undefined, number][] = [
      ['GET', '/webhooks', undefined, 200],
      ['GET', '/webhooks/siem', undefined, 200],
      ['GET', '/webhooks/siem/deliveries', undefined, 200],
      ['POST', '/webhooks', { name: 'x', url }, 403],
      ['PATCH', '/webhooks/siem', { url }, 403],
      ['POST', '/webhooks/siem/pause', undefined, 403],
      ['POST', '/webhooks/siem/test', undefined, 403],
      ['POST', '/webhooks/siem/rotate-secret', undefined, 403],
      ['POST', '/webhooks/siem/replay', { since: new Date(0).toISOString() }, 403],
      ['DELETE', '/webhooks/siem', undefined, 403],
      ['GET', '/dead-events', undefined, 403],
    ]
    for (const [method, path, body, status] of asked) {
      const answer = await hooks.api(method, path, body as Record<string, unknown> | undefined, 'acc_reader')
      assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`)
      assert.ok(!answer.text.includes('whsec_'))
    }
  })
})
