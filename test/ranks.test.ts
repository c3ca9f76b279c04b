import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { addPerson, type Browser, browser, startSetUpNode } from '#identity/testing'
import { pkiRoom } from '#pki'
import type { TestAnswer } from '#platform/testing'
import { eachDialect, fakeClock, memoryLog, memorySeal, type OpenDatabase, testHouse } from '#platform/testing'
import { rooms } from '../src/app.ts'

/** Roles by rank. Each permits everything, so that ranks alone refuse. */
const ranks = { unranked: 0, below: 5, equal: 10, above: 20, administrator: 1_001 } as const
type Rank = keyof typeof ranks
const actors: readonly Rank[] = ['unranked', 'equal', 'administrator']
const password = 'quiet lanterns over the harbour'

const mayActOn = (actor: Rank, other: Rank) =>
  other === 'unranked' || actor === 'administrator' || ranks[actor] > ranks[other]

/** Somebody on whom others act, with one of everything. */
interface Other {
  readonly name: string
  readonly id: string
  readonly session: string
  readonly token: string
  readonly secret: string
  readonly certificate: string
  readonly grant: string
  readonly invitation: string
  readonly enrolment: string
  /** A device that holds the same role, and its state tag. */
  readonly device: string
}

interface Call {
  readonly route: string
  readonly path: (other: Other) => string
  readonly body?: (other: Other) => Readonly<Record<string, unknown>>
}

const call = (route: string, fill: Partial<Record<string, keyof Other>>, body?: Call['body']): Call => ({
  route,
  path: (other) =>
    route.replace(/^\w+ /, '').replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const field = fill[name]
      assert.ok(field !== undefined, `${route}: ${name}`)
      return field === 'name' && name !== 'name' ? `${name}-of-${other.name}` : other[field]
    }),
  ...(body === undefined ? {} : { body }),
})

const themselves = ({ id }: Other) => ({ kind: 'principal', id })
const theirGroup = ({ name }: Other) => ({ kind: 'group', id: `group-of-${name}` })
const until = () => ({ reason: 'away', until: '2026-02-01T00:00:00Z' })

/** What can be done to somebody, in an order in which each can follow the one before. */
const operations: readonly Call[] = [
  call('PATCH /api/v1/accounts/{id}', { id: 'id' }, () => ({ displayName: 'Renamed' })),
  call('PATCH /api/v1/credentials/{id}', { id: 'secret' }, () => ({ label: 'Renamed' })),
  call('DELETE /api/v1/credentials/{id}', { id: 'secret' }),
  call('DELETE /api/v1/tokens/{id}', { id: 'token' }),
  call('POST /api/v1/accounts/{id}/revoke-tokens', { id: 'id' }),
  call('DELETE /api/v1/sessions/{id}', { id: 'session' }),
  call('POST /api/v1/accounts/{id}/end-sessions', { id: 'id' }),
  call('POST /api/v1/certificates', {}, ({ id }) => ({ profile: 'person', account: id, newKey: true })),
  call('POST /api/v1/certificates/{id}/reset', { id: 'certificate' }, () => ({ newKey: true })),
  call('POST /api/v1/certificates/{id}/revoke', { id: 'certificate' }, () => ({})),
  call('POST /api/v1/certificates/revoke-all', {}, ({ id }) => ({ holder: id })),
  call('POST /api/v1/enrolment-tokens', {}, ({ id }) => ({ label: 'for them', profile: 'person', account: id })),
  call('DELETE /api/v1/enrolment-tokens/{id}', { id: 'enrolment' }),
  call('PATCH /api/v1/certificate-holders/{id}', { id: 'device' }, () => ({ title: 'Renamed' })),
  call('DELETE /api/v1/certificate-holders/{id}', { id: 'device' }),
  call('POST /api/v1/invitations/{id}/resend', { id: 'invitation' }),
  call('POST /api/v1/invitations/{id}/cancel', { id: 'invitation' }),
  call('POST /api/v1/grants/{grant}/revoke', { grant: 'grant' }),
  call('PATCH /api/v1/roles/{role}', { role: 'name' }, () => ({ permissions: ['networks:read', 'roles:read'] })),
  call('POST /api/v1/roles/{role}/take', { role: 'name' }, themselves),
  call('POST /api/v1/roles/{role}/give', { role: 'name' }, themselves),
  call('DELETE /api/v1/roles/{role}', { role: 'name' }),
  call('POST /api/v1/groups/{group}/remove-member', { group: 'name' }, themselves),
  call('POST /api/v1/groups/{group}/add-member', { group: 'name' }, themselves),
  call('POST /api/v1/roles/plain/give', {}, theirGroup),
  call('POST /api/v1/roles/plain/take', {}, theirGroup),
  call('DELETE /api/v1/groups/{group}', { group: 'name' }),
  call('POST /api/v1/accounts/{id}/suspend', { id: 'id' }, until),
  call('POST /api/v1/accounts/{id}/unsuspend', { id: 'id' }),
  call('POST /api/v1/accounts/{id}/recovery-link', { id: 'id' }, () => ({})),
  call('POST /api/v1/accounts/{id}/reset-password', { id: 'id' }),
  call('POST /api/v1/accounts/{id}/disable', { id: 'id' }),
  call('POST /api/v1/accounts/{id}/enable', { id: 'id' }),
  call('DELETE /api/v1/accounts/{id}', { id: 'id' }),
]

