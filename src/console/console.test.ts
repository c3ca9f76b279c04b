import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, type TestContext, test } from 'node:test'
import type { Actor } from '#kit'
import type { AuditVerdict, Ctx, Input, Keyring, Reply, RequestView, Route, SetupStep } from '#platform'
import { eachDialect, fakeClock, type OpenDatabase, testContext } from '#platform/testing'
import { html } from '#platform/ui'
import type { Console } from './console.ts'
import { consoleErrors } from './errors.ts'
import { auditFilter, journalQuery, journalRoutes } from './journal-routes.ts'
import { overviewRoute } from './overview-route.ts'
import { publicRoutes } from './public-routes.ts'
import { securityTxt } from './security-txt.ts'
import { shell } from './shell.ts'
import { verifyPage } from './views/journal-record.ts'

const unused = () => assert.fail('pages seal nothing')
const keyring: Keyring = {
  seal: unused,
  open: unused,
  mac: (purpose, data) => createHmac('sha256', 'test').update(`${purpose}\0`).update(data).digest(),
}

const ada: Actor = {
  principal: { kind: 'account', id: 'acc_1', name: 'ada' },
  credential: {
    id: 'crd_1',
    kind: 'password',
    permissions: ['*'],
    networks: { allow: [], deny: [] },
    regions: [],
    expiresAt: undefined,
  },
  address: '203.0.113.7',
}

const step: SetupStep = {
  title: 'Put an app behind the gate',
  text: 'Nobody reaches it without signing in.',
  permission: 'routes:create',
  order: 10,
  action: { text: 'Add a route', href: '/routes/new' },
  command: 'gatehouse routes add',
  done: () => Promise.resolve(false),
}

function consoleFor(permissions: readonly string[], more: Partial<Console> = {}): Console {
  return {
    host: 'gatehouse.localhost',
    origin: () => 'https://gatehouse.localhost:8443',
    contact: undefined,
    keyring,
    allowed: (_, permission) => Promise.resolve(permissions.includes(permission)),
    opens: (_, path) => Promise.resolve(permissions.includes(path)),
    displayName: () => Promise.resolve('Ada <Lovelace>'),
    holdings: () => Promise.resolve({ roles: ['member'], groups: [] }),
    contributed: () => ({
      navigation: [
        { title: 'Routes', href: '/routes', permission: 'routes:read', order: 1, group: 'apps' as const },
        { title: 'Journal', href: '/journal', permission: 'audit:read', order: 2, group: 'record' as const },
      ],
      search: [],
      searchActions: [],
      setupSteps: [step],
      pending: [],
      apps: [() => Promise.resolve([{ name: 'blog.example.org', href: 'https://blog.example.org/' }])],
      errors: consoleErrors,
    }),
    ...more,
  }
}

async function contextFor(t: TestContext, open: OpenDatabase, actor: Actor = ada): Promise<Ctx> {
  const clock = fakeClock()
  return testContext({ database: await open(t, { clock }), clock, actor })
}

const request = { headers: new Headers() } as RequestView

/** Calls a route's handler with input as its door would have validated it. */
async function call(
  routes: readonly Route[],
  name: string,
  ctx: Ctx,
  input: Partial<Input<unknown, unknown, unknown>> = {},
): Promise<Reply> {
  const found = routes.find(({ method, path }) => `${method} ${path}` === name)
  assert.ok(found, name)
  const query = found.query?.parse(input.query ?? {})
  return found.handler(ctx, { params: input.params, query, body: undefined, request })
}

function textOf(reply: Reply): string {
  assert.equal(reply.kind, 'page')
  return reply.kind === 'page' ? reply.page.body.toString() : ''
}

function writeRecord(ctx: Ctx, action: string, name: string): Promise<void> {
  return ctx.tx((inner) =>
    inner.audit({
      action,
      target: { type: 'account', id: 'acc_2', name },
      detail: { why: name, list: [1, 2], endsAfter: null },
    }),
  )
}

