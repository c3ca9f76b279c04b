import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileSeal, listAudit } from '#platform'
import { eachDialect, fakeClock, type OpenDatabase } from '#platform/testing'
import { newKey } from '../new-key.ts'
import { type Ground, prepareGround } from '../testing.ts'
import { pemOf, signCertificate } from '../x509/certificate.ts'
import { intermediateCertificate, rootCertificate } from './authority-profiles.ts'
import { allAuthorities, findActiveAuthority, findAuthority } from './authority-store.ts'
import { createIntermediate, createStandbyRoot } from './create.ts'
import { disconnectKey, exportRootKey } from './key-export.ts'
import type { Boundary, Orders, Step } from './kill-fixture.ts'
import { revokeAuthority } from './lifecycle.ts'
import { scopeOf } from './lines.ts'
import { alone } from './live-authority.ts'
import { allAuthorityRequests } from './request-store.ts'
import { requestAuthority } from './requests.ts'
import { authoritySubject, ensureRoot } from './root.ts'
import { openSealedKey } from './sealed-keys.ts'
import { issueLeaf, partsOn } from './testing.ts'

const day = 86_400_000
const passphrase = 'granite harbour willow'

interface Scene extends Pick<Orders, 'place' | 'sealKey' | 'now' | 'digest' | 'certificate' | 'key'> {
  /** A standby of line `servers` and of the roots, who issues for them now, and an intermediate that waits for its signature. */
  readonly ids: Readonly<Record<'servers' | 'root' | 'issuing' | 'first' | 'request', string>>
}

type Moment = Pick<Scene, 'place' | 'sealKey' | 'now'>

async function reopen(t: TestContext, open: OpenDatabase, { place, sealKey, now }: Moment) {
  const ground = await prepareGround(t, open, { place, seal: fileSeal(sealKey), clock: fakeClock(now) })
  return { ground, parts: partsOn(ground) }
}

async function setScene(t: TestContext, open: OpenDatabase, step: Step): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-kill-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const made = { place: await open.place(t), sealKey: join(folder, 'seal.key'), now: Date.now() - day }
  const { ground, parts } = await reopen(t, open, made)
  const first = await ensureRoot(ground.ctx, parts)
  await issueLeaf(ground, parts, 'before.example')
  const issuing = (await findActiveAuthority(ground.database.db, 'servers')) ?? assert.fail()
  await ground.database.close()

  // a standby ends later than who issues, or it would succeed nobody
  const now = made.now + day
  const later = await reopen(t, open, { ...made, now })
  const ids = { first: first.id, issuing: issuing.id, ...(await addStandbys(later)) }
  const { pem: key, digest } = await exportRootKey(later.ground.ctx, later.parts, first.id, passphrase)
  const certificate = step === 'import-signed' ? await signedFor(later, ids) : await foreignRoot(now)
  if (step === 'import-signed' || step === 'reconnect')
    await disconnectKey(later.ground.ctx, later.parts, first.id, digest)
  if (step === 'roll-make') await revokeAuthority(later.ground.ctx, later.parts, ids.servers, 'superseded')
  await later.ground.database.close()
  const isDue = step === 'roll-make' || step === 'roll-over'
  return { ...made, now: isDue ? now + 1_725 * day : now, ids, digest, certificate, key }
}

type House = { readonly ground: Ground; readonly parts: ReturnType<typeof partsOn> }

async function addStandbys({ ground: { ctx }, parts }: House) {
  const servers = await createIntermediate(ctx, parts, { line: 'servers', algorithm: 'P-256' })
  const root = await createStandbyRoot(ctx, parts, 'P-256')
  const request = await requestAuthority(ctx, parts, { line: 'servers', algorithm: 'P-256' })
  return { servers: servers.id, root: root.id, request: request.id }
}

async function foreignRoot(now: number): Promise<string> {
  const { publicKey, privateKey } = await newKey('P-256')
  const given = { publicKey, now, random: randomBytes(9), subject: authoritySubject('Elsewhere') }
  return pemOf(signCertificate(rootCertificate(given), privateKey))
}

