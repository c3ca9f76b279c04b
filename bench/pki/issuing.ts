/**
 * Certificates issued: PKCS #10 read and proven, judged by its profile, signed, stored in a real SQLite file with its
 * journal record, through the room's own API handlers: in batches of a hundred, as a maker of devices asks, and one by
 * one, many at once, so that commits are shared. Beside them, in the same run, the usual library (`@peculiar/x509`: read,
 * verify, sign; stores nothing), bare `node:crypto` (one key imported, one verification and one signature, which nobody
 * gets below; and the same with the key known) and `openssl x509 -req` (a process for each; by the clock).
 *
 *     bin/runtime bench/pki/issuing.ts [--json]
 *
 * Rates are per second of processor time, all threads counted, which other load on the machine disturbs least.
 */
import { execFileSync } from 'node:child_process'
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { accessMigrations, startAccess } from '#access/testing'
import { type Ctx, coreConfig, type Database, systemClock, wholeRoute } from '#platform'
import { createMetrics, makeContext, memoryLog, memorySeal, openKeyring } from '#platform/testing'
import { pkiConfig } from '../../src/pki/config.ts'
import { holderResources } from '../../src/pki/holders/holders.ts'
import { certificatePolicies, certificateResources } from '../../src/pki/issue/resources.ts'
import { migrations } from '../../src/pki/migrations/index.ts'
import { openPki } from '../../src/pki/open.ts'
import { permissionTypes } from '../../src/pki/permissions.ts'
import { distinguishedName } from '../../src/pki/x509/certificate.ts'
import { signRequest } from '../../src/pki/x509/request-writer.ts'
import { systemRandom } from '../../src/platform/clock.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { platformMigrations } from '../../src/platform/migrations/index.ts'
import { median, rounded } from '../machine/figures.ts'

const devices = 200
const atOnce = 64
const inBatch = 100
const rounds = 5
const each = 1_600
const target = 3_000

const message = Buffer.from('what a request is as long as, more or less: '.repeat(6))

interface Sample {
  readonly name: string
  readonly pem: string
  readonly publicKey: KeyObject
  readonly spki: Buffer
  /** Over `message`. */
  readonly signature: Uint8Array
}

const samples = Array.from({ length: devices }, (_, index) => sampleOf(`device-${index}`))
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-pki-'))
try {
  const database = await openSqlite({ path: join(directory, 'bench.db'), clock: systemClock, log: memoryLog() })
  await database.migrate([platformMigrations, accessMigrations, { room: 'pki', migrations }])
  const { issue, issueBatch } = await openRoom(database)
  const peculiar = await peculiarIssuer()
  const floor = bareIssuer(true)
  const bare = bareIssuer(false)
  // everybody warm, and every device known
  await together(samples.length, issue)
  await inTurn(10, issueBatch)
  await inTurn(100, peculiar)
  await inTurn(500, floor)
  await inTurn(500, bare)
  const figures = ['ours', 'single', 'byClock', 'peculiar', 'floor', 'bare'] as const
  const rates = Object.fromEntries(figures.map((name) => [name, [] as number[]])) as Record<Figure, number[]>
  for (let round = 0; round < rounds; round++) {
    const batched = await measured(each, () => inTurn(each / inBatch, issueBatch))
    rates.ours.push(batched.perCpuSecond)
    rates.byClock.push(batched.perSecond)
    rates.single.push((await measured(each / 2, () => together(each / 2, issue))).perCpuSecond)
    rates.peculiar.push((await measured(100, () => inTurn(100, peculiar))).perCpuSecond)
    rates.floor.push((await measured(1_000, () => inTurn(1_000, floor))).perCpuSecond)
    rates.bare.push((await measured(1_000, () => inTurn(1_000, bare))).perCpuSecond)
  }
  const middle = Object.fromEntries(figures.map((name) => [name, Math.round(median(rates[name]))]))
  report({
    ...(middle as Record<Figure, number>),
    best: Math.round(Math.max(...rates.ours)),
    openssl: opensslRate(),
  })
  await database.close()
} finally {
  rmSync(directory, { recursive: true })
}

interface Room {
  /** For the sample of that number. */
  readonly issue: (index: number) => Promise<void>
  /** For the hundred samples from that hundred on. */
  readonly issueBatch: (index: number) => Promise<void>
}

