import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { programMissing } from '#platform/testing'
import { root } from '../structure/sources.ts'

const page = readFileSync(resolve(root, 'docs/webhooks.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-webhooks-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** The example of that language, as the page has it. */
function example(language: string): string {
  const [, text] = new RegExp(`<!-- ${language}: run by a test -->\\n\`\`\`\\w+\\n([^]*?)\`\`\``).exec(page) ?? []
  assert.ok(text !== undefined, `no ${language} example`)
  return text
}

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const body = '{"id":"evt_1","type":"accounts.disable","data":{"actor":{"name":"Ünal"}}}'

function message(at: number, signedBody = body) {
  const timestamp = String(Math.floor(at / 1_000))
  const key = Buffer.from(secret.slice(6), 'base64')
  const signature = createHmac('sha256', key).update(`evt_1.${timestamp}.${signedBody}`).digest('base64')
  return { 'webhook-id': 'evt_1', 'webhook-timestamp': timestamp, 'webhook-signature': `v1,AAAA v1,${signature}` }
}

/** A message as it should be, one of other words, and one recorded an hour ago; and whether each is to be believed. */
const messages = [
  [message(Date.now()), true],
  [message(Date.now(), '{}'), false],
  [message(Date.now() - 3_600_000), false],
] as const

test('the shell example tells genuine messages from forged and old ones', {
  skip: programMissing('openssl', 'openssl', 'version'),
}, () => {
  writeFileSync(join(folder, 'body'), body)
  writeFileSync(join(folder, 'verify.sh'), example('shell'))
  for (const [headers, genuine] of messages) {
    const env = {
      PATH: process.env['PATH'] ?? '',
      secret,
      webhook_id: headers['webhook-id'],
      webhook_timestamp: headers['webhook-timestamp'],
      webhook_signature: headers['webhook-signature'],
    }
    const script = '. ./verify.sh || true'
    const said = execFileSync('sh', ['-c', script], { cwd: folder, env, encoding: 'utf8' })
    assert.equal(said.trim() === 'genuine', genuine, JSON.stringify(headers))
  }
})

test('the JavaScript example tells genuine messages from forged and old ones', async () => {
  const file = join(folder, 'verify.mjs')
  writeFileSync(file, example('javascript'))
  const { isGenuine } = (await import(file)) as {
    isGenuine: (secret: string, headers: object, body: string | Buffer) => boolean
  }
  for (const [headers, genuine] of messages) {
    assert.equal(isGenuine(secret, headers, body), genuine)
    assert.equal(isGenuine(secret, headers, Buffer.from(body)), genuine)
  }
  assert.equal(isGenuine(secret, { ...message(Date.now()), 'webhook-signature': 'v1, v0,x' }, body), false)
})

test('the Python example tells genuine messages from forged and old ones', {
  skip: programMissing('python3', 'python3'),
}, () => {
  const program = `${example('python')}
import json, sys
for headers in json.loads(sys.argv[1]):
    print(is_genuine(sys.argv[2], headers, sys.argv[3].encode()))
`
  const asked = JSON.stringify(messages.map(([headers]) => headers))
  const said = execFileSync('python3', ['-c', program, asked, secret, body], { encoding: 'utf8' })
  assert.deepEqual(
    said.trim().split('\n'),
    messages.map(([, genuine]) => (genuine ? 'True' : 'False')),
  )
})
