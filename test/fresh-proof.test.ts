import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { addPerson, adminPassword, browser, startSetUpNode } from '#identity/testing'
import { pkiRoom } from '#pki'
import { tables } from '#platform'
import type { TestAnswer } from '#platform/testing'
import { eachDialect, fakeClock, memoryLog, memorySeal, type OpenDatabase, testHouse } from '#platform/testing'
import { rooms } from '../src/app.ts'

const minute = 60_000
const password = 'quiet lanterns over the harbour'
const another = 'seven crates of old brass'

/** One of everything that can be changed: the administrator's own, and somebody else's. */
type Things = Readonly<Record<(typeof kinds)[number] | 'token' | 'certificate' | 'enrolment' | 'device', string>> & {
  readonly other: Readonly<Record<'id' | 'secret' | 'token', string>>
}
const kinds = ['password', 'key', 'shared-secret', 'passkey', 'totp', 'recovery-codes'] as const

interface Change {
  readonly route: string
  readonly id?: (things: Things) => string
  readonly body?: Readonly<Record<string, unknown>>
  /** Tokens made by hand may do it within their permissions; absent: they make no way to sign in. */
  readonly programs?: true
}

const publicKey = () => generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()
const limits = { permissions: ['*'], networks: { allow: [], deny: [] }, regions: [], expiresAt: null }
const made = { label: 'made', ...limits }
/** A form with limits, untouched. */
const form = { label: 'made', scope: 'all', lasts: 'never' }
/** What an authenticator would answer, in shape alone. */
const answer = {
  id: 'AA',
  rawId: 'AA',
  type: 'public-key',
  response: { clientDataJSON: 'AA', attestationObject: 'AA' },
}
const request = { profile: 'person', account: 'admin', newKey: true }
const order = { profile: 'person', holder: 'admin', names: '', newKey: 'yes' }
const enrolment = { label: 'made', profile: 'person', account: 'admin' }

