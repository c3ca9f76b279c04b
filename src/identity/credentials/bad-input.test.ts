import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { addPerson, type Browser, browser, startSetUpNode, type TestNode } from '../testing.ts'

const secret = 'lanterns over a quiet harbour'

/** Newest first. */
async function journal(node: TestNode) {
  await node.kernel.journal.flush()
  return listAudit(node.kernel.database.db, {}, { limit: 100 })
}

async function refusals(node: TestNode) {
  return (await journal(node)).filter(({ outcome }) => outcome === 'refused')
}

function reasonOf(detail: Readonly<Record<string, unknown>> | undefined): string {
  const reason = detail?.['reason']
  return typeof reason === 'string' ? reason : ''
}

interface Bad {
  readonly name: string
  /** What is sent by page and by API, over what would do. */
  readonly form: Readonly<Record<string, unknown>>
  readonly body: Readonly<Record<string, unknown>>
  readonly status: number
  readonly says: RegExp
  /** As the journal names them: by page, by API. */
  readonly codes: readonly [string, string]
  readonly fields: readonly [string, string]
}

const typed = (password: string) => ({ form: { password, passwordAgain: password }, body: { password } })
const networks = (allow: readonly string[], deny: readonly string[] = []) => ({
  form: { allow: allow.join('\n'), deny: deny.join('\n') },
  body: { networks: { allow, deny } },
})
const invalid = 'platform.invalid-input'
const ofPassword = {
  status: 400,
  codes: ['identity.invalid-password', 'identity.invalid-password'],
  fields: [': password', ': password'],
} as const

const passwords: readonly Bad[] = [
  { name: 'NUL', ...typed(`${secret}\0`), says: /NUL character/, ...ofPassword },
  { name: 'a control character', ...typed(`${secret}\u001b[2J`), says: /control characters/, ...ofPassword },
  { name: 'too short', ...typed('lanterns'), says: /at least 12/, ...ofPassword },
  { name: 'too long', ...typed(secret.repeat(12)), says: /at most 256/, ...ofPassword },
  { name: 'leaked', ...typed('password123456'), says: /guessed at once|is known/, ...ofPassword },
  {
    name: 'of 10 MB',
    ...typed('lantern '.repeat(1_310_720)),
    status: 413,
    says: /too large/i,
    codes: ['platform.body-too-large', 'platform.body-too-large'],
    fields: ['', ''],
  },
]

const limits: readonly Bad[] = [
  {
    name: 'a CIDR with host bits',
    ...networks(['198.51.100.7/24']),
    status: 400,
    says: /198\.51\.100\.0\/24/,
    codes: [invalid, 'identity.invalid-token-limits'],
    fields: [': allow', ': networks'],
  },
  {
    name: 'a mask of /0, which asks',
    ...networks(['0.0.0.0/0', '::/0']),
    status: 409,
    says: /every address/i,
    codes: ['identity.limits-to-confirm', 'identity.limits-to-confirm'],
    fields: ['confirmed', 'confirmed'],
  },
  {
    name: 'allow and deny that overlap and shut out who asks',
    ...networks(['192.0.2.0/24'], ['192.0.2.0/25']),
    status: 409,
    says: /192\.0\.2\.1/,
    codes: ['identity.limits-to-confirm', 'identity.limits-to-confirm'],
    fields: ['confirmed', 'confirmed'],
  },
  {
    name: 'a label with a control character',
    form: { label: 'Lap\u0007top' },
    body: { label: 'Lap\u0007top' },
    status: 400,
    says: /label/i,
    codes: ['identity.invalid-token-limits', 'identity.invalid-token-limits'],
    fields: [': label', ': label'],
  },
]

/** By page and by API: the same words, and a record each. */
async function refusedTwice(
  node: TestNode & { readonly admin: Browser },
  kind: string,
  bad: Bad,
  form: Readonly<Record<string, unknown>>,
  body: Readonly<Record<string, unknown>>,
): Promise<void> {
  const paths = [`/account/credentials/new/${kind}`, `/api/v1/${kind}s`] as const
  const before = new Set((await refusals(node)).map(({ id }) => id))
  for (const [index, sent] of [form, body].entries()) {
    const { status, text } = await node.admin.post(paths[index] ?? assert.fail(), sent)
    assert.equal(status, bad.status, `${bad.name} ${index}: ${text.slice(0, 300)}`)
    assert.match(text, bad.says, `${bad.name} ${index}`)
    assert.ok(!text.includes('lantern'), bad.name)
  }
  const records = (await refusals(node)).filter(({ id }) => !before.has(id))
  for (const [index, path] of paths.entries()) {
    const code = bad.codes[index]
    const record = records.find(({ detail }) => detail?.['code'] === code && reasonOf(detail).includes(path))
    assert.ok(record, `${bad.name} ${path}: ${JSON.stringify(records)}`)
    assert.equal(record.action, 'credentials:create')
    assert.equal(record.actor.name, 'admin')
    assert.ok(reasonOf(record.detail).includes(bad.fields[index] ?? '?'), reasonOf(record.detail))
  }
}