const revision = () => ({ revision: 1 })

/** The console's forms for the same. */
const forms: readonly Call[] = [
  call('POST /accounts/{id}', { id: 'id' }, () => ({ displayName: 'Renamed', email: '' })),
  call('POST /accounts/{id}/disable', { id: 'id' }),
  call('POST /accounts/{id}/delete', { id: 'id' }, ({ name }) => ({ confirm: name })),
  call('POST /accounts/{id}/reset-password', { id: 'id' }),
  call('POST /accounts/{id}/revoke-tokens', { id: 'id' }),
  call('POST /accounts/{id}/recovery-link', { id: 'id' }),
  call('POST /accounts/{id}/suspend', { id: 'id' }, () => ({ reason: 'away', lasts: '1d' })),
  call('POST /sessions/{id}/end', { id: 'session' }),
  call('POST /tokens/{id}/revoke', { id: 'token' }),
  call('POST /credentials/{id}/rename', { id: 'secret' }, () => ({ label: 'Renamed' })),
  call('POST /credentials/{id}/revoke', { id: 'secret' }),
  call('POST /certificates/{id}/reset', { id: 'certificate' }, () => ({ request: '', newKey: 'yes' })),
  call('POST /certificates/{id}/revoke', { id: 'certificate' }),
  call('POST /certificates/revoke-all', {}, ({ id }) => ({ holder: id })),
  call('POST /certificates/holders/{id}/edit', { id: 'device' }, () => ({ revision: 1, title: 'Renamed' })),
  call('POST /certificates/holders/{id}/delete', { id: 'device' }, revision),
  call('POST /certificates/holders/{id}/roles', { id: 'device' }, () => ({ role: 'plain' })),
  call('POST /enrolment-tokens/{id}/revoke', { id: 'enrolment' }),
  call('POST /invitations/{id}/resend', { id: 'invitation' }),
  call('POST /invitations/{id}/cancel', { id: 'invitation' }),
  call('POST /grants/{grant}/revoke', { grant: 'grant' }),
  call('POST /roles/{role}/edit', { role: 'name' }, () => ({ title: 'Role', permissions: 'roles:read' })),
  call('POST /roles/{role}/take', { role: 'name' }, ({ id }) => ({ holder: `principal:${id}` })),
  call('POST /roles/{role}/give', { role: 'name' }, ({ id }) => ({ holder: `principal:${id}` })),
  call('POST /roles/{role}/delete', { role: 'name' }),
  call('POST /groups/{group}/remove', { group: 'name' }, ({ id }) => ({ holder: `principal:${id}` })),
  call('POST /groups/{group}/add', { group: 'name' }, ({ id }) => ({ holder: `principal:${id}` })),
  call('POST /groups/{group}/delete', { group: 'name' }),
]

