import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TOTP } from 'otpauth'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { addPerson, type Browser, browser, lastUseOf, startSetUpNode, type TestNode } from '../testing.ts'
import { wrongCode } from './testing.ts'

const password = 'violet anchor meadow 4'
const half = '__Host-gatehouse-sign-in'
const session = '__Host-gatehouse'

const fieldOf = (text: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1]?.replaceAll('&amp;', '&') ?? ''

/** What makes the codes of the key that a page shows. */
function codesOf(node: TestNode, text: string): (at?: number) => string {
  const key = /<code>((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})<\/code>/.exec(text)?.[1]?.replaceAll(' ', '') ?? ''
  assert.equal(key.length, 32, text)
  const app = new TOTP({ secret: key, algorithm: 'SHA1', digits: 6, period: 30 })
  return (at = node.clock.now()) => app.generate({ timestamp: at })
}

/** Sets an authenticator app up for whoever is signed in, and answers what makes its codes. */
async function addApp(node: TestNode, person: Browser): Promise<(at?: number) => string> {
  const scan = await person.post('/account/credentials/new/totp', { label: 'Phone' })
  assert.equal(scan.status, 200, scan.text)
  const code = codesOf(node, scan.text)
  const form = { label: 'Phone', enrolment: fieldOf(scan.text, 'enrolment'), scope: 'all', lasts: 'never' }
  const made = await person.post('/account/credentials/new/totp/confirm', { ...form, code: code() })
  assert.equal(made.status, 200, made.text)
  assert.match(made.text, /Make ten recovery codes/)
  node.clock.advance(30_000)
  return code
}

async function makeCodes(person: Browser): Promise<readonly string[]> {
  const made = await person.post('/account/credentials/new/recovery-codes', { label: 'Recovery codes' })
  assert.equal(made.status, 200, made.text)
  const codes = [...made.text.matchAll(/<li><code>([0-9a-z-]{14})<\/code><\/li>/g)].map(([, code]) => code ?? '')
  assert.equal(codes.length, 10, made.text)
  return codes
}

async function listOf(
  person: Browser,
  kind: string,
): Promise<readonly { readonly id: string; readonly kind: string }[]> {
  const { json } = await person.get('/api/v1/credentials')
  return (json['items'] as { id: string; kind: string }[]).filter((one) => one.kind === kind)
}

/** Proves the password in a new browser, and stands before the second factor. */
async function beginSignIn(node: TestNode, handle: string, address = '192.0.2.77'): Promise<Browser> {
  const person = browser(node, address)
  const first = await person.post('/sign-in', { handle, password })
  assert.equal(first.status, 200, first.text)
  assert.ok(person.cookies.get(half), 'half a sign-in')
  assert.equal(person.cookies.get(session), undefined)
  return person
}

const second = (person: Browser, code: string) => person.post('/sign-in/second/totp', { code })
const recover = (person: Browser, recoveryCode: string) =>
  person.post('/sign-in/second/recovery-codes', { recoveryCode })