eachDialect((_, open) => {
  test('the shell shows only the rooms a person may see, marks the current one, and offers sign-out as a form', async (t) => {
    const ctx = await contextFor(t, open)
    const page = { title: 'Journal', body: html`<h1>Journal</h1>`, section: '/journal', frame: 'full' } as const
    const markup = await shell(consoleFor(['audit:read']))(page, ctx)
    assert.doesNotMatch(markup, /href="\/routes"/)
    assert.match(markup, /<a href="\/journal" aria-current="page">Journal<\/a>/)
    assert.equal(markup.match(/aria-current/g)?.length, 1)
    assert.match(markup, /<form class="inline" method="post" action="\/sign-out">/)
    assert.match(markup, /Ada &lt;Lovelace&gt;/)
    assert.match(markup, /password from 203\.0\.113\.7/)
    assert.match(markup, /^<!doctype html>.*<main id="content"/s)
  })

  test('strangers get no rooms, and a page gets out when nothing can be asked', async (t) => {
    const page = { title: 'Error', body: html`<h1>Error</h1>`, frame: 'full' } as const
    const anonymous = { principal: { kind: 'anonymous', id: 'anonymous', name: 'anonymous' } } as const
    const ctx = await contextFor(t, open)
    const away = consoleFor([], { allowed: () => Promise.reject(new Error('the database is away')) })
    for (const [console, context] of [
      [consoleFor(['audit:read', 'routes:read']), ctx.as(anonymous)],
      [away, ctx],
    ] as const) {
      const markup = await shell(console)(page, context)
      assert.match(markup, /<h1>Error<\/h1>/)
      assert.doesNotMatch(markup, /class="rooms"|Ada/)
    }
  })

  test('the overview offers steps, journal and apps, each only to who may', async (t) => {
    const ctx = await contextFor(t, open)
    await writeRecord(ctx, 'accounts.create', 'grace')
    const all = textOf(await call([overviewRoute(consoleFor(['routes:create', 'audit:read']))], 'GET /', ctx))
    assert.match(all, /Put an app behind the gate.*gatehouse routes add.*blog\.example\.org.*accounts\.create.*member/s)
    const little = textOf(await call([overviewRoute(consoleFor([]))], 'GET /', ctx))
    assert.doesNotMatch(little, /Put an app|accounts\.create/)
    assert.match(little, /https:\/\/blog\.example\.org\//)
    const done = consoleFor(['routes:create'])
    const finished: Console = {
      ...done,
      contributed: () => ({
        ...done.contributed(),
        setupSteps: [{ ...step, done: () => Promise.resolve(true) }],
        apps: [],
      }),
    }
    const rest = textOf(await call([overviewRoute(finished)], 'GET /', ctx))
    assert.doesNotMatch(rest, /Put an app/)
    assert.match(rest, /No apps are open to you/)
  })

  test('the journal pages through records and keeps its filter', async (t) => {
    const ctx = await contextFor(t, open)
    const routes = journalRoutes(consoleFor(['audit:read']))
    assert.match(textOf(await call(routes, 'GET /journal', ctx)), /Nothing has happened yet/)
    for (let count = 0; count < 51; count += 1) await writeRecord(ctx, `accounts.create`, `person-${count}`)
    await writeRecord(ctx, 'routes.create', 'blog')

    const filter = { what: 'accounts.', who: 'ada' }
    const first = textOf(await call(routes, 'GET /journal', ctx, { query: filter }))
    assert.match(first, /person-50/)
    assert.doesNotMatch(first, /routes\.create|person-0</)
    const next = /rel="next" href="([^"]+)"/.exec(first)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const query = Object.fromEntries(new URLSearchParams(next.split('?')[1]))
    assert.deepEqual({ who: query['who'], what: query['what'] }, { who: 'ada', what: 'accounts.' })
    const second = textOf(await call(routes, 'GET /journal', ctx, { query }))
    assert.match(second, /person-0</)
    assert.doesNotMatch(second, /person-50|rel="next"/)

    await assert.rejects(call(routes, 'GET /journal', ctx, { query: { cursor: query['cursor'] } }), {
      code: 'platform.bad-cursor',
    })
    assert.match(textOf(await call(routes, 'GET /journal', ctx, { query: { who: 'nobody' } })), /No record matches/)
  })

  test('a record shows everything it holds as text, and its place in the chain', async (t) => {
    const ctx = await contextFor(t, open)
    const routes = journalRoutes(consoleFor(['audit:read']))
    await writeRecord(ctx, 'accounts.create', '<script>alert(1)</script>')
    const list = textOf(await call(routes, 'GET /journal', ctx))
    assert.doesNotMatch(list, /<script>/)
    const id = /\/journal\/(aud_[0-9a-f]+)/.exec(list)?.[1]
    const markup = textOf(await call(routes, 'GET /journal/{id}', ctx, { params: { id } }))
    assert.doesNotMatch(markup, /<script>/)
    assert.match(markup, /&lt;script&gt;.*acc_1.*203\.0\.113\.7.*crd_1.*Hash before/s)
    assert.match(markup, /<dt>ends after<\/dt><dd>none</)
    await assert.rejects(call(routes, 'GET /journal/{id}', ctx, { params: { id: 'aud_0' } }), {
      code: 'console.record-not-found',
      status: 404,
    })
  })

  test('verifying says that all is sound', async (t) => {
    const ctx = await contextFor(t, open)
    await writeRecord(ctx, 'accounts.create', 'grace')
    const markup = textOf(await call(journalRoutes(consoleFor([])), 'POST /journal/verify', ctx))
    assert.match(markup, /role="status".*record(s are| is) sound/s)
  })
})