/** Through the routes' handlers, bodies judged as the door judges them. */
async function openRoom(database: Database): Promise<Room> {
  const clock = systemClock
  const log = memoryLog()
  const keyring = await openKeyring({ database, seal: memorySeal(), random: systemRandom, clock })
  const { face: access } = await startAccess({
    database,
    clock,
    log,
    permissionTypes,
    policies: [certificatePolicies],
    resources: [certificateResources, holderResources],
  })
  const context = (actor: Ctx['actor']): Ctx =>
    makeContext({
      database,
      clock,
      random: systemRandom,
      actor,
      requestId: 'req_bench',
      signal: new AbortController().signal,
    })
  const nothing = (): undefined => undefined
  const listener = {
    httpsPort: 8443,
    httpPort: 8080,
    certificates: nothing,
    clientCertificates: nothing,
    plain: nothing,
  }
  const kernel = {
    config: coreConfig.parse({}),
    clock,
    random: systemRandom,
    log,
    database,
    keyring,
    metrics: createMetrics(),
  }
  const opened = await openPki({ ...kernel, listener, context } as never, { access }, pkiConfig.parse({}))
  const local = { kind: 'local', id: 'local', name: 'local' } as const
  const asker = (path: string) => {
    const found = opened.routes?.find((one) => one.path === path && one.method === 'POST')
    if (found === undefined) throw new TypeError(`the room has no route ${path}`)
    const url = new URL(path, 'https://gatehouse.localhost:8443')
    const request = { method: 'POST', url, headers: new Headers(), cookies: new Map(), address: undefined, local: true }
    return async (sent: string): Promise<void> => {
      const route = await wholeRoute(found)
      const body = route.body?.parse(JSON.parse(sent))
      JSON.stringify(
        await route.handler(context({ principal: local }), { params: undefined, query: undefined, body, request }),
      )
    }
  }
  const [one, many] = [asker('/api/v1/certificates'), asker('/api/v1/certificates/batch')]
  // what clients do: written before anything is measured
  const orderOf = (index: number) => ({ device: sample(index).name, request: sample(index).pem })
  const singles = samples.map((_, index) => JSON.stringify({ profile: 'device', ...orderOf(index) }))
  const batches = Array.from({ length: devices / inBatch }, (_, batch) =>
    JSON.stringify({
      profile: 'device',
      orders: Array.from({ length: inBatch }, (__, at) => orderOf(batch * inBatch + at)),
    }),
  )
  const of = (texts: readonly string[], index: number): string => texts[index % texts.length] ?? ''
  return { issue: (index) => one(of(singles, index)), issueBatch: (index) => many(of(batches, index)) }
}

/** What the library of choice does for the same: the request read and verified, a certificate with the same extensions signed. */
async function peculiarIssuer(): Promise<(index: number) => Promise<void>> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return async (index) => {
    const request = new x509.Pkcs10CertificateRequest(sample(index).pem)
    if (!(await request.verify())) throw new TypeError('a sample does not verify')
    await x509.X509CertificateGenerator.create({
      serialNumber: Buffer.from(systemRandom.bytes(16)).toString('hex'),
      subject: request.subject,
      issuer: 'CN=bench',
      notBefore: new Date(),
      notAfter: new Date(Date.now() + 365 * 86_400_000),
      signingAlgorithm: algorithm,
      publicKey: request.publicKey,
      signingKey: privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2']),
        await x509.SubjectKeyIdentifierExtension.create(request.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(publicKey),
      ],
    })
  }
}

/** One ECDSA verification and one signature over as many bytes; with the key imported first, as it must be: the floor. */
function bareIssuer(importing: boolean): (index: number) => Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const text = createHash('sha512').update('bench').digest()
  return async (index) => {
    const { spki, signature } = sample(index)
    const publicKey = importing ? createPublicKey({ key: spki, format: 'der', type: 'spki' }) : sample(index).publicKey
    if (!verify('sha256', message, publicKey, signature)) throw new TypeError('no signature')
    sign('sha256', text, privateKey)
  }
}

/** By the clock: the time of a process is most of it, and that is how the command is used. */
function opensslRate(): number {
  const inside = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' })
  inside(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=bench',
  )
  writeFileSync(join(directory, 'one.csr'), samples[0]?.pem ?? '')
  const runs = 20
  const begun = performance.now()
  for (let run = 0; run < runs; run++)
    inside('x509', '-req', '-in', 'one.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-out', 'one.pem')
  return Math.round((runs * 1000) / (performance.now() - begun))
}

async function together(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

async function inTurn(count: number, work: (index: number) => Promise<void>): Promise<void> {
  for (let index = 0; index < count; index++) await work(index)
}

async function measured(count: number, work: () => Promise<void>) {
  const before = process.cpuUsage()
  const begun = performance.now()
  await work()
  const seconds = (performance.now() - begun) / 1000
  const { user, system } = process.cpuUsage(before)
  return { perSecond: count / seconds, perCpuSecond: (count * 1e6) / (user + system) }
}

function sampleOf(name: string): Sample {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const subject = distinguishedName([['commonName', name]])
  const der = signRequest({ subject, publicKey, extensions: [] }, privateKey)
  const base64 = Buffer.from(der).toString('base64')
  const lines = base64.match(/.{1,64}/g) ?? []
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  return { name, pem, publicKey, spki, signature: sign('sha256', message, privateKey) }
}

function sample(index: number): Sample {
  const found = samples[index % devices]
  if (found === undefined) throw new TypeError('there is a sample for every number')
  return found
}

type Figure = 'ours' | 'single' | 'byClock' | 'peculiar' | 'floor' | 'bare'

function report(figures: Readonly<Record<Figure | 'best' | 'openssl', number>>): void {
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ bench: 'pki', unit: 'certificates per CPU second', target, ...figures }))
    return
  }
  const { ours, single, best, byClock, peculiar, floor, bare, openssl } = figures
  const lines = [
    [
      'issued and stored, in batches',
      `${ours} per CPU second (best ${best}; ${byClock} by the clock); target ${target}`,
    ],
    ['issued and stored, one by one', `${single} per CPU second`],
    [
      '@peculiar/x509, nothing stored',
      `${peculiar} per CPU second: ours ${rounded(ours / peculiar, 10)} times as many`,
    ],
    ['bare import, verification, signature', `${floor} per CPU second: ours ${rounded(ours / floor, 100)} of it`],
    ['the same with the key known', `${bare} per CPU second`],
    ['openssl x509 -req, a process each', `${openssl} by the clock`],
  ] as const
  for (const [name, figure] of lines) console.log(`${name.padEnd(38)}${figure}`)
  console.log(JSON.stringify({ bench: 'pki', target, ...figures }))
}
