import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { programMissing } from '#platform/testing'
import { runCommand } from '../product/command.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

let product: Product
before(async () => {
  product = await startProduct()
})
after(cleanUp)

const needsOpenssl = { skip: programMissing('openssl', 'openssl', 'version') }
const place = (file: string): string => join(product.directory, file)
const certificates = (...args: readonly string[]) => runCommand(product.directory, ['pki', 'certificates', ...args])

test(
  'a folder of requests becomes a folder of certificates, and a second run adds what is new',
  needsOpenssl,
  async () => {
    const folder = join(product.directory, 'requests')
    mkdirSync(folder)
    const add = (name: string): void => {
      const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`]
      const args = ['req', '-new', ...key, '-subj', `/CN=${name}`, '-out', `${name}.csr`]
      execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
    }
    add('washer-1')
    add('washer-2')
    const issued = await certificates('issue-batch', 'device', folder, '--json')
    assert.equal(issued.code, 0, issued.stderr)
    const { issued: ids } = JSON.parse(issued.stdout) as { readonly issued: readonly string[] }
    assert.equal(ids.length, 2)
    const written = readFileSync(join(folder, 'washer-2.pem'), 'utf8')
    assert.equal(new X509Certificate(written).subject, 'CN=washer-2')
    assert.equal(written.match(/BEGIN CERTIFICATE/g)?.length, 2)
    add('washer-3')
    const more = await certificates('issue-batch', 'device', folder)
    assert.equal(more.code, 0, more.stderr)
    assert.match(more.stderr, /Issued 1 of 1\./)
    add('washer-4')
    renameSync(join(folder, 'washer-4.csr'), join(folder, 'washer-9.csr'))
    add('washer-5')
    const refused = await certificates('issue-batch', 'device', folder)
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /pki\.batch-refused/)
    assert.match(refused.stderr, /^ +washer-9\.csr: /m)
    assert.ok(!existsSync(join(folder, 'washer-5.pem')), 'none of them is issued')
    for (const name of ['washer-9', 'washer-5']) rmSync(join(folder, `${name}.csr`))
    const none = await certificates('issue-batch', 'device', folder)
    assert.match(none.stdout, /^No new \.csr file/)
    const nowhere = await certificates('issue-batch', 'device', join(folder, 'nowhere'))
    assert.equal(nowhere.code, 2)
  },
)

test('a key made by the server is written as a PKCS #12 file, its password printed once', needsOpenssl, async () => {
  const file = join(product.directory, 'billing.p12')
  const order = ['issue', 'service', '--service', 'billing', '--p12', file] as const
  const issued = await certificates(...order)
  assert.equal(issued.code, 0, issued.stderr)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const open = (password: string) =>
    execFileSync('openssl', ['pkcs12', '-in', file, '-nodes', '-passin', `pass:${password}`], { stdio: 'pipe' })
  assert.match(open(issued.stdout.trim()).toString(), /BEGIN PRIVATE KEY/)
  assert.throws(() => open('another'))
  const again = await certificates(...order)
  assert.equal(again.code, 2, 'never over a file that is there')
  const misused = await certificates('issue', 'service', '--service', 'billing', '--new-key', file, '--older')
  assert.equal(misused.code, 2)
})

test('a certificate is shown in PEM with its chain, which openssl verifies', needsOpenssl, async () => {
  const made = await certificates('issue', 'device', '--device', 'lamp-1', '--new-key', place('lamp-1.key'), '--json')
  assert.equal(made.code, 0, made.stderr)
  const { id, serial } = JSON.parse(made.stdout) as { readonly id: string; readonly serial: string }
  const shown = await certificates('show', id, '--pem')
  assert.equal(shown.code, 0, shown.stderr)
  assert.match(shown.stdout, /^-----BEGIN CERTIFICATE-----\n/, 'nothing before it')
  assert.equal(new X509Certificate(shown.stdout).serialNumber.toLowerCase(), serial)
  writeFileSync(place('lamp-1.pem'), shown.stdout)
  const { pem } = JSON.parse((await runCommand(product.directory, ['ca', '--json'])).stdout) as { readonly pem: string }
  writeFileSync(place('root.pem'), pem)
  const args = ['verify', '-x509_strict', '-CAfile', 'root.pem', '-untrusted', 'lamp-1.pem', 'lamp-1.pem']
  assert.match(execFileSync('openssl', args, { cwd: product.directory, encoding: 'utf8' }), /lamp-1\.pem: OK/)
})

test('a certificate is reset: a new key in a file, the old certificate revoked', async () => {
  const made = await certificates('issue', 'device', '--device', 'pump-1', '--new-key', place('pump-1.key'), '--json')
  assert.equal(made.code, 0, made.stderr)
  const { id, notAfter } = JSON.parse(made.stdout) as { readonly id: string; readonly notAfter: string }
  const key = place('pump-1.new.key')
  const unasked = await certificates('reset', id, '--new-key', key)
  assert.notEqual(unasked.code, 0, 'nobody is there to be asked')
  assert.equal((await certificates('reset', id, '--yes')).code, 2, 'neither a request nor a place for a key')
  assert.ok(!existsSync(key))
  const reset = await certificates('reset', id, '--new-key', key, '--yes', '--json')
  assert.equal(reset.code, 0, reset.stderr)
  const told = JSON.parse(reset.stdout) as Readonly<Record<string, unknown>>
  assert.deepEqual([told['revoked'], told['renewedFrom'], told['notAfter']], [[id], id, notAfter])
  assert.ok(!('privateKey' in told), 'the key is in its file alone')
  assert.equal(statSync(key).mode & 0o777, 0o600)
  assert.ok(new X509Certificate(String(told['pem'])).checkPrivateKey(createPrivateKey(readFileSync(key))))
  assert.match((await certificates('show', id)).stdout, /Revoked .*\(superseded\)/)

  const again = await certificates('reset', id, '--p12', place('pump-1.p12'), '--yes')
  assert.match(again.stderr, /pki\.reset-refused/)
  assert.ok(!existsSync(place('pump-1.p12')))
  const next = await certificates('reset', String(told['id']), '--p12', place('pump-1.p12'), '--yes')
  assert.equal(next.code, 0, next.stderr)
  assert.match(next.stderr, new RegExp(`Revoked ${String(told['id'])}\\.`))
  assert.match(next.stdout, /^([a-z2-9]{4}-){5}[a-z2-9]{4}$/m)
})

test('a device is added, shown, called something else, given a role, and removed', async () => {
  const holders = (...args: readonly string[]) => runCommand(product.directory, ['pki', 'holders', ...args])
  const made = await holders('create', 'dryer-1', '--title', 'Dryer, attic', '--json')
  assert.equal(made.code, 0, made.stderr)
  const { id } = JSON.parse(made.stdout) as { readonly id: string }
  assert.equal((await holders('change', 'dryer-1', '--title', 'Dryer, cellar')).code, 0)
  const role = await runCommand(product.directory, ['roles', 'create', 'reporters', '--permission', 'accounts:read'])
  assert.equal(role.code, 0, role.stderr)
  const given = await runCommand(product.directory, ['roles', 'grant', 'reporters', id])
  assert.equal(given.code, 0, given.stderr)
  const shown = await holders('show', 'dryer-1')
  assert.match(shown.stdout, /Title +Dryer, cellar/)
  assert.match(shown.stdout, /Roles +reporters/)
  assert.match((await holders('list', '--search', 'cellar')).stdout, /dryer-1/)
  assert.equal((await holders('remove', 'dryer-1', '--yes')).code, 0)
  const gone = await holders('show', id)
  assert.match(gone.stderr, /pki\.no-such-holder/)
  const again = await holders('create', 'dryer-1')
  assert.match(again.stderr, /pki\.holder-name-taken/)
})
