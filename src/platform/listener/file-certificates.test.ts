import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fakeClock, type MemoryLog, memoryLog, type TestCertificate, testCertificate } from '#platform/testing'
import { createMetrics } from '../metrics.ts'
import type { CertificateFiles } from './certificate-pair.ts'
import { endsSoon, FileCertificates } from './file-certificates.ts'

const written = (log: MemoryLog): string => JSON.stringify(log.entries)

function place(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-files-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const clock = fakeClock(Date.UTC(2030, 0, 1))
  const log = memoryLog()
  const metrics = createMetrics()
  const certificates = new FileCertificates({ clock, log, metrics })
  t.after(() => certificates.stop())
  const write = (name: string, { cert, key }: TestCertificate): CertificateFiles => {
    const files = { certificate: join(directory, `${name}.pem`), key: join(directory, `${name}.key`) }
    writeFileSync(files.certificate, cert)
    writeFileSync(files.key, key, { mode: 0o600 })
    return files
  }
  return { directory, clock, log, metrics, certificates, write }
}

test('certificates of files are found by exact name, then by the wildcard one label above', (t) => {
  const { certificates, log, write } = place(t)
  const wide = write('wide', testCertificate('*.example.org', 'example.org'))
  const own = write('own', testCertificate('a.example.org'))
  const [first, second] = certificates.load([wide, own])
  assert.deepEqual([first?.state, second?.state], ['loaded', 'loaded'], written(log))
  assert.deepEqual(first?.served?.names, ['*.example.org', 'example.org'])
  const found = (name: string) => certificates.find(name)
  assert.ok(found('a.example.org') !== undefined && found('a.example.org') !== found('b.example.org'))
  assert.equal(found('b.example.org'), found('example.org'))
  for (const name of ['b.a.example.org', 'org', 'example.com', 'xexample.org', '', '.example.org.']) {
    assert.equal(found(name), undefined, name)
  }
})

test('every fault of every file is told at once, in words', (t) => {
  const { directory, certificates, write } = place(t)
  const good = testCertificate('a.test')
  const other = testCertificate('a.test')
  const protectedKey = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
  })
  const huge = join(directory, 'huge.pem')
  writeFileSync(huge, '')
  truncateSync(huge, 2 ** 40)
  const missing = { certificate: join(directory, 'no.pem'), key: join(directory, 'no.key') }
  const outcomes = certificates.load([
    missing,
    write('mixed', { cert: good.cert, key: other.key }),
    write('swapped', { cert: good.key, key: good.cert }),
    write('locked', { cert: good.cert, key: protectedKey.privateKey }),
    write('nameless', testCertificate()),
    write('torn', { cert: good.cert.slice(0, 200), key: good.key }),
    { certificate: directory, key: '/dev/zero' },
    write('half-chain', { cert: good.cert + other.cert.slice(0, 200), key: good.key }),
    { certificate: huge, key: huge },
  ])
  const told = outcomes.map(({ faults }) => faults.map(({ file, message }) => `${file}: ${message}`))
  assert.deepEqual(told.slice(0, 5), [
    ['certificate: cannot be read: there is no such file', 'key: cannot be read: there is no such file'],
    [`key: is not the key of the certificate in ${join(directory, 'mixed.pem')}`],
    ['certificate: holds no certificate in PEM', 'key: holds no private key in PEM'],
    ['key: is protected by a passphrase, which nobody is there to type: store the key without one'],
    ['certificate: names no host that could be served'],
  ])
  assert.deepEqual(told[5], ['certificate: holds no certificate in PEM'])
  assert.deepEqual(told[6], ['certificate: is not a file', 'key: is not a file'])
  assert.deepEqual(told[7], ['certificate: holds a certificate that is not whole'])
  assert.deepEqual(told[8], ['certificate: is larger than 262144 bytes', 'key: is larger than 262144 bytes'])
  assert.ok(outcomes.every(({ state, served }) => state === 'refused' && served === undefined))
  assert.equal(certificates.find('a.test'), undefined)
})

