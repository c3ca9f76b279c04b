import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileSeal, listAudit } from '#platform'
import { eachDialect, fakeClock, type OpenDatabase, type Place } from '#platform/testing'
import { newKey } from '../new-key.ts'
import { prepareGround } from '../testing.ts'
import { pemOf, signCertificate } from '../x509/certificate.ts'
import { rootCertificate } from './authority-profiles.ts'
import { allAuthorities, findActiveAuthority, findAuthority } from './authority-store.ts'
import { createIntermediate, createStandbyRoot } from './create.ts'
import { exportRootKey } from './key-export.ts'
import type { Boundary, Orders, Step } from './kill-fixture.ts'
import { authoritySubject, ensureRoot } from './root.ts'
import { issueLeaf, partsOn } from './testing.ts'

interface Scene {
  readonly place: Place
  readonly sealKey: string
  /** A standby of line `servers` and of the roots, and who issues for them now. */
  readonly ids: { readonly servers: string; readonly root: string; readonly issuing: string; readonly first: string }
  readonly digest: string
  readonly certificate: string
}

async function reopen(t: TestContext, open: OpenDatabase, place: Place, sealKey: string) {
  const ground = await prepareGround(t, open, { place, seal: fileSeal(sealKey), clock: fakeClock(Date.now()) })
  return { ground, parts: partsOn(ground) }
}

async function setScene(t: TestContext, open: OpenDatabase): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-kill-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const sealKey = join(folder, 'seal.key')
  const place = await open.place(t)
  const { ground, parts } = await reopen(t, open, place, sealKey)
  const first = await ensureRoot(ground.ctx, parts)
  await issueLeaf(ground, parts, 'before.example')
  const issuing = (await findActiveAuthority(ground.database.db, 'servers')) ?? assert.fail()
  const servers = await createIntermediate(ground.ctx, parts, { line: 'servers', algorithm: 'P-256' })
  const root = await createStandbyRoot(ground.ctx, parts, 'P-256')
  const { digest } = await exportRootKey(ground.ctx, parts, first.id, 'granite harbour willow')
  const { publicKey, privateKey } = await newKey('P-256')
  const given = { publicKey, now: Date.now(), random: randomBytes(9), subject: authoritySubject('Elsewhere') }
  const certificate = pemOf(signCertificate(rootCertificate(given), privateKey))
  await ground.database.close()
  const ids = { servers: servers.id, root: root.id, issuing: issuing.id, first: first.id }
  return { place, sealKey, ids, digest, certificate }
}

function runUntilKilled(scene: Scene, step: Step, boundary: Boundary, id: string): void {
  const { place, sealKey, digest, certificate } = scene
  const orders: Orders = { place, sealKey, step, boundary, id, digest, certificate }
  const fixture = new URL('./kill-fixture.ts', import.meta.url).pathname
  const { signal, stderr } = spawnSync(process.execPath, [fixture, JSON.stringify(orders)], { encoding: 'utf8' })
  assert.equal(signal, 'SIGKILL', stderr)
}

const cases: readonly (readonly [step: Step, whose: keyof Scene['ids'], action: string])[] = [
  ['activate', 'servers', 'certificate-authorities.activate'],
  ['activate', 'root', 'certificate-authorities.activate'],
  ['retire', 'issuing', 'certificate-authorities.retire'],
  ['revoke', 'issuing', 'certificate-authorities.revoke'],
  ['import', 'first', 'certificate-authorities.import'],
  ['export', 'first', 'certificate-authorities.export'],
  ['disconnect', 'first', 'certificate-authorities.disconnect'],
]

eachDialect((dialect, open) => {
  // every step on the embedded storage; on PostgreSQL the one whose halves would hurt
  for (const [step, whose, action] of dialect === 'sqlite' ? cases : cases.slice(0, 1)) {
    for (const boundary of ['before-commit', 'after-commit'] as const) {
      test(`killed ${boundary} of ${step} (${whose}): all of it or nothing, and the line issues`, async (t) => {
        const scene = await setScene(t, open)
        const before = await storedState(t, open, scene, action)
        runUntilKilled(scene, step, boundary, scene.ids[whose])
        const after = await storedState(t, open, scene, action)
        if (boundary === 'before-commit') assert.deepEqual(after.told, before.told, 'nothing')
        else {
          assert.notDeepEqual(after.told, before.told, 'all of it')
          assert.equal(after.journalled, before.journalled + 1, 'with its record')
        }
        for (const line of ['root', 'servers']) assert.deepEqual(after.active(line).length, 1, `one issues for ${line}`)
        const { ground, parts } = await reopen(t, open, scene.place, scene.sealKey)
        const leaf = await issueLeaf(ground, parts, 'after.example')
        const [issuer = assert.fail()] = leaf.chain
        assert.ok(new X509Certificate(leaf.certificate).verify(new X509Certificate(issuer).publicKey))
        const first = await findAuthority(ground.database.db, scene.ids.first)
        assert.ok(first?.sealedKey !== undefined || first?.exported?.digest === scene.digest, 'its key is here or out')
      })
    }
  }
})

async function storedState(t: TestContext, open: OpenDatabase, { place, sealKey }: Scene, action: string) {
  const { ground } = await reopen(t, open, place, sealKey)
  const rows = await allAuthorities(ground.database.db)
  const records = await listAudit(ground.database.db, {}, { limit: 100 })
  await ground.database.close()
  return {
    told: rows.map((row) => [row.id, row.state, row.revokedAt, row.sealedKey === undefined, row.exported?.digest]),
    journalled: records.filter((record) => record.action === action).length,
    active: (line: string) => rows.filter((row) => row.line === line && row.state === 'active'),
  }
}