eachDialect((dialect, open) => {
  describe(`one-time codes, ${dialect}`, () => {
    async function withApp(t: Parameters<typeof startSetUpNode>[0]) {
      const node = await startSetUpNode(t, open)
      await addPerson(node.admin, 'ada', password)
      const ada = browser(node)
      await ada.signIn('ada', password)
      return { node, ada, code: await addApp(node, ada) }
    }

    test('a code is good once, also when it comes twice at the same time, and never for an earlier step', async (t) => {
      const { node, code } = await withApp(t)
      const first = await beginSignIn(node, 'ada')
      const twin = await beginSignIn(node, 'ada', '192.0.2.78')
      const typed = code()
      const answers = await Promise.all([second(first, typed), second(twin, typed)])
      assert.deepEqual(
        answers.map(({ status }) => status).toSorted((one, other) => one - other),
        [200, 401],
      )
      assert.equal([first, twin].filter(({ cookies }) => cookies.has(session)).length, 1)
      const third = await beginSignIn(node, 'ada', '192.0.2.79')
      assert.equal((await second(third, typed)).status, 401, 'replayed')
      const [failed] = await listAudit(node.kernel.database.db, { actionPrefix: 'sign-ins.fail' }, { limit: 1 })
      assert.equal(failed?.detail?.['reason'], 'code-used')
      assert.equal(failed.target?.name, 'ada')
      assert.equal((await second(third, code(node.clock.now() - 30_000))).status, 401, 'the step before the used one')
      node.clock.advance(30_000)
      assert.equal((await second(third, code())).status, 200)
      const now = new Date(node.clock.now()).toISOString()
      assert.deepEqual(await lastUseOf(third, 'totp'), [now, '192.0.2.79', 'Test/1'])
    })

    test('a recovery code is good once, also when it comes twice at the same time', async (t) => {
      const { node, ada } = await withApp(t)
      const codes = await makeCodes(ada)
      assert.deepEqual(await lastUseOf(ada, 'recovery-codes'), [null, null, null])
      const first = await beginSignIn(node, 'ada')
      const twin = await beginSignIn(node, 'ada', '192.0.2.78')
      const typed = codes[3] ?? ''
      const answers = await Promise.all([recover(first, typed), recover(twin, typed.toUpperCase())])
      assert.deepEqual(
        answers.map(({ status }) => status).toSorted((one, other) => one - other),
        [200, 401],
      )
      node.clock.advance(1_000)
      const third = await beginSignIn(node, 'ada', '192.0.2.79')
      assert.equal((await recover(third, typed)).status, 401)
      assert.equal((await recover(third, codes[4]?.replaceAll('-', ' ') ?? '')).status, 200)
      const now = new Date(node.clock.now()).toISOString()
      assert.deepEqual(await lastUseOf(ada, 'recovery-codes'), [now, '192.0.2.79', 'Test/1'])
      assert.match((await ada.get('/account/security')).text, /recovery codes, 8 left/)
      const [set] = await listOf(ada, 'recovery-codes')
      assert.match(
        (await ada.get(`/credentials/${set?.id}/reset/recovery-codes`)).text,
        /8 of the codes you have are left/,
      )
    })

    test('codes made anew take the place of the old ones, and one set is all there is', async (t) => {
      const { node, ada } = await withApp(t)
      const old = await makeCodes(ada)
      assert.equal((await ada.post('/account/credentials/new/recovery-codes', { label: 'More' })).status, 409)
      const [set] = await listOf(ada, 'recovery-codes')
      const anew = await ada.post(`/credentials/${set?.id}/reset/recovery-codes`)
      assert.equal(anew.status, 200, anew.text)
      const code = /<li><code>([0-9a-z-]{14})/.exec(anew.text)?.[1] ?? ''
      const person = await beginSignIn(node, 'ada')
      assert.equal((await recover(person, old[0] ?? '')).status, 401)
      assert.equal((await recover(person, code)).status, 200)
    })

    test('an app counts only once its code was right, and is then asked for', async (t) => {
      const node = await startSetUpNode(t, open)
      await addPerson(node.admin, 'ada', password)
      const ada = browser(node)
      await ada.signIn('ada', password)
      const scan = await ada.post('/account/credentials/new/totp', { label: 'Phone' })
      const enrolment = fieldOf(scan.text, 'enrolment')
      const wrong = await ada.post('/account/credentials/new/totp/confirm', {
        label: 'Phone',
        enrolment,
        code: wrongCode(codesOf(node, scan.text), node.clock.now()),
      })
      assert.equal(wrong.status, 400)
      assert.equal(fieldOf(wrong.text, 'enrolment'), enrolment, 'the same key is shown again')
      await browser(node, '192.0.2.99').signIn('ada', password)
      const code = await addApp(node, ada)
      const person = await beginSignIn(node, 'ada')
      const done = await second(person, code())
      assert.equal(done.status, 200, done.text)
      assert.ok(person.cookies.get(session))
      assert.equal((await person.get('/account')).status, 200)
    })

    test('apps and recovery codes are made, counted and made anew over the API, and refused without a fresh proof', async (t) => {
      const node = await startSetUpNode(t, open)
      await addPerson(node.admin, 'ada', password)
      const ada = browser(node)
      await ada.signIn('ada', password)
      const begun = await ada.post('/api/v1/totps/begin')
      const secret = String(begun.json['key']).replaceAll(' ', '')
      const app = new TOTP({ secret, algorithm: 'SHA1', digits: 6, period: 30 })
      const enrolment = String(begun.json['enrolment'])
      const body = { label: 'Phone', enrolment }
      const wrong = wrongCode((timestamp) => app.generate({ timestamp }), node.clock.now())
      assert.equal((await ada.post('/api/v1/totps', { ...body, code: wrong })).status, 400)
      const off = app.generate({ timestamp: node.clock.now() - 300_000 })
      const late = await ada.post('/api/v1/totps', { ...body, code: off })
      assert.match(late.text, /clock of the app is about 5 minutes behind/)
      await node.kernel.journal.flush()
      const refused = await listAudit(node.kernel.database.db, { actionPrefix: 'credentials:create' }, { limit: 5 })
      assert.deepEqual([...new Set(refused.map(({ detail }) => detail?.['code']))], ['identity.code-wrong'])
      assert.equal(
        refused.reduce((sum, { count }) => sum + count, 0),
        2,
      )
      const code = app.generate({ timestamp: node.clock.now() })
      const made = await ada.post('/api/v1/totps', { ...body, code })
      assert.equal(made.status, 201, made.text)
      assert.doesNotMatch(made.text, new RegExp(secret))
      const again = await ada.post('/api/v1/totps', {
        ...body,
        code: app.generate({ timestamp: node.clock.now() + 30_000 }),
      })
      assert.equal(again.status, 409, 'one enrolment is one app')
      const codes = await ada.post('/api/v1/recovery-codes', {})
      assert.equal(codes.status, 201, codes.text)
      assert.equal((codes.json['codes'] as string[]).length, 10)
      const { id } = codes.json['credential'] as { id: string }
      assert.equal((await ada.get(`/api/v1/recovery-codes/${id}`)).json['left'], 10)
      node.clock.advance(11 * 60_000)
      for (const path of [
        '/api/v1/totps/begin',
        '/api/v1/recovery-codes',
        '/api/v1/passkeys/begin',
        `/api/v1/recovery-codes/${id}/reset`,
      ]) {
        const refused = await ada.post(path)
        assert.equal(refused.status, 403, `${path} ${refused.text}`)
      }
    })

    test('an enrolment is for one account, half an hour, and as it was made', async (t) => {
      const node = await startSetUpNode(t, open)
      await addPerson(node.admin, 'ada', password)
      await addPerson(node.admin, 'bob', password)
      const [ada, bob] = [browser(node), browser(node, '192.0.2.60')]
      await ada.signIn('ada', password)
      await bob.signIn('bob', password)
      const begun = (await ada.post('/api/v1/totps/begin')).json
      const app = new TOTP({
        secret: String(begun['key']).replaceAll(' ', ''),
        algorithm: 'SHA1',
        digits: 6,
        period: 30,
      })
      const code = () => app.generate({ timestamp: node.clock.now() })
      const enrolment = String(begun['enrolment'])
      const send = (person: Browser, text: string) =>
        person.post('/api/v1/totps', { label: 'x', enrolment: text, code: code() })
      const bent = `${enrolment.slice(0, 20)}${enrolment[20] === 'A' ? 'B' : 'A'}${enrolment.slice(21)}`
      for (const [person, text] of [
        [bob, enrolment],
        [ada, bent],
        [ada, ''],
        [ada, 'x'.repeat(1_999)],
      ] as const) {
        const refused = await send(person, text)
        assert.equal(refused.json['code'], 'identity.enrolment-over', refused.text)
      }
    })
  })
})
