import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { TOTP } from 'otpauth'
import { tables } from '#platform'
import { eachDialect } from '#platform/testing'
import { codesAround, wrongCode, wrongCodes } from '../one-time-codes/testing.ts'
import { SoftPasskey } from '../passkeys/testing.ts'
import type { IdentityTables } from '../tables.ts'
import { addPerson, type Browser, browser, startSetUpNode, type TestNode } from '../testing.ts'

const password = 'violet anchor meadow 4'
const half = '__Host-gatehouse-sign-in'
const session = '__Host-gatehouse'

function fieldOf(text: string, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? ''
}

function keyOf(text: string): TOTP {
  const key = /<code>((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})<\/code>/.exec(text)?.[1]?.replaceAll(' ', '') ?? ''
  assert.equal(key.length, 32, text)
  return new TOTP({ secret: key, algorithm: 'SHA1', digits: 6, period: 30 })
}

async function addApp(node: TestNode, person: Browser): Promise<(at?: number) => string> {
  const scan = await person.post('/account/credentials/new/totp', { label: 'Phone' })
  const app = keyOf(scan.text)
  const code = (at = node.clock.now()) => app.generate({ timestamp: at })
  const form = { label: 'Phone', enrolment: fieldOf(scan.text, 'enrolment'), code: code() }
  assert.equal((await person.post('/account/credentials/new/totp/confirm', form)).status, 200)
  node.clock.advance(30_000)
  return code
}

async function beginSignIn(node: TestNode, address = '192.0.2.77'): Promise<Browser> {
  const person = browser(node, address)
  assert.equal((await person.post('/sign-in', { handle: 'ada', password })).status, 200)
  assert.ok(person.cookies.get(half), 'half a sign-in')
  return person
}

/** As if it had been made with an end. */
async function endAt({ kernel }: TestNode, id: string, at: number): Promise<void> {
  await kernel.database.tx((db) =>
    tables<IdentityTables>(db)
      .updateTable('identity_credentials')
      .set({ expires_at: at })
      .where('id', '=', id)
      .execute(),
  )
}

const second = (person: Browser, code: string) => person.post('/sign-in/second/totp', { code })