test('a change that cannot be used leaves the certificate before it in service', (t) => {
  const { certificates, log, write } = place(t)
  const files = write('a', testCertificate('a.test'))
  certificates.load([files])
  const before = certificates.find('a.test')
  const next = testCertificate('a.test')
  writeFileSync(files.certificate, next.cert)
  assert.deepEqual(
    certificates.load([files]).map(({ state }) => state),
    ['kept'],
  )
  assert.equal(certificates.find('a.test'), before)
  assert.match(written(log), /a certificate could not be used; the one read before is served on/)
  assert.ok(!written(log).includes('BEGIN'))
  writeFileSync(files.key, next.key)
  assert.deepEqual(
    certificates.load([files]).map(({ state }) => state),
    ['loaded'],
  )
  assert.notEqual(certificates.find('a.test'), before)
  const now = certificates.find('a.test')
  assert.equal(certificates.load([files])[0]?.state, 'unchanged')
  assert.equal(certificates.find('a.test'), now)
  rmSync(files.key)
  assert.equal(certificates.load([files])[0]?.state, 'kept')
  certificates.load([])
  assert.equal(certificates.find('a.test'), undefined)
  // what is no longer named is forgotten, not kept for later
  assert.equal(certificates.load([files])[0]?.state, 'refused')
})

test('the metric tells the ends of what is served now, and of nothing that was', async (t) => {
  const { certificates, metrics, write } = place(t)
  const files = write('a', testCertificate('a.test'))
  certificates.load([files])
  const line = `gatehouse_listener_certificate_not_after_seconds{file="${files.certificate}"}`
  assert.ok((await metrics.text()).includes(line))
  certificates.load([])
  assert.ok(!(await metrics.text()).includes(line))
})

test('files that change are read by themselves, also behind a link that is turned', async (t) => {
  const { directory, certificates, write } = place(t)
  const [one, two] = [write('one', testCertificate('a.test')), write('two', testCertificate('a.test'))]
  const live = { certificate: join(directory, 'live.pem'), key: join(directory, 'live.key') }
  const turn = (to: CertificateFiles): void => {
    for (const file of ['certificate', 'key'] as const) {
      symlinkSync(to[file], `${live[file]}.new`)
      renameSync(`${live[file]}.new`, live[file])
    }
  }
  turn(one)
  certificates.load([live])
  const before = certificates.find('a.test')
  certificates.watch(5)
  turn(two)
  while (certificates.find('a.test') === before) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(certificates.outcomes[0]?.state, 'loaded')
})

test('of several for one name the first that has not ended is served; ends are told', (t) => {
  const { clock, certificates, log, write } = place(t)
  const [long, spare] = [write('long', testCertificate('a.test')), write('spare', testCertificate('a.test'))]
  certificates.load([long])
  const first = certificates.find('a.test')
  certificates.load([long, spare])
  assert.equal(certificates.find('a.test'), first)
  assert.doesNotMatch(written(log), /ends soon/)
  clock.set(Date.UTC(2049, 11, 25))
  certificates.load([long, spare])
  assert.match(written(log), /a certificate of files ends soon/)
  clock.set(Date.UTC(2050, 0, 2))
  certificates.load([long, spare])
  assert.match(written(log), /The certificate ended on 2049-12-31/)
  assert.equal(certificates.find('a.test'), first, 'an ended one is better than none: the operator decides')
  chmodSync(long.key, 0o644)
  assert.match(
    certificates.load([long])[0]?.served?.warnings.join() ?? '',
    /Everybody on this machine may read the key/,
  )
})

test('"soon" is two weeks, or a sixth of a short life', () => {
  const day = 86_400_000
  const facts = { names: [], fingerprint: '', warnings: [], notBefore: 0 }
  assert.equal(endsSoon({ ...facts, notAfter: 90 * day }, 75 * day), false)
  assert.equal(endsSoon({ ...facts, notAfter: 90 * day }, 77 * day), true)
  assert.equal(endsSoon({ ...facts, notAfter: 6 * day }, 4 * day), false)
  assert.equal(endsSoon({ ...facts, notAfter: 6 * day }, 5.5 * day), true)
})
