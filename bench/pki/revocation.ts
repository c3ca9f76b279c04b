/**
 * Revocation with 100,000 certificates revoked, in a real SQLite file: how long one more takes (beside an update and commit of
 * the same row that does nothing else, and `openssl ca -revoke` on an index as large); how long all lists of the authority
 * take (beside `openssl ca -gencrl`); OCSP answers a second of processor time, signed anew and repeated (beside bare signatures).
 *
 *     bin/runtime bench/pki/revocation.ts [--json]
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { accessMigrations } from '#access/testing'
import { type Ctx, coreConfig, systemClock, tables } from '#platform'
import { memoryLog, memorySeal, openKeyring, testContext } from '#platform/testing'
import { createHierarchy, type Hierarchy } from '../../src/pki/authorities/hierarchy.ts'
import type { LiveAuthority } from '../../src/pki/authorities/live-authority.ts'
import { ensureRoot } from '../../src/pki/authorities/root.ts'
import { pkiConfig, pkiSettings } from '../../src/pki/config.ts'
import { migrations } from '../../src/pki/migrations/index.ts'
import { makeLists } from '../../src/pki/revoke/list-making.ts'
import { findList } from '../../src/pki/revoke/list-store.ts'
import { createOcsp, type OcspResponder } from '../../src/pki/revoke/ocsp.ts'
import { createResponders } from '../../src/pki/revoke/responder.ts'
import { revoke } from '../../src/pki/revoke/revoke.ts'
import type { PkiTables } from '../../src/pki/tables.ts'
import { systemRandom } from '../../src/platform/clock.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { platformMigrations } from '../../src/platform/migrations/index.ts'
import { median, rounded } from '../machine/figures.ts'

const revokedBefore = 100_000
const standing = 2_000
const revocations = 400
const targets = { revokeMs: 5, listSeconds: 1, ocspPerSecond: 5_000 }
const year = 365 * 86_400_000

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-revocation-'))
const log = memoryLog()
const database = await openSqlite({ path: join(directory, 'bench.db'), clock: systemClock, log })
try {
  await database.migrate([platformMigrations, accessMigrations, { room: 'pki', migrations }])
  const newCtx = (): Ctx => testContext({ database, clock: systemClock })
  const keyring = await openKeyring({ database, seal: memorySeal(), random: systemRandom, clock: systemClock })
  const hierarchy = await openHierarchy(newCtx(), keyring)
  const authority = await newCtx().tx((tx) => hierarchy.issuer(tx, 'clients'))
  const serials = fill(authority.stored.id)
  const peer = opensslAuthority(serials.revoked)
  const lists = await measureLists(authority, serials.revoked)
  const one = await measureRevocations(newCtx, serials.ids)
  const opensslRevoke = peer.revoke()
  const gencrl = peer.gencrl()
  const responders = createResponders({ database, clock: systemClock, random: systemRandom, keyring, log, newCtx })
  const ocsp = createOcsp({ database, clock: systemClock, log, hierarchy, responders })
  const question = requests(authority, serials)
  const rates = await measureOcsp(ocsp, question, authority)
  const rows = {
    'revoke, ms (p50)': {
      gatehouse: rounded(one.p50, 100),
      peer: rounded(one.bare, 100),
      'peer is': 'update and commit alone',
    },
    'revoke, ms (p99)': {
      gatehouse: rounded(one.p99, 100),
      peer: rounded(opensslRevoke, 1),
      'peer is': 'openssl ca -revoke',
    },
    'all 18 lists, s of CPU': {
      gatehouse: rounded(lists.seconds, 100),
      peer: rounded(gencrl, 100),
      'peer is': 'openssl ca -gencrl (one list)',
    },
    'lists that one more changes, s of CPU': { gatehouse: rounded(lists.oneMore, 100) },
    'longest pause while made, ms': { gatehouse: Math.round(lists.pause) },
    'OCSP with nonce, a second': { gatehouse: rates.nonce, peer: rates.bare, 'peer is': 'bare P-256 signatures' },
    'OCSP repeated, a second': { gatehouse: rates.repeated },
  }
  if (!process.argv.includes('--json')) console.table(rows)
  console.log(JSON.stringify({ bench: 'revocation', revoked: revokedBefore, listBytes: lists.bytes, targets, rows }))
  if (one.p50 >= targets.revokeMs || lists.seconds >= targets.listSeconds || rates.nonce < targets.ocspPerSecond) {
    process.exitCode = 1
  }
} finally {
  await database.close()
  rmSync(directory, { recursive: true })
}

async function openHierarchy(ctx: Ctx, keyring: Parameters<typeof createHierarchy>[1]['keyring']): Promise<Hierarchy> {
  const settings = pkiSettings(pkiConfig.parse({}), coreConfig.parse({}), { httpPort: 8080 })
  const parts = { keyring, random: systemRandom, settings }
  await ensureRoot(ctx, parts)
  return createHierarchy(database, parts)
}

interface Serials {
  readonly revoked: readonly string[]
  readonly standing: readonly string[]
  /** Of certificates that stand. */
  readonly ids: readonly string[]
}