/** Every route that changes what somebody proves themselves with. One that is in no list of this file fails the test. */
const changes: readonly Change[] = [
  // making
  { route: 'POST /api/v1/passwords', body: { ...made, password: another } },
  { route: 'POST /api/v1/keys', body: { ...made, publicKey: publicKey() } },
  { route: 'POST /api/v1/shared-secrets', body: made },
  { route: 'POST /api/v1/passkeys/begin', body: {} },
  { route: 'POST /api/v1/passkeys', body: { ...made, response: answer } },
  { route: 'POST /api/v1/totps/begin' },
  { route: 'POST /api/v1/totps', body: { ...made, enrolment: 'x', code: '123456' } },
  { route: 'POST /api/v1/recovery-codes', body: made },
  { route: 'POST /api/v1/tokens', body: made, programs: true },
  { route: 'POST /api/v1/certificates', body: request, programs: true },
  { route: 'POST /api/v1/certificates/batch', body: { profile: 'person', orders: [] }, programs: true },
  { route: 'POST /api/v1/enrolment-tokens', body: enrolment, programs: true },
  { route: 'POST /account/credentials/new/password', body: { ...form, password: another, passwordAgain: another } },
  { route: 'POST /account/credentials/new/key', body: { ...form, publicKey: publicKey() } },
  { route: 'POST /account/credentials/new/shared-secret', body: form },
  { route: 'POST /account/credentials/new/passkey', body: form },
  { route: 'POST /account/credentials/new/passkey/options', body: {} },
  { route: 'POST /account/credentials/new/passkey/answer', body: { ...form, response: JSON.stringify(answer) } },
  { route: 'POST /account/credentials/new/totp', body: form },
  { route: 'POST /account/credentials/new/totp/confirm', body: { ...form, enrolment: 'x', code: '123456' } },
  { route: 'POST /account/credentials/new/recovery-codes', body: form },
  { route: 'POST /account/tokens', body: form },
  { route: 'POST /certificates/new', body: order },
  { route: 'POST /enrolment-tokens', body: { label: 'made', profile: 'person', holder: 'admin', uses: '1' } },
  // another secret in its place
  { route: 'POST /api/v1/passwords/{id}/reset', id: (own) => own.password, body: { password: another } },
  { route: 'POST /api/v1/keys/{id}/reset', id: (own) => own.key, body: { publicKey: publicKey() } },
  { route: 'POST /api/v1/shared-secrets/{id}/reset', id: (own) => own['shared-secret'] },
  { route: 'POST /api/v1/passkeys/{id}/begin', id: (own) => own.passkey },
  { route: 'POST /api/v1/passkeys/{id}/reset', id: (own) => own.passkey, body: { response: answer } },
  { route: 'POST /api/v1/totps/{id}/reset', id: (own) => own.totp, body: { enrolment: 'x', code: '123456' } },
  { route: 'POST /api/v1/recovery-codes/{id}/reset', id: (own) => own['recovery-codes'] },
  { route: 'POST /api/v1/tokens/{id}/reset', id: (own) => own.token },
  {
    route: 'POST /credentials/{id}/reset/password',
    id: (own) => own.password,
    body: { password: another, passwordAgain: another },
  },
  { route: 'POST /credentials/{id}/reset/key', id: (own) => own.key, body: { publicKey: publicKey() } },
  { route: 'POST /credentials/{id}/reset/shared-secret', id: (own) => own['shared-secret'] },
  {
    route: 'POST /credentials/{id}/reset/passkey',
    id: (own) => own.passkey,
    body: { response: JSON.stringify(answer) },
  },
  { route: 'POST /credentials/{id}/reset/passkey/options', id: (own) => own.passkey, body: {} },
  { route: 'POST /credentials/{id}/reset/totp', id: (own) => own.totp, body: { enrolment: 'x', code: '123456' } },
  { route: 'POST /credentials/{id}/reset/recovery-codes', id: (own) => own['recovery-codes'] },
  { route: 'POST /tokens/{id}/reset', id: (own) => own.token },
  {
    route: 'POST /api/v1/certificates/{id}/reset',
    id: (own) => own.certificate,
    body: { newKey: true },
    programs: true,
  },
  { route: 'POST /certificates/{id}/reset', id: (own) => own.certificate, body: { request: '', newKey: 'yes' } },
  // somebody else's
  { route: 'POST /api/v1/accounts/{id}/reset-password', id: ({ other }) => other.id, programs: true },
  { route: 'POST /api/v1/accounts/{id}/recovery-link', id: ({ other }) => other.id, programs: true },
  { route: 'POST /api/v1/accounts/{id}/revoke-tokens', id: ({ other }) => other.id, programs: true },
  { route: 'POST /accounts/{id}/reset-password', id: ({ other }) => other.id },
  { route: 'POST /accounts/{id}/recovery-link', id: ({ other }) => other.id },
  { route: 'POST /accounts/{id}/revoke-tokens', id: ({ other }) => other.id },
  // its name
  { route: 'PATCH /api/v1/credentials/{id}', id: (own) => own.key, body: { label: 'renamed' }, programs: true },
  { route: 'PATCH /api/v1/credentials/{id}', id: ({ other }) => other.secret, body: { label: 'x' }, programs: true },
  { route: 'POST /credentials/{id}/rename', id: (own) => own.key, body: { label: 'renamed' } },
  // its end
  { route: 'POST /account/exposed-key', body: { ticket: 'x' } },
  { route: 'DELETE /api/v1/credentials/{id}', id: (own) => own.key },
  { route: 'DELETE /api/v1/credentials/{id}', id: ({ other }) => other.secret },
  { route: 'POST /credentials/{id}/revoke', id: (own) => own.key },
  { route: 'DELETE /api/v1/tokens/{id}', id: (own) => own.token, programs: true },
  { route: 'DELETE /api/v1/tokens/{id}', id: ({ other }) => other.token, programs: true },
  { route: 'POST /api/v1/tokens/revoke-all', programs: true },
  { route: 'POST /tokens/{id}/revoke', id: (own) => own.token },
  { route: 'POST /account/tokens/revoke-all' },
  { route: 'POST /api/v1/certificates/{id}/revoke', id: (own) => own.certificate, body: {}, programs: true },
  { route: 'POST /api/v1/certificates/revoke-all', body: { holder: 'acc_nobody' }, programs: true },
  { route: 'POST /api/v1/certificates/revoke-own', body: {}, programs: true },
  { route: 'POST /certificates/{id}/revoke', id: (own) => own.certificate, body: {} },
  { route: 'POST /certificates/revoke-all', body: { holder: 'acc_nobody' } },
  { route: 'POST /certificates/revoke-own', body: {} },
  { route: 'DELETE /api/v1/certificate-holders/{id}', id: (own) => own.device, programs: true },
  { route: 'POST /certificates/holders/{id}/delete', id: (own) => own.device, body: { revision: '1' } },
  { route: 'DELETE /api/v1/enrolment-tokens/{id}', id: (own) => own.enrolment, programs: true },
  { route: 'POST /enrolment-tokens/{id}/revoke', id: (own) => own.enrolment },
]

