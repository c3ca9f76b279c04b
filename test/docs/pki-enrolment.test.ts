import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { programMissing } from '#platform/testing'
import { cleanUp, startProduct } from '../product/start.ts'

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
  const text = readFileSync(join(root, 'docs', 'pki-enrolment.md'), 'utf8')
  const blocks = [...text.matchAll(/```console\n(.*?)```/gs)].map(([, block]) => block ?? '')
  const commands = blocks.flatMap((block) => block.split(/^\$ /m).slice(1))
  assert.equal(commands.length, 8)
  for (const command of commands) {
    const here = command.replaceAll(':8443', `:${product.port}`).replaceAll('FINGERPRINT', fingerprint)
    const env = { PATH: `${directory}:${process.env['PATH'] ?? ''}`, HOME: directory }
    const child = spawn('bash', ['-o', 'pipefail', '-c', here], {
      cwd: directory,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const [code] = (await once(child, 'close')) as [number]
    assert.equal(code, 0, `${here}\n${said}`)
  }
  const certificate = (name: string) => new X509Certificate(readFileSync(join(directory, name)))
  assert.match(certificate('tls.crt').subjectAltName ?? '', /DNS:billing\.gatehouse\.localhost/)
  assert.equal(readFileSync(join(directory, 'told'), 'utf8'), 'reload nginx\n')
  assert.equal(certificate('wm-42.crt').subject, 'CN=wm-42')
  assert.equal(certificate('new.crt').subject, 'CN=wm-42')
  assert.notEqual(certificate('new.crt').serialNumber, certificate('wm-42.crt').serialNumber)
})