/** Rows as issuing and revoking leave them; nothing here reads the certificates themselves. */
function fill(authorityId: string): Serials {
  const now = systemClock.now()
  const revoked: string[] = []
  const stands: string[] = []
  const ids: string[] = []
  const certificate = randomBytes(600)
  const file = new DatabaseSync(join(directory, 'bench.db'))
  const insert =
    file.prepare(`insert into pki_certificates (id, authority_id, serial, fingerprint, profile, holder_id, subject,
    key_digest, not_before, not_after, certificate, via, created_at, revoked_at, revocation_reason)
    values (?, ?, ?, ?, 'device', ?, ?, ?, ?, ?, ?, 'api', ?, ?, ?)`)
  const list = file.prepare(`insert into pki_revocations (authority_id, shard, serial, revoked_at, reason, not_after)
    values (?, ?, ?, ?, 'superseded', ?)`)
  file.exec('begin immediate')
  for (let index = 0; index < revokedBefore + standing; index++) {
    const serial = `4${randomBytes(16).toString('hex').slice(1)}`
    const id = `crt_${String(index).padStart(32, '0')}`
    const isRevoked = index < revokedBefore
    const digest = randomBytes(32).toString('hex')
    const at = isRevoked ? now - index * 1000 : null
    const reason = isRevoked ? 'superseded' : null
    const end = now + year
    insert.run(
      id,
      authorityId,
      serial,
      digest,
      `dev_${index}`,
      'device',
      digest,
      now,
      end,
      certificate,
      now,
      at,
      reason,
    )
    if (isRevoked) list.run(authorityId, serial.slice(-1), serial, at, end)
    ;(isRevoked ? revoked : stands).push(serial)
    if (!isRevoked) ids.push(id)
  }
  file.exec('commit')
  file.close()
  return { revoked, standing: stands, ids }
}

/**
 * All eighteen lists, in seconds of processor time: once to mark everything as listed, which happens once, then measured; and
 * the three that one more revocation changes.
 */
async function measureLists(authority: LiveAuthority, revoked: readonly string[]) {
  const addresses = ['http://gatehouse.localhost:8080']
  const make = (all = true) => makeLists(database, { authority, all, now: systemClock.now(), addresses })
  await make()
  let last = performance.now()
  let pause = 0
  let watching = true
  const watch = (): void => {
    pause = Math.max(pause, performance.now() - last)
    last = performance.now()
    if (watching) setImmediate(watch)
  }
  const [seconds, oneMore]: [number[], number[]] = [[], []]
  const measured = async (into: number[], all: boolean): Promise<void> => {
    const before = process.cpuUsage()
    await make(all)
    const { user, system } = process.cpuUsage(before)
    into.push((user + system) / 1e6)
  }
  watch()
  for (const serial of revoked.slice(0, 3)) {
    await measured(seconds, true)
    await database.tx((db) =>
      tables<PkiTables>(db)
        .updateTable('pki_revocations')
        .set({ listed_in: null })
        .where('serial', '=', serial)
        .execute(),
    )
    await measured(oneMore, false)
  }
  watching = false
  const complete = await findList(database.db, authority.stored.id, 'complete')
  return { seconds: median(seconds), oneMore: median(oneMore), pause, bytes: complete?.der.length ?? 0 }
}

async function measureRevocations(newCtx: () => Ctx, ids: readonly string[]) {
  const took: number[] = []
  const bare: number[] = []
  for (const [index, id] of ids.slice(0, revocations * 2).entries()) {
    const began = performance.now()
    // in turn, so that both see the same machine
    if (index % 2 === 0) await revoke(newCtx(), id, 'keyCompromise')
    else {
      await database.tx((db) =>
        tables<PkiTables>(db).updateTable('pki_certificates').set({ label: 'x' }).where('id', '=', id).execute(),
      )
    }
    ;(index % 2 === 0 ? took : bare).push(performance.now() - began)
  }
  const sorted = took.toSorted((a, b) => a - b)
  return { p50: median(took), p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0, bare: median(bare) }
}

