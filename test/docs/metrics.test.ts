import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { programMissing } from '#platform/testing'
import { runCommand } from '../product/command.ts'
import { ask } from '../product/http.ts'
import { cleanUp, startProduct } from '../product/start.ts'
import { root } from '../structure/sources.ts'

const page = readFileSync(resolve(root, 'docs/metrics.md'), 'utf8')

function commands(name: string): readonly string[] {
  const [, text] = new RegExp(`<!-- ${name}: run by a test -->\\n\`\`\`sh\\n([^]*?)\`\`\``).exec(page) ?? []
  return text?.trim().split('\n') ?? assert.fail(`no ${name} commands`)
}

test('the commands of docs/metrics.md give metrics to who has the token, and to nobody else', {
  skip: programMissing('curl', 'curl'),
}, async () => {
  after(cleanUp)
  const product = await startProduct({ environment: { GATEHOUSE_LOG_LEVEL: 'error' } })
  const { directory } = product
  const [curl = '', ...more] = commands('local').flatMap((line) => line.split(' '))
  const local = execFileSync(curl, ['--silent', '--fail', ...more], { cwd: directory, encoding: 'utf8' })
  assert.match(local, /^# TYPE gatehouse_listener_connections gauge$/m)

  const password = 'granite harbour willow 7'
  const setup = ['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin']
  assert.equal((await runCommand(directory, setup, `${password}\n`)).code, 0)
  const { stdout } = await runCommand(directory, ['ca', '--json'])
  const { fingerprint } = JSON.parse(stdout) as { readonly fingerprint: string }
  const login = ['login', product.origin, '--handle', 'ada', '--password-stdin', '--ca-fingerprint', fingerprint]
  assert.equal((await runCommand(directory, login, `${password}\n`)).code, 0)
  for (const line of commands('token')) {
    const [command = '', file = ''] = line.split(' > ')
    const made = await runCommand(directory, [...command.split(' ').slice(1), '--url', product.origin])
    assert.equal(made.code, 0, made.stderr)
    writeFileSync(join(directory, file), made.stdout)
  }
  const token = readFileSync(join(directory, 'metrics-token'), 'utf8').trim()
  const { hostname, port } = new URL(product.origin)
  const known = ['--cacert', 'gatehouse-ca.crt', '--resolve', `${hostname}:${port}:127.0.0.1`]
  const asking = ['--silent', '--fail', ...known, '--oauth2-bearer', token, `${product.origin}/metrics`]
  const scraped = execFileSync('curl', asking, { cwd: directory, encoding: 'utf8' })
  for (const [, name] of page.matchAll(/^\| `(gatehouse_\w+)` \|/gm))
    assert.ok(scraped.includes(`# TYPE ${name} `), name)

  assert.equal((await ask(product, '/metrics')).status, 401)
  const elsewhere = { headers: { authorization: `Bearer ${token}` } }
  assert.equal((await ask(product, '/api/v1/accounts', elsewhere)).status, 403)
})