eachDialect((_, open) => {
  test('bad input of a new credential is refused in its own words and journalled, without what was sent', async (t) => {
    const node = await startSetUpNode(t, open)
    for (const bad of passwords) {
      const kept = { label: 'Laptop', password: secret }
      await refusedTwice(
        node,
        'password',
        bad,
        { ...kept, passwordAgain: secret, ...bad.form },
        { ...kept, ...bad.body },
      )
    }
    for (const bad of limits) {
      await refusedTwice(node, 'shared-secret', bad, { label: 'Laptop', ...bad.form }, { label: 'Laptop', ...bad.body })
    }
    const all = JSON.stringify(await journal(node))
    for (const value of ['lantern', 'harbour', '198.51.100.7', 'Lap\\u0007top']) assert.ok(!all.includes(value), value)
    assert.equal((await node.admin.get('/api/v1/credentials')).text.includes('Laptop'), false, 'nothing was made')
  })

  test('every door that makes or changes a credential journals what it refuses for its input', async (t) => {
    const node = await startSetUpNode(t, open)
    const [own] = (await node.admin.get('/api/v1/credentials')).json['items'] as { id: string }[]
    const account = await addPerson(node.admin, 'sam', secret)
    const long = 'x'.repeat(300)
    const short = { password: 'short', passwordAgain: 'short' }
    const change = `credentials:change:${own?.id}`
    const tries: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
      [`/credentials/${own?.id}/reset/password`, short, change],
      [`/api/v1/passwords/${own?.id}/reset`, { password: 'short' }, change],
      [`/credentials/${own?.id}/rename`, { label: long }, change],
      ['/account/password', { presentPassword: 'x', password: 'one', passwordAgain: 'other' }, 'credentials:change'],
      ['/api/v1/me/password', { presentPassword: 1 }, 'credentials:change'],
      [`/api/v1/accounts/${account}/reset-password`, { password: 'short' }, `credentials:reset:${account}`],
      ['/api/v1/accounts', { handle: 'eve', displayName: 'Eve', password: 'short' }, 'accounts:create'],
      ['/accounts', { handle: 'eve', displayName: 'Eve', email: '', ...short }, 'accounts:create'],
      ['/api/v1/tokens', { label: 'x', networks: { allow: ['192.0.2.1/24'], deny: [] } }, 'tokens:create'],
      ['/account/tokens', { label: 'x', allow: '192.0.2.1/24' }, 'tokens:create'],
      ['/api/v1/keys', { label: 'x', publicKey: 'ssh-dss AAAA' }, 'credentials:create'],
      ['/account/credentials/new/shared-secret', { label: 'x', allow: '192.0.2.1/24' }, 'credentials:create'],
      ['/account/credentials/new/totp', { label: 'x', allow: '192.0.2.1/24' }, 'credentials:create'],
      ['/account/credentials/new/passkey', { label: 'x', allow: '192.0.2.1/24' }, 'credentials:create'],
      ['/account/credentials/new/recovery-codes', { label: 'x', unheard: secret }, 'credentials:create'],
    ]
    for (const [path, body, action] of tries) {
      const before = (await refusals(node)).length
      const answer = await node.admin.post(path, body)
      assert.equal(answer.status, 400, `${path}: ${answer.status} ${answer.text.slice(0, 400)}`)
      const records = await refusals(node)
      assert.equal(records.length, before + 1, path)
      assert.ok(records.some((record) => record.action === action && JSON.stringify(record.detail).includes('POST /')))
    }
    assert.ok(!JSON.stringify(await journal(node)).includes(secret), 'not even as a field’s name')
  })

  test('a flood of bad input is two records a minute, and strangers leave none', async (t) => {
    const node = await startSetUpNode(t, open)
    const flood = (by: Browser) => by.post('/api/v1/passwords', { label: 'x', password: 'short' })
    for (let turn = 0; turn < 40; turn++) await flood(node.admin)
    const records = await refusals(node)
    assert.ok(records.length <= 2, `${records.length}`)
    assert.equal(
      records.reduce((sum, { count }) => sum + count, 0),
      40,
    )
    assert.equal((await flood(browser(node, '203.0.113.9'))).status, 401)
    const strangers = (await refusals(node)).filter(({ actor }) => actor.kind === 'anonymous')
    assert.ok(strangers.every(({ detail }) => detail?.['code'] !== 'identity.invalid-password'))
  })
})