eachDialect((dialect, open) => {
  describe(`half sign-ins, ${dialect}`, () => {
    async function withApp(t: TestContext) {
      const node = await startSetUpNode(t, open)
      const id = await addPerson(node.admin, 'ada', password)
      const ada = browser(node)
      await ada.signIn('ada', password)
      return { node, id, ada, code: await addApp(node, ada) }
    }

    test('attack 29: half a sign-in is worth nothing on console, API and app hosts', async (t) => {
      const { node } = await withApp(t)
      const person = await beginSignIn(node)
      assert.equal(person.cookies.get(session), undefined)
      for (const path of ['/account', '/account/security', '/account/prove', '/account/credentials/new/totp']) {
        const answer = await person.get(path)
        assert.ok(
          answer.status === 401 || /\/sign-in/.test(String(answer.headers['location'])),
          `${path} ${answer.status}`,
        )
      }
      const token = person.cookies.get(half) ?? ''
      for (const path of ['/api/v1/me', '/api/v1/credentials', '/api/v1/accounts']) {
        assert.equal((await person.get(path)).status, 401, path)
        const bearer = { authorization: `Bearer ${token}` }
        assert.equal((await node.call({ path, headers: bearer })).status, 401, `${path} as a token`)
        const cookie = { cookie: `${session}=${token}` }
        assert.equal((await node.call({ path, headers: cookie })).status, 401, `${path} as a session`)
      }
      assert.equal(await node.identity.findSession(token, undefined, '192.0.2.77'), undefined)
      assert.equal(await node.identity.findSession(token, 'app.localhost', '192.0.2.77'), undefined)
      assert.equal(await node.identity.findToken(token, '192.0.2.77'), undefined)
    })

    test('attack 29: half a sign-in proves nothing again, and sets nothing up where a second factor stands', async (t) => {
      const { node, code } = await withApp(t)
      const person = await beginSignIn(node)
      assert.ok([401, 303].includes((await person.post('/account/prove/totp', { code: code() })).status))
      const scan = await person.get('/sign-in/second/new-totp')
      assert.equal(scan.status, 403, scan.text)
      assert.equal((await person.post('/sign-in/second/new-passkey/options')).status, 403)
      const page = await person.get('/sign-in/second')
      assert.doesNotMatch(page.text, /Set up|Make a passkey/)
      // an enrolment that was begun in a whole session of the same account is none here either
      const whole = await beginSignIn(node, '192.0.2.78')
      await second(whole, code())
      const begun = await whole.post('/account/credentials/new/totp', { label: 'Mine' })
      const mine = keyOf(begun.text).generate({ timestamp: node.clock.now() })
      const smuggled = { enrolment: fieldOf(begun.text, 'enrolment'), code: mine }
      const refused = await person.post('/sign-in/second/new-totp', smuggled)
      assert.equal(refused.status, 403, refused.text)
      assert.equal(person.cookies.get(session), undefined)
    })

    test("attack 29: somebody else's second factor completes nobody's sign-in", async (t) => {
      const { node, code } = await withApp(t)
      await addPerson(node.admin, 'bob', password)
      const bob = browser(node, '192.0.2.60')
      await bob.signIn('bob', password)
      const bobs = await addApp(node, bob)
      while (codesAround(code, node.clock.now()).has(bobs())) node.clock.advance(30_000)
      const person = await beginSignIn(node)
      assert.equal((await second(person, bobs())).status, 401)
      assert.equal(person.cookies.get(session), undefined)
    })

    test('attack 29: half a sign-in ends with its password, its account, its time and its five attempts', async (t) => {
      const { node, id, ada, code } = await withApp(t)
      const old = await beginSignIn(node, '192.0.2.70')
      node.clock.advance(600_001)
      const late = await second(old, code())
      assert.equal(late.headers['location'], '/sign-in')
      const stale = await beginSignIn(node, '192.0.2.71')
      node.clock.advance(1_000)
      const change = {
        presentPassword: password,
        password: 'copper lantern river 9',
        passwordAgain: 'copper lantern river 9',
      }
      assert.equal((await ada.post('/account/password', change)).status, 303)
      assert.equal((await second(stale, code())).headers['location'], '/sign-in')
      const tired = browser(node, '192.0.2.72')
      await tired.post('/sign-in', { handle: 'ada', password: 'copper lantern river 9' })
      for (let at = 0; at < 5; at += 1) {
        await second(tired, wrongCode(code, node.clock.now()))
        node.clock.advance(60_000)
      }
      assert.equal((await second(tired, code())).headers['location'], '/sign-in', 'no attempt is left')
      const gone = browser(node, '192.0.2.73')
      await gone.post('/sign-in', { handle: 'ada', password: 'copper lantern river 9' })
      assert.ok(gone.cookies.get(half))
      await node.admin.post(`/api/v1/accounts/${id}/disable`)
      assert.equal((await second(gone, code())).headers['location'], '/sign-in')
    })

    test('attack 30: codes are counted with passwords, under one handle however it is typed, also in parallel', async (t) => {
      const { node, code } = await withApp(t)
      const wrong = wrongCodes(code, node.clock.now(), 21)
      const guesses: number[] = []
      for (const handle of ['ada', 'ADA', ' Ada ', 'ａｄａ', 'aDa']) {
        const person = browser(node, '198.51.100.9')
        const first = await person.post('/sign-in', { handle, password })
        if (first.status === 200) guesses.push((await second(person, wrong.at(-1) ?? '')).status)
        else guesses.push(first.status)
      }
      const person = browser(node, '198.51.100.9')
      await person.post('/sign-in', { handle: 'ada', password })
      const many = await Promise.all(wrong.slice(0, 20).map((typed) => second(person, typed)))
      const looked = [...guesses, ...many.map(({ status }) => status)].filter((status) => status === 401).length
      assert.ok(looked <= 6, `${looked} codes were looked at`)
      const elsewhere = await browser(node, '198.51.100.9').post('/sign-in', { handle: 'Ada', password })
      assert.equal(elsewhere.status, 429, 'and a right password does not set the guesses back')
    })

    async function ruled(node: Awaited<ReturnType<typeof startSetUpNode>>, condition: string): Promise<void> {
      const text = `@id("rule")
forbid (principal is Gatehouse::Account, action == Gatehouse::Action::"sessions:open", resource)
unless { ${condition} };`
      const made = await node.admin.post('/api/v1/policies', { name: 'rule', text, state: 'enforced', reason: 'test' })
      assert.equal(made.status, 201, made.text)
    }

    test('where a rule demands a second factor and there is none, an app is set up on the way', async (t) => {
      const node = await startSetUpNode(t, open)
      await addPerson(node.admin, 'ada', password)
      await ruled(node, 'context.assurance >= 2')
      const person = await beginSignIn(node)
      assert.match((await person.get('/sign-in/second')).text, /Set up an authenticator app/)
      const scan = await person.get('/sign-in/second/new-totp')
      const enrolment = fieldOf(scan.text, 'enrolment')
      const app = keyOf(scan.text)
      const made = (timestamp: number) => app.generate({ timestamp })
      const typed = wrongCode(made, node.clock.now())
      const wrong = await person.post('/sign-in/second/new-totp', { enrolment, code: typed })
      assert.equal(wrong.status, 400)
      assert.equal(fieldOf(wrong.text, 'enrolment'), enrolment)
      const right = { enrolment, code: app.generate({ timestamp: node.clock.now() }) }
      assert.equal((await person.post('/sign-in/second/new-totp', right)).status, 200)
      assert.ok(person.cookies.get(session))
      node.clock.advance(30_000)
      const next = await beginSignIn(node, '192.0.2.78')
      assert.equal((await second(next, app.generate({ timestamp: node.clock.now() }))).status, 200)
    })

    test('a new browser is known after a second factor, and after one that was set up on the way', async (t) => {
      const { node, code } = await withApp(t)
      await addPerson(node.admin, 'bob', password)
      const byApp = await beginSignIn(node, '192.0.2.101')
      assert.equal((await second(byApp, code())).status, 200)
      await ruled(node, 'context.assurance >= 2')
      const bySetUp = browser(node, '192.0.2.102')
      await bySetUp.post('/sign-in', { handle: 'bob', password })
      const scan = await bySetUp.get('/sign-in/second/new-totp')
      const right = {
        enrolment: fieldOf(scan.text, 'enrolment'),
        code: keyOf(scan.text).generate({ timestamp: node.clock.now() }),
      }
      assert.equal((await bySetUp.post('/sign-in/second/new-totp', right)).status, 200)
      for (const [handle, known] of [
        ['ada', byApp],
        ['bob', bySetUp],
      ] as const) {
        // somebody guesses from everywhere
        for (let i = 0; i < 24; i += 1) {
          await browser(node, `2001:db8:${i}::1`).post('/sign-in', { handle, password: 'wrong wrong wrong' })
        }
        assert.equal((await browser(node, '198.51.100.20').post('/sign-in', { handle, password })).status, 429)
        const elsewhere = browser(node, '198.51.100.21')
        const device = '__Host-gatehouse-device'
        elsewhere.cookies.set(device, known.cookies.get(device) ?? '')
        assert.equal((await elsewhere.post('/sign-in', { handle, password })).status, 200, handle)
      }
    })

    test('attack 29: a second factor that has ended is still asked for, and the page says how to get on', async (t) => {
      const { node, ada } = await withApp(t)
      const { items } = (await ada.get('/api/v1/credentials')).json as { items: { id: string; kind: string }[] }
      const app = items.find(({ kind }) => kind === 'totp')
      assert.ok(app)
      await endAt(node, app.id, node.clock.now() + 60_000)
      node.clock.advance(120_000)
      const person = await beginSignIn(node)
      const page = await person.get('/sign-in/second')
      assert.match(page.text, /Your second factor has ended/)
      assert.match(page.text, /one-time link/)
      assert.equal(person.cookies.get(session), undefined, 'the password alone opens nothing')
    })

    test('attack 29: a rule that asks for more never lets a passkey be made past a second factor that stands', async (t) => {
      const { node, code } = await withApp(t)
      await ruled(node, 'context.assurance >= 2 && context.phishingResistant')
      const person = await beginSignIn(node)
      assert.equal((await person.post('/sign-in/second/new-passkey/options')).status, 403)
      assert.equal((await second(person, code())).status, 200)
      assert.equal(person.cookies.get(session), undefined, 'a code of an app does not do')
      // both that there were are proved now, and nothing that would do exists
      const asked = await person.post('/sign-in/second/new-passkey/options')
      assert.equal(asked.status, 200, asked.text)
      const soft = new SoftPasskey({ id: new URL(node.origin).hostname, origin: node.origin })
      const response = JSON.stringify(soft.create(asked.json as { challenge: string }))
      assert.equal((await person.post('/sign-in/second/new-passkey', { response })).status, 200)
      assert.ok(person.cookies.get(session))
      // from now on something that would do stands, and is not made again
      node.clock.advance(30_000)
      const next = await beginSignIn(node, '192.0.2.78')
      await second(next, code())
      assert.equal(next.cookies.get(session), undefined)
      assert.equal((await next.post('/sign-in/second/new-passkey/options')).status, 403)
      const page = await next.get('/sign-in/second')
      assert.match(page.text, /Use a passkey/)
      assert.doesNotMatch(page.text, /Make a passkey|new-totp|second\/totp/)
    })
  })
})