interface Questions {
  readonly nonce: readonly Uint8Array[]
  readonly plain: readonly Uint8Array[]
}

/** Questions as OpenSSL writes them, with other serial numbers and nonces put in. */
function requests(authority: LiveAuthority, serials: Serials): Questions {
  writeFileSync(join(directory, 'issuer.pem'), authority.published.certificatePem)
  const template = (serial: string, options: readonly string[]): Buffer => {
    const file = join(directory, 'question.der')
    execFileSync('openssl', ['ocsp', '-issuer', 'issuer.pem', '-serial', `0x${serial}`, ...options, '-reqout', file], {
      cwd: directory,
      stdio: 'ignore',
    })
    return execFileSync('cat', [file])
  }
  const [first = ''] = serials.standing
  const nonce = template(first, [])
  const plain = template(first, ['-no_nonce'])
  const at = nonce.indexOf(Buffer.from(first, 'hex'))
  const all = [...serials.standing, ...serials.revoked.slice(0, 8_000)]
  const put = (from: Buffer, serial: string): Uint8Array => {
    const question = Buffer.from(from)
    Buffer.from(serial, 'hex').copy(question, from === nonce ? at : plain.indexOf(Buffer.from(first, 'hex')))
    if (from === nonce) randomBytes(16).copy(question, question.length - 16)
    return question
  }
  return {
    nonce: all.map((serial) => put(nonce, serial)),
    plain: all.slice(0, 500).map((serial) => put(plain, serial)),
  }
}

/** Per second of this process's processor time, which other load on the machine disturbs least. */
async function perCpuSecond(count: number, work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return Math.round((count / (user + system)) * 1e6)
}

async function measureOcsp(ocsp: OcspResponder, { nonce, plain }: Questions, authority: LiveAuthority) {
  const answer = async (questions: readonly Uint8Array[]): Promise<void> => {
    for (const question of questions) {
      const { outcome } = await ocsp.answer(question)
      if (outcome !== 'answered') throw new TypeError(`a question was answered with ${outcome}`)
    }
  }
  await answer(nonce.slice(0, 1_000))
  await answer(plain)
  const key = authority.privateKey()
  const message = randomBytes(250)
  const rates = { nonce: [] as number[], repeated: [] as number[], bare: [] as number[] }
  for (let round = 0; round < 3; round++) {
    rates.nonce.push(await perCpuSecond(nonce.length, () => answer(nonce)))
    rates.repeated.push(await perCpuSecond(plain.length, () => answer(plain)))
    rates.bare.push(
      await perCpuSecond(10_000, () => {
        for (let count = 0; count < 10_000; count++) sign('sha256', message, key)
      }),
    )
  }
  return { nonce: median(rates.nonce), repeated: median(rates.repeated), bare: median(rates.bare) }
}

/** An authority of OpenSSL's with as many revoked certificates in its index. */
function opensslAuthority(revoked: readonly string[]) {
  const folder = mkdtempSync(join(directory, 'openssl-'))
  const openssl = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder })
    if (status !== 0) throw new TypeError(String(stderr))
  }
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=peer', '-days', '365')
  openssl('req', '-new', ...curve, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=leaf')
  const line = (serial: string): string =>
    `R\t270101000000Z\t260101000000Z,superseded\t${serial.toUpperCase()}\tunknown\t/CN=x\n`
  writeFileSync(join(folder, 'index.txt'), revoked.map(line).join(''))
  writeFileSync(join(folder, 'index.txt.attr'), 'unique_subject = no\n')
  writeFileSync(join(folder, 'serial'), '41FFFFFFFFFFFFFFFFFFFFFFFFFFFFF0\n')
  writeFileSync(join(folder, 'crlnumber'), '01\n')
  writeFileSync(
    join(folder, 'ca.cnf'),
    '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\ncrlnumber=crlnumber\ncertificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\ndefault_days=30\ndefault_crl_days=7\nnew_certs_dir=.\npolicy=p\n[p]\ncommonName=supplied\n',
  )
  openssl('ca', '-config', 'ca.cnf', '-batch', '-notext', '-in', 'leaf.csr', '-out', 'leaf.pem')
  const timed = (...args: readonly string[]): number => {
    const began = performance.now()
    openssl(...args)
    return performance.now() - began
  }
  return {
    revoke: () => timed('ca', '-config', 'ca.cnf', '-revoke', 'leaf.pem', '-crl_reason', 'keyCompromise'),
    gencrl: () => timed('ca', '-config', 'ca.cnf', '-gencrl', '-out', 'list.pem') / 1000,
  }
}