test('what verifying says counts one record and none as one would say it', () => {
  const said = (verdict: AuditVerdict) => verifyPage(verdict).toString()
  const head = { seq: 1, hash: 'ab' }
  assert.match(said({ sound: true, checked: 1, waiting: 1, head }), /The one record is sound.*1 more waits to be/s)
  assert.match(said({ sound: true, checked: 2, waiting: 2, head }), /All 2 records are sound.*2 more wait to be/s)
  const broken = { seq: 2, id: undefined, problem: 'altered', explanation: 'it was altered' } as const
  assert.match(said({ sound: false, checked: 1, broken }), /It was altered\. The record before it is sound/)
  assert.match(said({ sound: false, checked: 3, broken }), /The 3 records before it are sound/)
  assert.doesNotMatch(said({ sound: false, checked: 0, broken }), /before it/)
})

test('every journal page needs audit:read', () => {
  for (const { access } of journalRoutes(consoleFor([]))) assert.deepEqual(access, { permission: 'audit:read' })
})

test('a filter’s days are whole ones in UTC, and bad input is refused', () => {
  const filter = journalQuery.parse({ from: '2026-11-22', to: '2026-11-22', outcome: 'refused' })
  assert.deepEqual(auditFilter(filter), {
    outcome: 'refused',
    from: Date.UTC(2026, 10, 22),
    to: Date.UTC(2026, 10, 23),
  })
  for (const bad of [
    { from: 'yesterday' },
    { outcome: 'perhaps' },
    { who: 'x'.repeat(201) },
    { cursor: 'x'.repeat(1025) },
  ]) {
    assert.equal(journalQuery.safeParse(bad).success, false)
  }
})

describe('what strangers may read', () => {
  const ctx = { now: Date.UTC(2026, 10, 22, 1, 2, 3) } as Ctx

  test('assets, immutable; no others', async () => {
    const routes = publicRoutes(consoleFor([]))
    const page = await shell(consoleFor([]))({ title: 'x', body: html`x`, frame: 'bare' }, ctx)
    const names = [...page.matchAll(/(?:href|src)="\/assets\/([^"]+)"/g)].map((match) => match[1])
    assert.equal(names.length, 4)
    for (const name of names) {
      const reply = await call(routes, 'GET /assets/{name}', ctx, { params: { name } })
      assert.match(reply.headers?.['Cache-Control'] ?? '', /immutable/)
    }
    await assert.rejects(call(routes, 'GET /assets/{name}', ctx, { params: { name: '../package.json' } }), {
      code: 'console.asset-not-found',
    })
  })

  test('what every error code means, and that others do not exist', async () => {
    const routes = publicRoutes(consoleFor([]))
    const list = textOf(await call(routes, 'GET /errors', ctx))
    for (const code of Object.keys(consoleErrors)) {
      assert.ok(list.includes(`/errors/${code}`))
      assert.match(textOf(await call(routes, 'GET /errors/{code}', ctx, { params: { code } })), /HTTP status/)
    }
    for (const code of ['console.none', 'constructor', '__proto__']) {
      await assert.rejects(call(routes, 'GET /errors/{code}', ctx, { params: { code } }), {
        code: 'console.code-not-found',
      })
    }
  })

  test('security.txt names the contact and an end within a year (RFC 9116)', async () => {
    const name = 'GET /.well-known/security.txt'
    await assert.rejects(call(publicRoutes(consoleFor([])), name, ctx), { code: 'console.no-contact' })
    const reply = await call(publicRoutes(consoleFor([], { contact: 'mailto:a@b.example' })), name, ctx)
    assert.ok(reply.kind === 'text')
    assert.equal(
      reply.body,
      securityTxt({ contact: 'mailto:a@b.example', origin: 'https://gatehouse.localhost:8443', now: ctx.now }),
    )
    assert.match(String(reply.body), /^Contact: mailto:a@b\.example\nExpires: 2027-05-21T00:00:00\.000Z\n/)
  })
})
