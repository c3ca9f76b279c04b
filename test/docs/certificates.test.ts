import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { programMissing } from '#platform/testing'
import { runCommand } from '../product/command.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

const root = join(import.meta.dirname, '..', '..')
const missing = programMissing('openssl', 'openssl', 'version') || programMissing('curl', 'curl')

after(cleanUp)

test('the commands of docs/pki-enrolment.md do what it says', { skip: missing }, async () => {
  const product = await startProduct()
  const { directory } = product
  const fingerprint = /((?:[0-9a-f]{2}:){31}[0-9a-f]{2})/.exec(product.output())?.[1] ?? ''
  symlinkSync(join(root, 'bin', 'gatehouse'), join(directory, 'gatehouse'))
  // stands for the one of the machine, which must not be asked by a test
  writeFileSync(join(directory, 'systemctl'), '#!/bin/sh\necho "$@" > told\n', { mode: 0o755 })
  await runCommands(product, 'pki-enrolment.md', 8, fingerprint)
  const certificate = (name: string) => new X509Certificate(readFileSync(join(directory, name)))
  assert.match(certificate('tls.crt').subjectAltName ?? '', /DNS:billing\.gatehouse\.localhost/)
  assert.equal(readFileSync(join(directory, 'told'), 'utf8'), 'reload nginx\n')
  assert.equal(certificate('wm-42.crt').subject, 'CN=wm-42')
  assert.equal(certificate('new.crt').subject, 'CN=wm-42')
  assert.notEqual(certificate('new.crt').serialNumber, certificate('wm-42.crt').serialNumber)
})

test('the commands of docs/certificates.md do what it says', { skip: missing }, async () => {
  const product = await startProduct()
  const { directory } = product
  symlinkSync(join(root, 'bin', 'gatehouse'), join(directory, 'gatehouse'))
  const person = await runCommand(directory, ['accounts', 'create', 'ada'])
  assert.equal(person.code, 0, person.stderr)
  await runCommands(product, 'certificates.md', 13, '')
  assert.equal(statSync(join(directory, 'ada.p12')).mode & 0o777, 0o600)
  const listed = await runCommand(directory, ['pki', 'certificates', 'list', '--search', 'washer-7'])
  assert.match(listed.stdout, /washer-7 +device +revoked/)
  const authorities = await runCommand(directory, ['pki', 'authorities', 'list'])
  assert.match(authorities.stdout, /retired/)
})

/** Every command of a document, one shell for all of them, in the product's directory. */
async function runCommands(product: Product, document: string, count: number, fingerprint: string): Promise<void> {
  const { directory, port } = product
  const text = readFileSync(join(root, 'docs', document), 'utf8')
  const blocks = [...text.matchAll(/```console\n(.*?)```/gs)].map(([, block]) => block ?? '')
  const commands = blocks.flatMap((block) => block.split(/^\$ /m).slice(1))
  assert.equal(commands.length, count)
  const script = commands.join('').replaceAll(':8443', `:${port}`).replaceAll('FINGERPRINT', fingerprint)
  const child = spawn('bash', ['-o', 'pipefail', '-e', '-x', '-c', script], {
    cwd: directory,
    env: { PATH: `${directory}:${process.env['PATH'] ?? ''}`, HOME: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const hear = (chunk: Buffer): void => {
    said += chunk.toString()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 0, said)
}