/** Changes that are about nobody in particular, and why nobody's rank is asked. A route that is in no list fails the test. */
const aboutNobody: readonly (readonly [RegExp, string])[] = [
  [
    /^\w+ (\/api\/v1)?\/(policies|networks|routes|route-\w+|assertion-keys|webhooks|dead-events|mail|joining)\b/,
    'a thing',
  ],
  [/^\w+ (\/api\/v1)?\/(certificate-authorities|certificate-authority-requests|certificate-profiles)\b/, 'a thing'],
  [/^\w+ (\/certificates\/profiles|\/invitations\/joining|\/journal\/verify)\b/, 'a thing'],
  [/^POST (\/api\/v1)?\/(accounts|roles|groups|invitations|certificate-holders)$/, 'makes something new'],
  [/^POST \/certificates\/holders$/, 'makes something new'],
  [/^(PATCH \/api\/v1\/groups\/\{group\}|POST \/groups\/\{group\}\/edit)$/, 'a title: nobody gains or loses by it'],
  [/^POST (\/api\/v1)?\/grants$/, 'lends what is one’s own, which takes nothing from whoever has it'],
  [/^POST (\/api\/v1\/access-)?\/?requests\b/, 'was asked for by whom it is about'],
  [/^POST (\/access\/v1\/|\/api\/v1\/decisions)/, 'a question'],
  [/^POST \/api\/v1\/state\//, 'every item by its own use-case; test/state/guard.test.ts'],
  [/^POST (\/account\b|\/api\/v1\/(sign-in|sign-out|setup)\b|\/(sign-in|sign-out|setup|join|recover)\b)/, 'one’s own'],
  [/^\w+ \/api\/v1\/me\b/, 'one’s own'],
  [/^POST \/api\/v1\/(sessions\/end-others|tokens|tokens\/revoke-all)$/, 'one’s own'],
  [
    /^POST (\/credentials|\/tokens|\/api\/v1\/\w[\w-]*)\/\{id\}\/(reset\b|begin$)/,
    'one’s own: nobody is found by another’s id',
  ],
  [/^POST \/api\/v1\/(keys|shared-secrets|passwords|passkeys|totps|recovery-codes)(\/begin)?$/, 'one’s own'],
  [/^POST (\/accounts\/\{id\}\/(enable|unsuspend)|\/enrolment-tokens|\/certificates\/new)$/, 'the use-case of its API'],
  [/^POST (\/api\/v1)?\/certificates\/revoke-own$/, 'one’s own'],
  [/^POST \/api\/v1\/certificates\/batch$/, 'each order as one alone: src/pki/issue/batch.test.ts'],
  [/^POST \/\.well-known\/est\//, 'by a token, whose maker was asked; or by the certificate itself'],
]

eachDialect((_, open) => {
  test('every change over API and console is known to be about somebody or about nobody', async (t) => {
    const { house } = await testHouse(t, { open, clock: fakeClock(), log: memoryLog(), rooms, seal: memorySeal() })
    const known = new Set([...operations, ...forms].map(({ route }) => route).concat(templated))
    const changing = house.contributions.routes.filter(({ method }) => method !== 'GET')
    const unknown = changing
      .map(({ method, path }) => `${method} ${path}`)
      .filter((route) => !known.has(route) && !aboutNobody.some(([pattern]) => pattern.test(route)))
    assert.deepEqual(unknown, [], 'say in this file whom it is about')
    const offered = new Set(changing.map(({ method, path }) => `${method} ${path}`))
    assert.deepEqual(
      [...known].filter((route) => !offered.has(route) && !/\/plain\//.test(route)),
      [],
    )
  })

  test('nobody acts on an equal or higher rank, whatever can be done to somebody', async (t) => {
    const { as, addOther } = await world(t, open)
    for (const actor of actors) {
      for (const other of Object.keys(ranks) as Rank[]) {
        const allowed = mayActOn(actor, other)
        const on = await addOther(`${actor}-${other}`, other)
        for (const operation of operations) {
          const answer = await perform(as(actor), operation, on)
          const at = `${actor} on ${other}: ${operation.route} ${answer.status} ${answer.text.slice(0, 300)}`
          if (allowed) assert.ok(answer.status < 300, at)
          else assert.deepEqual([answer.status, answer.json['code']], [403, 'access.outranked'], at)
        }
        if (!allowed) await assertUntouched(as('administrator'), on)
      }
    }
  })

  test('the console’s forms ask the same', async (t) => {
    const { as, addOther } = await world(t, open)
    const on = await addOther('equal', 'equal')
    for (const form of forms) {
      const answer = await perform(as('equal'), form, on)
      const at = `${form.route} ${answer.status} ${answer.text.slice(0, 2_000)}`
      // a form that can show it beside a field does
      assert.ok([400, 403].includes(answer.status), at)
      assert.match(answer.text, /ranks as high as you or higher/, at)
    }
    await assertUntouched(as('administrator'), on)
  })

  test('one’s own things need no rank', async (t) => {
    const { as } = await world(t, open)
    const own = as('equal')
    const { id } = (await own.get('/api/v1/me')).json as { id: string }
    const on = await thingsOf(as('administrator'), own, 'own', id)
    const mine = ['PATCH /api/v1/credentials/{id}', 'DELETE /api/v1/credentials/{id}', 'DELETE /api/v1/tokens/{id}']
    const pki = ['{id}/reset', '{id}/revoke', 'revoke-all'].map((path) => `POST /api/v1/certificates/${path}`)
    const others = ['POST /api/v1/invitations/{id}/cancel', 'DELETE /api/v1/enrolment-tokens/{id}']
    for (const operation of operations.filter(({ route }) => [...mine, ...pki, ...others].includes(route))) {
      const answer = await perform(own, operation, on)
      assert.ok(answer.status < 300, `${operation.route} ${answer.text}`)
    }
  })
})

/** Routes that operations fill in otherwise than by name. */
const templated = ['POST /api/v1/roles/{role}/give', 'POST /api/v1/roles/{role}/take']

function perform(actor: Browser, { route, path, body }: Call, on: Other): Promise<TestAnswer> {
  const [method = ''] = route.split(' ')
  const sent = body?.(on)
  return actor.send(method, path(on), method === 'POST' ? (sent ?? {}) : sent)
}

async function assertUntouched(admin: Browser, { id, name, device, certificate }: Other): Promise<void> {
  const account = (await admin.get(`/api/v1/accounts/${id}`)).json as Record<string, unknown>
  assert.deepEqual([account['displayName'], account['state']], [`${name} Person`, 'active'])
  const list = async (what: string) =>
    ((await admin.get(`/api/v1/accounts/${id}/${what}`)).json['items'] as readonly unknown[]).length
  assert.equal(await list('sessions'), 1)
  assert.equal(await list('credentials'), 3, 'password, shared secret and token')
  assert.equal((await admin.get(`/api/v1/certificates/${certificate}`)).json['revokedAt'], null)
  assert.equal((await admin.get(`/api/v1/certificate-holders/${device}`)).status, 200)
}

async function world(t: TestContext, open: OpenDatabase) {
  const node = await startSetUpNode(t, open, { rooms: [pkiRoom] })
  const { admin } = node
  await ok(admin.send('PUT', '/api/v1/joining', { mode: 'invitation' }))
  await ok(admin.post('/api/v1/roles', { name: 'plain', title: 'Plain', permissions: ['networks:read'] }))
  for (const [name, rank] of Object.entries(ranks)) {
    if (name === 'administrator') continue
    const title = `Rank ${name}`
    await ok(admin.post('/api/v1/roles', { name, title, permissions: ['*'], rank }))
  }
  const browsers = new Map<Rank, Browser>()
  for (const rank of actors) {
    const id = await addPerson(admin, `actor-${rank}`, password)
    await ok(admin.post(`/api/v1/roles/${rank}/give`, { kind: 'principal', id }))
    const actor = browser(node, '198.51.100.1')
    await actor.signIn(`actor-${rank}`, password)
    browsers.set(rank, actor)
  }
  const as = (rank: Rank) => browsers.get(rank) ?? assert.fail()

  async function addOther(name: string, rank: Rank): Promise<Other> {
    const id = await addPerson(admin, name, password)
    await ok(admin.post(`/api/v1/roles/${rank}/give`, { kind: 'principal', id }))
    const own = browser(node, '198.51.100.2')
    await own.signIn(name, password)
    const things = await thingsOf(admin, own, name, id)
    await ok(admin.post(`/api/v1/roles/${rank}/give`, { kind: 'principal', id: things.device }))
    return things
  }
  return { as, addOther }
}

async function thingsOf(admin: Browser, own: Browser, name: string, id: string): Promise<Other> {
  const [session] = (await own.get('/api/v1/sessions')).json['items'] as readonly { id: string }[]
  const token = await ok(own.post('/api/v1/tokens', { label: 'CI', permissions: ['*'], expiresAt: null }))
  const secret = await ok(own.post('/api/v1/shared-secrets', { label: 'Terminal' }))
  const invitation = await ok(own.post('/api/v1/invitations', { roles: [], groups: [] }))
  const profile = { profile: 'person', account: id }
  const certificate = await ok(admin.post('/api/v1/certificates', { ...profile, newKey: true }))
  const enrolment = await ok(admin.post('/api/v1/enrolment-tokens', { ...profile, label: 'Laptop' }))
  const grant = await ok(admin.post('/api/v1/grants', { grantee: id, permissions: ['networks:read'] }))
  const device = await ok(admin.post('/api/v1/certificate-holders', { kind: 'device', name, title: 'A device' }))
  await ok(admin.post('/api/v1/roles', { name: `role-of-${name}`, title: 'Theirs', permissions: ['networks:read'] }))
  await ok(admin.post(`/api/v1/roles/role-of-${name}/give`, { kind: 'principal', id }))
  await ok(admin.post('/api/v1/groups', { name: `group-of-${name}`, title: 'Theirs' }))
  await ok(admin.post(`/api/v1/groups/group-of-${name}/add-member`, { kind: 'principal', id }))
  const idIn = (made: TestAnswer, part?: string) =>
    String(((part === undefined ? made.json : made.json[part]) as Record<string, unknown>)['id'])
  return {
    name,
    id,
    session: session?.id ?? '',
    token: idIn(token, 'token'),
    secret: idIn(secret, 'credential'),
    invitation: idIn(invitation, 'invitation'),
    certificate: idIn(certificate),
    enrolment: idIn(enrolment, 'enrolmentToken'),
    grant: idIn(grant),
    device: idIn(device),
  }
}

async function ok(asked: Promise<TestAnswer>): Promise<TestAnswer> {
  const answer = await asked
  assert.ok(answer.status < 300, answer.text)
  return answer
}