/** What the first root signs for the request, before its key leaves. */
async function signedFor({ ground, parts }: House, ids: Pick<Scene['ids'], 'first'>): Promise<string> {
  const [request = assert.fail()] = await allAuthorityRequests(ground.database.db)
  const root = alone((await findAuthority(ground.database.db, ids.first)) ?? assert.fail(), parts)
  const key = openSealedKey(ground.keyring, 'pki_authority_requests', request.id, request.sealedKey)
  const fields = intermediateCertificate({
    publicKey: createPublicKey(key),
    now: ground.clock.now(),
    random: randomBytes(9),
    subject: request.subject,
    issuer: root.facts,
    scope: scopeOf('servers', parts.settings.trustDomain),
    places: { distribution: undefined, issuerId: ids.first },
  })
  return pemOf(signCertificate(fields, root.privateKey()))
}

function runUntilKilled(scene: Scene, step: Step, boundary: Boundary, id: string): void {
  const { ids: _, ...given } = scene
  const orders: Orders = { ...given, step, boundary, id, passphrase }
  const fixture = new URL('./kill-fixture.ts', import.meta.url).pathname
  const { signal, stderr } = spawnSync(process.execPath, [fixture, JSON.stringify(orders)], { encoding: 'utf8' })
  assert.equal(signal, 'SIGKILL', stderr)
}

const cases: readonly (readonly [step: Step, whose: keyof Scene['ids'], action: string])[] = [
  ['activate', 'servers', 'certificate-authorities.activate'],
  ['activate', 'root', 'certificate-authorities.activate'],
  ['make', 'servers', 'certificate-authorities.create'],
  ['make-root', 'root', 'certificate-authorities.create'],
  ['retire', 'issuing', 'certificate-authorities.retire'],
  ['revoke', 'issuing', 'certificate-authorities.revoke'],
  ['import', 'first', 'certificate-authorities.import'],
  ['request', 'servers', 'certificate-authorities.request'],
  ['import-signed', 'request', 'certificate-authorities.import'],
  ['export', 'first', 'certificate-authorities.export'],
  ['disconnect', 'first', 'certificate-authorities.disconnect'],
  ['reconnect', 'first', 'certificate-authorities.reconnect'],
  ['roll-make', 'issuing', 'certificate-authorities.create'],
  ['roll-over', 'issuing', 'certificate-authorities.activate'],
]

eachDialect((dialect, open) => {
  // every step on the embedded storage; on PostgreSQL those whose halves would hurt
  for (const [step, whose, action] of dialect === 'sqlite' ? cases : cases.slice(0, 2)) {
    for (const boundary of ['before-commit', 'after-commit'] as const) {
      test(`killed ${boundary} of ${step} (${whose}): all of it or nothing, and the line issues`, async (t) => {
        const scene = await setScene(t, open, step)
        const before = await storedState(t, open, scene, action)
        runUntilKilled(scene, step, boundary, scene.ids[whose])
        const after = await storedState(t, open, scene, action)
        if (boundary === 'before-commit') assert.deepEqual(after.told, before.told, 'nothing')
        else {
          assert.notDeepEqual(after.told, before.told, 'all of it')
          assert.equal(after.journalled, before.journalled + 1, 'with its record')
        }
        for (const line of ['root', 'servers']) assert.deepEqual(after.active(line).length, 1, `one issues for ${line}`)
        for (const { id, crossCertificate } of after.active('root')) {
          assert.equal(crossCertificate !== undefined, id !== scene.ids.first, 'a next root is certified by the former')
        }
        assert.equal(new Set(after.known).size, after.known.length, 'no request is left of an authority')
        const { ground, parts } = await reopen(t, open, scene)
        const leaf = await issueLeaf(ground, parts, 'after.example')
        const [issuer = assert.fail()] = leaf.chain
        assert.ok(new X509Certificate(leaf.certificate).verify(new X509Certificate(issuer).publicKey))
        const first = await findAuthority(ground.database.db, scene.ids.first)
        assert.ok(first?.sealedKey !== undefined || first?.exported?.digest === scene.digest, 'its key is here or out')
      })
    }
  }
})

async function storedState(t: TestContext, open: OpenDatabase, scene: Scene, action: string) {
  const { ground } = await reopen(t, open, scene)
  const rows = await allAuthorities(ground.database.db)
  const requests = (await allAuthorityRequests(ground.database.db)).map(({ id }) => id)
  const records = await listAudit(ground.database.db, {}, { limit: 100 })
  await ground.database.close()
  const told = rows.map((row) => [row.id, row.state, row.revokedAt, row.sealedKey === undefined, row.exported?.digest])
  return {
    told: [...told, ...requests],
    known: [...rows.map(({ id }) => id), ...requests],
    journalled: records.filter((record) => record.action === action).length,
    active: (line: string) => rows.filter((row) => row.line === line && row.state === 'active'),
  }
}