/** Where a proof is part of the request itself, so that none from before is asked for. */
const provedHere: readonly (readonly [RegExp, string])[] = [
  [/^POST (\/api\/v1\/me|\/account)\/password$/, 'the present password is in the form'],
  [/^POST (\/api\/v1)?\/sign-in\b/, 'a sign-in; what it sets up is half signed in for ten minutes at most'],
  [/^POST \/account\/prove\//, 'the proof'],
  [/^POST \/account\/address\b/, 'asks; src/identity/recovery/recovery.test.ts'],
  [/^POST (\/api\/v1)?\/setup$/, 'by the link printed on the machine, or on the machine'],
  [/^POST \/(join|recover)\b/, 'by a link'],
  [/^POST \/\.well-known\/est\//, 'by a token or a certificate'],
  [/^POST (\/api\/v1)?\/sign-out$/, 'gives up the own proof'],
  [/^POST \/api\/v1\/state\//, 'tokens ask by themselves; below'],
]

/** Changes to something else. */
const elsewhere: readonly (readonly [RegExp, string])[] = [
  [/^(POST|PATCH|DELETE) (\/api\/v1)?\/accounts(\/\{id\})?$/, 'who there is; a new account had no way in to change'],
  [/^POST (\/api\/v1)?\/accounts\/\{id\}\/(disable|enable|delete|suspend|unsuspend)$/, 'who there is'],
  [/^\w+ (\/api\/v1\/me|\/account)$/, 'the profile'],
  [/^\w+ (\/api\/v1)?\/(joining|invitations)\b/, 'who may join'],
  [
    /^POST (\/account\/end-other-sessions|\/api\/v1\/sessions\/end-others)$/,
    'sessions: signing out is never asked twice',
  ],
  [/^POST (\/api\/v1)?\/accounts\/\{id\}\/end-sessions$/, 'sessions'],
  [/^(POST|DELETE) (\/api\/v1)?\/sessions\/\{id\}(\/end)?$/, 'sessions'],
  [/^\w+ (\/api\/v1)?\/(roles|groups|grants|requests|access-requests|networks|policies|decisions)\b/, 'what one may'],
  [/^POST \/access\/v1\//, 'a question'],
  [/^\w+ (\/api\/v1)?\/(routes|route-\w+|assertion-keys|webhooks|dead-events|mail|journal)\b/, 'a thing'],
  [/^\w+ (\/api\/v1)?\/certificate-authorit(ies|y-requests)\b/, 'authorities, which are no way to sign in'],
  [/^\w+ (\/api\/v1\/certificate-profiles|\/certificates\/profiles)\b/, 'profiles'],
  [/^(POST|PATCH) \/api\/v1\/certificate-holders(\/\{id\})?$/, 'names of devices'],
  [/^POST \/certificates\/holders(\/\{id\}\/(edit|roles))?$/, 'names of devices, and their roles'],
]

/** Pages that stand where their form is sent, and only show. */
const lists = new Set(['GET /enrolment-tokens'])

eachDialect((_, open) => {
  test('every change over API and console is known to ask for a fresh proof, or why not', async (t) => {
    const { house } = await testHouse(t, { open, clock: fakeClock(), log: memoryLog(), rooms, seal: memorySeal() })
    const listed = new Set(changes.map(({ route }) => route))
    const offered = house.contributions.routes
      .filter(({ method }) => method !== 'GET')
      .map((route) => ({ name: `${route.method} ${route.path}`, asks: route.asksFreshProof === true }))
    const reasons = [...provedHere, ...elsewhere]
    const lists = ({ name }: { readonly name: string }) =>
      Number(listed.has(name)) + reasons.filter(([pattern]) => pattern.test(name)).length
    assert.deepEqual(
      offered.filter((route) => lists(route) !== 1).map(({ name }) => name),
      [],
      'say in exactly one list of this file what it changes',
    )
    assert.deepEqual(
      offered.filter(({ name, asks }) => asks && !listed.has(name)),
      [],
    )
    assert.deepEqual(
      [...listed].filter((name) => !offered.some((one) => one.name === name)),
      [],
    )
  })

  test('none of them is done in a session whose last proof is older than ten minutes, and each after a proof', async (t) => {
    const { node, things, kept } = await world(t, open)
    const { admin } = node
    node.clock.advance(10 * minute)
    const before = await kept()
    for (const change of changes) {
      const answer = await perform(admin, change, things)
      const at = `${change.route} ${answer.status} ${answer.text.slice(0, 600)}`
      if (change.route.includes(' /api/')) assert.deepEqual(codeOf(answer), [403, 'identity.proof-needed'], at)
      else {
        assert.equal(answer.status, 403, at)
        assert.match(answer.text, /Is it still you\?/, at)
        assert.match(answer.text, /href="\/account\/prove\?to=/, at)
        assert.ok(!answer.text.includes(another), 'a password is not handed back')
      }
      assert.deepEqual(await kept(), before, `${at}: nothing changed`)
    }
    const proved = await admin.post('/account/prove/password', { password: adminPassword })
    assert.equal(proved.status, 303, proved.text)
    for (const change of changes) {
      const answer = await perform(admin, change, things)
      const at = `${change.route} ${answer.status} ${answer.text.slice(0, 300)}`
      assert.notEqual(answer.json['code'], 'identity.proof-needed', at)
      assert.doesNotMatch(
        `${String(answer.headers['location'])} ${answer.text}`,
        /Is it still you|\/account\/prove\?/,
        at,
      )
    }
  })

  test('tokens made by hand do what programs may without a proof, and make no way to sign in', async (t) => {
    const { node, things, secret } = await world(t, open)
    node.clock.advance(10 * minute)
    const headers = { authorization: `Bearer ${secret}` }
    for (const change of changes.filter(({ route }) => route.includes(' /api/'))) {
      const [method = '', path = ''] = addressOf(change, things).split(' ')
      // the token that asks would be gone
      if (change.route === 'DELETE /api/v1/tokens/{id}' && path.endsWith(things.token)) continue
      const body = change.body ?? (method === 'POST' ? {} : undefined)
      const answer = await node.call({ method, path, headers, address: '192.0.2.1', ...(body && { body }) })
      const asked = answer.json['code'] === 'identity.proof-needed'
      assert.equal(asked, change.programs !== true, `${change.route} ${answer.status} ${answer.text.slice(0, 300)}`)
    }
  })

  test('every page that a change begins on leads to the proof first', async (t) => {
    const { node, things } = await world(t, open)
    node.clock.advance(10 * minute)
    const offered = new Set(node.house.contributions.routes.map(({ method, path }) => `${method} ${path}`))
    const begins = changes
      .map((change) => ({ ...change, route: change.route.replace('POST', 'GET') }))
      .filter(({ route }) => !route.includes(' /api/') && offered.has(route) && !lists.has(route))
    assert.ok(begins.length > 25, `${begins.length} pages`)
    for (const page of [...begins, { route: 'GET /account/tokens/new' }, { route: 'GET /account/address' }]) {
      const path = addressOf(page, things).slice('GET '.length)
      const led = await node.admin.get(path)
      const to = `/account/prove?to=${encodeURIComponent(path)}`
      assert.deepEqual([led.status, led.headers['location']], [303, to], page.route)
    }
  })

  test('a page leads to the proof and back, and a form that was filled in comes back with what was typed', async (t) => {
    const { node, things } = await world(t, open)
    const { admin } = node
    node.clock.advance(10 * minute)
    const page = `/credentials/${things.key}/rename`
    const led = await admin.get(page)
    assert.deepEqual([led.status, led.headers['location']], [303, `/account/prove?to=${encodeURIComponent(page)}`])
    const typed = await admin.post(page, { label: 'The "old" laptop' })
    assert.equal(typed.status, 403)
    assert.match(typed.text, new RegExp(`action="${page}"`))
    assert.match(typed.text, /name="label" value="The &quot;old&quot; laptop"/)
    const order = await admin.post('/certificates/new', {
      profile: 'person',
      holder: 'admin',
      password: another,
      request: '-----BEGIN PRIVATE KEY-----\nplanted',
    })
    assert.match(order.text, /name="holder" value="admin"/)
    assert.ok(!order.text.includes(another) && !order.text.includes('planted'))
    const proved = await admin.post('/account/prove/password', { password: adminPassword, to: page })
    assert.deepEqual([proved.status, proved.headers['location']], [303, page])
    assert.equal((await admin.get(page)).status, 200)
    const again = await admin.post(page, { label: 'The "old" laptop' })
    assert.deepEqual([again.status, again.headers['location']], [303, '/account/security?done=renamed'])
  })
})

function addressOf({ route, id }: Change, things: Things): string {
  return id === undefined ? route : route.replace('{id}', id(things))
}

function perform(actor: ReturnType<typeof browser>, change: Change, things: Things): Promise<TestAnswer> {
  const [method = '', path = ''] = addressOf(change, things).split(' ')
  return actor.send(method, path, method === 'POST' ? (change.body ?? {}) : change.body)
}

const codeOf = (answer: TestAnswer) => [answer.status, answer.json['code']]

async function world(t: TestContext, open: OpenDatabase) {
  const node = await startSetUpNode(t, open, { rooms: [pkiRoom] })
  const { admin } = node
  const make = async (path: string, body: Readonly<Record<string, unknown>>, part?: string) => {
    const answer = await admin.post(path, body)
    assert.ok(answer.status < 300, `${path} ${answer.text}`)
    const holder = part === undefined ? answer.json : (answer.json[part] as Record<string, unknown>)
    return { id: String(holder['id']), secret: String(answer.json['secret']) }
  }
  const id = await addPerson(admin, 'sam', password)
  const sam = browser(node, '198.51.100.2')
  await sam.signIn('sam', password)
  const theirs = await sam.post('/api/v1/shared-secrets', { label: 'Terminal' })
  const theirToken = await sam.post('/api/v1/tokens', { ...made, label: 'CI' })
  const own = (await admin.get('/api/v1/credentials')).json['items'] as readonly { id: string; kind: string }[]
  const token = await make('/api/v1/tokens', { ...made, label: 'by hand' }, 'token')
  const spare = await make('/api/v1/tokens', { ...made, label: 'spare' }, 'token')
  const key = await make('/api/v1/keys', { label: 'laptop', publicKey: publicKey() }, 'credential')
  const shared = await make('/api/v1/shared-secrets', { label: 'nas' }, 'credential')
  const codes = await make('/api/v1/recovery-codes', { label: 'paper' }, 'credential')
  // of another kind in name alone: what is asked first does not look at the secret
  const turned = async (kind: string) => {
    const { id } = await make('/api/v1/shared-secrets', { label: kind }, 'credential')
    await node.kernel.context({ principal: { kind: 'system', id: 'test', name: 'test' } }).tx(async ({ db }) => {
      const query = tables<Record<string, Record<string, unknown>>>(db)
      await query.updateTable('identity_credentials').set({ kind }).where('id', '=', id).execute()
    })
    return id
  }
  const device = await make('/api/v1/certificate-holders', { kind: 'device', name: 'washer', title: 'Washer' })
  const things: Things = {
    password: own.find(({ kind }) => kind === 'password')?.id ?? '',
    key: key.id,
    'shared-secret': shared.id,
    passkey: await turned('passkey'),
    totp: await turned('totp'),
    'recovery-codes': codes.id,
    token: spare.id,
    certificate: (await make('/api/v1/certificates', request)).id,
    enrolment: (await make('/api/v1/enrolment-tokens', enrolment, 'enrolmentToken')).id,
    device: device.id,
    other: {
      id,
      secret: String((theirs.json['credential'] as Record<string, unknown>)['id']),
      token: String((theirToken.json['token'] as Record<string, unknown>)['id']),
    },
  }
  return { node, things, secret: token.secret, kept: () => keptOf(node.kernel.database.db) }
}

/** Everything that is stored of what people prove themselves with, but for when it was last used. */
async function keptOf(db: Parameters<typeof tables>[0]): Promise<unknown> {
  const query = tables<Record<string, Record<string, unknown>>>(db)
  const of = async (table: string) => (await query.selectFrom(table).selectAll().execute()).map(stable).toSorted()
  return {
    credentials: await of('identity_credentials'),
    codes: await of('identity_recovery_codes'),
    links: await of('identity_links'),
    certificates: await of('pki_certificates'),
    enrolment: await of('pki_enrolment_tokens'),
  }
}

function stable(row: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(
    Object.entries(row)
      .filter(([name]) => !name.startsWith('last_used'))
      .toSorted(([a], [b]) => a.localeCompare(b)),
  )
}
