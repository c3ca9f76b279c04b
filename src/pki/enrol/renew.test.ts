import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { addRole } from '#access/testing'
import type { Actor } from '#kit'
import { type Ctx, GateError, systemRandom } from '#platform'
import { eachDialect, type OpenDatabase } from '#platform/testing'
import { createHierarchy } from '../authorities/hierarchy.ts'
import { type CertificateRecord, findCertificate } from '../issue/certificate-store.ts'
import type { IssueParts } from '../issue/issue.ts'
import { revoke } from '../revoke/revoke.ts'
import { createStandings } from '../revoke/standings.ts'
import { testSettings } from '../testing.ts'
import { subjectAlternativeName } from '../x509/extensions.ts'
import { enrolAsHolder } from './enrol.ts'
import { renewalRefused } from './refusals.ts'
import { renewCertificate } from './renew.ts'
import { requireShown, type ShownParts } from './shown-certificate.ts'
import { leafIn, newKey, request, startEnrolment, type TestEnrolment } from './testing.ts'

interface Renewing extends TestEnrolment {
  readonly parts: IssueParts
  /** Fetches a certificate with a token. */
  fetch(body?: Readonly<Record<string, unknown>>): Promise<CertificateRecord>
  actorOf(shown: CertificateRecord): Promise<Actor>
  /** As over EST: the certificate is looked up, then renewed with a new key. */
  renew(shown: CertificateRecord, asked?: string): Promise<CertificateRecord>
}

async function start(t: TestContext, open: OpenDatabase): Promise<Renewing> {
  const gate = await startEnrolment(t, open)
  const { access, clock, context, kernel } = gate
  const { database, keyring } = kernel
  const hierarchy = createHierarchy(database, { keyring, random: systemRandom, settings: testSettings })
  const parts: IssueParts = {
    hierarchy,
    random: systemRandom,
    access,
    trustDomain: testSettings.trustDomain,
    pointers: () => undefined,
    compromised: () => Promise.resolve(undefined),
    ownHosts: new Set(),
    regionOf: () => undefined,
    issued: () => undefined,
  }
  const shown: ShownParts = { access, standings: createStandings({ database, clock, hierarchy }) }
  const stranger = (): Ctx =>
    kernel.context({ principal: { kind: 'anonymous', id: 'anonymous', name: 'anonymous' }, address: '192.0.2.10' })
  return {
    ...gate,
    parts,
    fetch: async (body) => {
      const { secret, id } = await gate.token(body)
      const key = newKey()
      const answer = await gate.enrol(secret, request(key))
      leafIn(answer.text, key)
      const { json } = await gate.api('GET', `/enrolment-tokens/${id}`)
      const found = await findCertificate(context.db, String((json['certificates'] as string[])[0]))
      assert.ok(found !== undefined)
      return found
    },
    actorOf: async ({ certificate }) => (await requireShown(shown, stranger(), certificate, renewalRefused)).actor,
    renew: async ({ certificate }, asked = request(newKey())) => {
      const { certificateId, actor } = await requireShown(shown, stranger(), certificate, renewalRefused)
      const wanted = { certificateId, profile: undefined, request: asked }
      return (await renewCertificate(parts, stranger().as(actor), wanted)).record
    },
  }
}

function refusedFor(words: RegExp) {
  return (error: unknown) =>
    error instanceof GateError && error.code === 'pki.renewal-refused' && words.test(error.detail)
}

