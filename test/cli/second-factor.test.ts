import assert from 'node:assert/strict'
import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { keyTools, onTerminal, type Tools, terminalMissing } from '../../src/identity/keys/testing.ts'
import { runCommand } from '../product/command.ts'
import { ask, askLocally, signInCookie } from '../product/http.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

// what succeeds without a question is test/docs/keys.test.ts: every login that docs/keys.md shows

const password = 'quiet lanterns over the harbour'
const gatehouse = join(import.meta.dirname, '..', '..', 'bin', 'gatehouse')

after(cleanUp)

/** sam, whose password is followed by a key or a shared secret; the key lies in `key`. */
async function open(product: Product, tools: Tools) {
  const body = JSON.stringify({ handle: 'sam', displayName: 'Sam', password })
  assert.equal((await askLocally(product, '/api/v1/setup', { method: 'POST', body })).status, 201)
  const cookie = await signInCookie(product, 'sam', password)
  const headers = { 'content-type': 'application/json', origin: product.origin, cookie }
  const post = async (path: string, sent: unknown) => {
    const made = await ask(product, path, { method: 'POST', headers, body: JSON.stringify(sent) })
    assert.equal(made.status, 201, made.text)
    return made.json
  }
  const publicKey = tools.sh(
    'ssh-keygen -q -t ed25519 -N "" -f key; ssh-keygen -q -t ed25519 -N "" -f other; cat key.pub',
  )
  await post('/api/v1/keys', { label: 'Laptop', publicKey, isSecond: true })
  const { secret } = await post('/api/v1/shared-secrets', { label: 'Script' })
  return { post, secret: String(secret) }
}

test('a second factor that was not given, or is wrong, leaves no token and is told with its options', {
  skip: terminalMissing,
}, async (t) => {
  const product = await startProduct()
  const tools = keyTools(t)
  const { directory } = tools
  const { post, secret } = await open(product, tools)
  symlinkSync(gatehouse, join(directory, 'gatehouse'))
  const pin = /((?:[0-9a-f]{2}:){31}[0-9a-f]{2})/.exec(product.output())?.[1] ?? ''
  const stored = join(directory, '.config', 'gatehouse', 'credentials.json')
  const login = ['login', product.origin, '--handle', 'sam', '--ca-fingerprint', pin, '--json']

  const cases: readonly (readonly [string, readonly string[], string, string, RegExp])[] = [
    [
      'password alone',
      ['--password-stdin'],
      `${password}\n`,
      'cli.another-factor',
      /--key or --agent, or --shared-sec/,
    ],
    [
      'key alone',
      ['--key', 'key'],
      '',
      'cli.another-factor',
      /Give as well what the account has: --shared-secret-stdin/,
    ],
    ['a code', ['--password-stdin', '--code', '123456'], `${password}\n`, 'cli.another-factor', /--key or --agent/],
    [
      'another key',
      ['--password-stdin', '--key', 'other'],
      `${password}\n`,
      'identity.sign-in-failed',
      /do not belong/,
    ],
    [
      'a wrong secret',
      ['--key', 'key', '--shared-secret-stdin'],
      'wrong\n',
      'identity.sign-in-failed',
      /do not belong/,
    ],
    ['a wrong password', ['--password-stdin', '--key', 'key'], 'x\n', 'identity.sign-in-failed', /do not belong/],
  ]
  for (const [name, options, stdin, code, sentence] of cases) {
    await t.test(name, async () => {
      const run = await runCommand(directory, [...login, ...options], stdin)
      assert.equal(run.code, 1, run.stderr)
      assert.equal(run.stdout, '')
      const { error } = JSON.parse(run.stderr) as { error: { code: string; detail: string } }
      assert.equal(error.code, code)
      assert.match(error.detail, sentence)
      assert.equal(run.stderr.includes(secret) || run.stderr.includes(password), false)
      assert.equal(existsSync(stored), false)
    })
  }

  await t.test('both at once, without a terminal, as JSON', async () => {
    const run = await runCommand(directory, [...login, '--password-stdin', '--key', 'key'], `${password}\n`)
    assert.equal(run.code, 0, run.stderr)
    const result = JSON.parse(run.stdout) as Record<string, unknown>
    assert.deepEqual([result['server'], result['handle']], [product.origin, 'sam'])
    const me = await runCommand(directory, ['tokens', 'list', '--json'])
    assert.equal(me.code, 0, me.stderr)
  })

  const person = `gatehouse login ${product.origin} --handle sam`
  const inPlace = { directory, env: { PATH: `${directory}:${process.env['PATH'] ?? ''}` } }
  await t.test('on a terminal a person is asked for what is missing', async () => {
    const asked = [
      { question: /Password/, line: password },
      { question: /Another factor is asked for/, line: '' },
      { question: /File of the key/, line: 'key' },
    ]
    assert.match(await onTerminal(inPlace, person, { asked }), /^Signed in to https:\S+ as sam until/)
    const bySecret = [{ question: /Shared secret/, line: secret }]
    assert.match(await onTerminal(inPlace, `${person} --key key`, { asked: bySecret }), /^Signed in to/)
  })

  await t.test('a rule that asks for a passkey is told, and where one can be used', async () => {
    const text = `@id("sure") forbid (principal is Gatehouse::Account, action == Gatehouse::Action::"sessions:open", resource) unless { context.phishingResistant };`
    await post('/api/v1/policies', { name: 'sure', text, state: 'enforced', reason: 'test' })
    const run = await runCommand(directory, [...login, '--password-stdin', '--key', 'key'], `${password}\n`)
    assert.equal(run.code, 1)
    assert.match(run.stderr, /cli\.another-factor/)
    assert.match(run.stderr, /a passkey or a client certificate, which work in a browser/)
  })
})

test('a key that only follows begins nothing: without a terminal the password is named, on one it is asked for', {
  skip: terminalMissing,
}, async (t) => {
  const product = await startProduct()
  const tools = keyTools(t)
  const { directory } = tools
  symlinkSync(gatehouse, join(directory, 'gatehouse'))
  const { post } = await open(product, tools)
  const pin = /((?:[0-9a-f]{2}:){31}[0-9a-f]{2})/.exec(product.output())?.[1] ?? ''
  const login = ['login', product.origin, '--handle', 'sam', '--ca-fingerprint', pin]
  await post('/api/v1/accounts', { handle: 'eve', displayName: 'Eve', password })
  const cookie = await signInCookie(product, 'eve', password)
  const headers = { 'content-type': 'application/json', origin: product.origin, cookie }
  const body = JSON.stringify({ label: 'Laptop', publicKey: tools.sh('cat other.pub'), isSecond: true })
  assert.equal((await ask(product, '/api/v1/keys', { method: 'POST', headers, body })).status, 201)
  const eve = login.map((word) => (word === 'sam' ? 'eve' : word))
  const refused = await runCommand(directory, [...eve, '--key', 'other'])
  assert.equal(refused.code, 1, refused.stderr)
  assert.match(refused.stderr, /Give the password as well, with --password-stdin/)
  const place = { directory, env: { PATH: `${directory}:${process.env['PATH'] ?? ''}` } }
  const asked = { question: /Password/, line: password }
  const printed = await onTerminal(place, `gatehouse ${[...eve, '--key', 'other'].join(' ')}`, { asked })
  assert.match(printed, /^Signed in to https:\S+ as eve until/)
})