describe('renewing a certificate with itself', () => {
  eachDialect((_, open) => {
    test('holder, profile, names, label and limits stay; only the key is new', async (t) => {
      const gate = await start(t, open)
      const before = await gate.fetch()
      gate.clock.advance(86_400_000)
      const after = await gate.renew(before)
      const kept = ({ holderId, profile, subject, names, label, limits }: CertificateRecord) => {
        return { holderId, profile, subject, names, label, limits }
      }
      assert.deepEqual(kept(after), kept(before))
      assert.equal(after.renewedFrom, before.id)
      assert.ok(after.notAfter > before.notAfter)
      const record = (await gate.journal()).at(-1)
      assert.equal(record?.action, 'certificates.issue')
    })

    test('the same key asked for again is answered with the same certificate', async (t) => {
      const gate = await start(t, open)
      const before = await gate.fetch()
      const asked = request(newKey())
      assert.equal((await gate.renew(before, asked)).id, (await gate.renew(before, asked)).id)
    })

    test('attack: renewed while it is revoked, nothing outlives the revocation', async (t) => {
      const gate = await start(t, open)
      for (let round = 0; round < 6; round += 1) {
        const before = await gate.fetch({ device: `pump-${round}` })
        const renewing = gate.renew(before).then(
          ({ id }) => id,
          (error: unknown) => {
            assert.ok(refusedFor(/./)(error), String(error))
          },
        )
        const [renewed] = await Promise.all([renewing, revoke(gate.context, before.id, 'keyCompromise')])
        if (renewed === undefined) continue
        const after = await findCertificate(gate.context.db, renewed)
        assert.ok(after?.revokedAt !== undefined, `round ${round}: the renewal stands beside its revoked predecessor`)
      }
    })

    test('attack: revoked, ended, its holder disabled or removed, it renews no more', async (t) => {
      const gate = await start(t, open)
      const revoked = await gate.fetch({ device: 'pump-1' })
      await revoke(gate.context, revoked.id, 'superseded')
      await assert.rejects(gate.renew(revoked), refusedFor(/was revoked/))

      const disabled = await gate.fetch({ device: 'pump-2' })
      await gate.access.setPrincipalState(gate.context, disabled.holderId ?? '', 'disabled')
      await assert.rejects(gate.renew(disabled), refusedFor(/its holder may do nothing/))

      const removed = await gate.fetch({ device: 'pump-3' })
      await gate.access.removePrincipal(gate.context, removed.holderId ?? '')
      await assert.rejects(gate.renew(removed), refusedFor(/nobody holds/))

      const ended = await gate.fetch({ device: 'pump-4' })
      gate.clock.advance(366 * 86_400_000)
      await assert.rejects(gate.renew(ended), refusedFor(/has ended/))
      const refused = (await gate.journal()).filter(({ outcome }) => outcome === 'refused')
      assert.equal(refused.length, 4)
    })

    test('who may issue a profile fetches another certificate with the one they have; nobody else does', async (t) => {
      const gate = await start(t, open)
      const shown = await gate.fetch({ profile: 'service', device: undefined, service: 'proxy' })
      const actor = await gate.actorOf(shown)
      const asking = gate.context.as(actor)
      const host = subjectAlternativeName([{ kind: 'dns', text: 'shop.gatehouse.localhost' }], false)
      const wanted = { profile: 'server', request: request(newKey(), { extensions: [host] }) }
      const parts = { issue: gate.parts }
      await assert.rejects(
        enrolAsHolder(parts, asking, wanted),
        (error) => error instanceof GateError && error.status === 403,
      )
      await addRole(gate.context, 'fetches-servers', [
        'certificate-profiles:issue:server',
        'certificate-profiles:issue:person',
      ])
      await gate.access.assignRole(gate.context, actor.principal.id, 'fetches-servers')
      const { record } = await enrolAsHolder(parts, asking, wanted)
      assert.deepEqual(
        [record.profile, record.holderId, record.names],
        ['server', undefined, ['shop.gatehouse.localhost']],
      )
      assert.equal(record.askedBy, actor.principal.id)
      await assert.rejects(
        enrolAsHolder(parts, asking, { profile: 'person', request: request(newKey()) }),
        (error) => error instanceof GateError && error.code === 'pki.holder-unfit',
        'a service is no person',
      )
    })

    test('a certificate whose profile would name it otherwise now is issued anew, not renewed', async (t) => {
      const gate = await start(t, open)
      const before = await gate.fetch()
      const elsewhere = { ...gate.parts, trustDomain: 'other.example' }
      const ctx = gate.context
      const wanted = { certificateId: before.id, profile: undefined, request: request(newKey()) }
      await assert.rejects(renewCertificate(elsewhere, ctx, wanted), refusedFor(/other names now/))
    })

    test('attack: a renewal gets what its profile says now; of one that was removed it gets nothing', async (t) => {
      const gate = await start(t, open)
      const path = '/certificate-profiles/kiosk'
      const body = { name: 'kiosk', kind: 'server', title: 'Kiosks', days: 90, names: ['*.kiosk.example'] }
      assert.equal((await gate.api('POST', '/certificate-profiles', body)).status, 201)
      const wanted = { profile: 'kiosk', device: undefined, names: ['a.kiosk.example'] }
      const before = await gate.fetch(wanted)
      assert.equal((await gate.api('PATCH', path, { days: 5 })).status, 200)
      const shorter = await gate.renew(before)
      assert.ok(shorter.notAfter <= gate.clock.now() + 5 * 86_400_000)
      await gate.api('PATCH', path, { names: ['b.kiosk.example'] })
      await assert.rejects(
        gate.renew(before),
        (error) => error instanceof GateError && error.code === 'pki.name-not-allowed',
      )
      const { secret } = await gate.token({ ...wanted, names: ['b.kiosk.example'] })
      assert.equal((await gate.api('DELETE', path)).status, 204)
      await assert.rejects(gate.renew(before), refusedFor(/profile was removed/))
      const answer = await gate.enrol(secret, request(newKey()))
      assert.equal(answer.status, 404, answer.text)
      assert.equal((await findCertificate(gate.context.db, before.id))?.revokedAt, undefined)
    })

    test('a server, which nobody holds, is renewed by its own certificate', async (t) => {
      const gate = await start(t, open)
      const before = await gate.fetch({ profile: 'server', device: undefined, names: ['app.gatehouse.localhost'] })
      const after = await gate.renew(before)
      assert.deepEqual(after.names, ['app.gatehouse.localhost'])
      assert.equal(after.holderId, undefined)
    })
  })
})
