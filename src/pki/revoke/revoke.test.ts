import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Ctx, listAudit } from '#platform'
import { eachDialect, testContext } from '#platform/testing'
import type { NewCertificate } from '../issue/certificate-store.ts'
import { prepareGround } from '../testing.ts'
import { findCompromisedKey, findStanding } from './revocation-store.ts'
import { previewRevocation, revoke, revokeAllOf } from './revoke.ts'
import { clientsAuthority, issued, startHierarchy } from './testing.ts'

eachDialect((_dialect, open) => {
  async function start(t: TestContext) {
    const ground = await prepareGround(t, open)
    const authority = await clientsAuthority(ground.ctx, await startHierarchy(ground))
    const issue = (given: Partial<NewCertificate> = {}) => issued(ground.ctx, authority.stored.id, given)
    return { ...ground, issue }
  }

  test('everything renewed from a certificate is revoked with it, however often it was renewed', async (t) => {
    const { ctx, issue } = await start(t)
    const first = await issue()
    const second = await issue({ renewedFrom: first.id })
    const third = await issue({ renewedFrom: second.id })
    const other = await issue()
    const { ids } = await revoke(ctx, second.id, 'privilegeWithdrawn')
    assert.deepEqual(ids, [second.id, third.id])
    assert.deepEqual(await reasons(ctx, [first, second, third, other]), [
      undefined,
      'privilegeWithdrawn',
      'privilegeWithdrawn',
      undefined,
    ])
  })

  test('what took the place of a superseded certificate stands', async (t) => {
    const { ctx, issue } = await start(t)
    const first = await issue()
    const second = await issue({ renewedFrom: first.id })
    assert.deepEqual((await revoke(ctx, first.id, 'superseded')).ids, [first.id])
    assert.deepEqual(await reasons(ctx, [first, second]), ['superseded', undefined])
    // known better later: what was renewed goes too, the first keeps its time and reason
    assert.deepEqual((await revoke(ctx, first.id, 'privilegeWithdrawn')).ids, [second.id])
    assert.deepEqual(await reasons(ctx, [first, second]), ['superseded', 'privilegeWithdrawn'])
  })

  test('a compromised key takes every certificate of it along, and what was renewed from those', async (t) => {
    const { ctx, issue } = await start(t)
    const first = await issue()
    const sameKey = await issue({ keyDigest: first.keyDigest })
    const renewed = await issue({ renewedFrom: sameKey.id })
    const other = await issue()
    const preview = await previewRevocation(ctx, first.id, 'keyCompromise')
    assert.deepEqual(await reasons(ctx, [first]), [undefined])
    const { ids } = await revoke(ctx, first.id, 'keyCompromise')
    assert.deepEqual(
      ids,
      preview.map(({ id }) => id),
    )
    assert.deepEqual(await reasons(ctx, [first, sameKey, renewed, other]), [
      'keyCompromise',
      'keyCompromise',
      'keyCompromise',
      undefined,
    ])
    assert.equal(await findCompromisedKey(ctx.db, [other.keyDigest, first.keyDigest]), first.keyDigest)
    assert.equal(await findCompromisedKey(ctx.db, [renewed.keyDigest]), renewed.keyDigest)
    assert.equal(await findCompromisedKey(ctx.db, [other.keyDigest]), undefined)
  })

  test('a key revoked for another reason is not refused, until its compromise is known', async (t) => {
    const { ctx, clock, database, issue } = await start(t)
    const first = await issue()
    await revoke(ctx, first.id, 'cessationOfOperation')
    assert.equal(await findCompromisedKey(ctx.db, [first.keyDigest]), undefined)
    clock.advance(60_000)
    const later = testContext({ database, clock })
    assert.deepEqual((await revoke(later, first.id, 'keyCompromise')).ids, [first.id])
    const standing = await findStanding(database.db, first)
    assert.deepEqual(standing?.revoked, { at: ctx.now, reason: 'keyCompromise' })
    // and it never becomes harmless again
    assert.deepEqual((await revoke(later, first.id, 'unspecified')).ids, [])
    assert.deepEqual(await reasons(ctx, [first]), ['keyCompromise'])
  })

  test('revoking again changes nothing and is not journalled twice', async (t) => {
    const { ctx, issue } = await start(t)
    const first = await issue()
    await revoke(ctx, first.id, 'unspecified')
    assert.deepEqual((await revoke(ctx, first.id, 'unspecified')).ids, [])
    assert.equal((await journalled(ctx)).length, 1)
  })

  test('every certificate revoked is in the journal, with the one it went with', async (t) => {
    const { ctx, issue } = await start(t)
    const first = await issue()
    const second = await issue({ renewedFrom: first.id })
    await revoke(ctx, first.id, 'affiliationChanged')
    const details = (await journalled(ctx)).map(({ detail }) => detail).toReversed()
    assert.deepEqual(details, [
      { serial: first.serial, reason: 'affiliationChanged' },
      { serial: second.serial, reason: 'affiliationChanged', because: first.id },
    ])
  })

  test('an unknown certificate is said to be unknown, and nothing is changed', async (t) => {
    const { ctx } = await start(t)
    await assert.rejects(revoke(ctx, 'crt_none', 'unspecified'), { code: 'pki.certificate-unknown' })
    await assert.rejects(revoke(ctx, 'crt_none', 'superseded'), { code: 'pki.certificate-unknown' })
  })

  test('all of a holder, and nobody else, loses its certificates', async (t) => {
    const { ctx, issue } = await start(t)
    const mine = [
      await issue({ holderId: 'dev_one' }),
      await issue({ holderId: 'dev_one' }),
      await issue({ holderId: 'dev_one', notAfter: ctx.now - 1 }),
    ]
    const other = await issue({ holderId: 'dev_two' })
    assert.equal(await revokeAllOf(ctx, 'dev_one', 'cessationOfOperation'), 2)
    assert.deepEqual(await reasons(ctx, [...mine, other]), [
      'cessationOfOperation',
      'cessationOfOperation',
      undefined,
      undefined,
    ])
    assert.equal(await revokeAllOf(ctx, 'dev_one', 'cessationOfOperation'), 0)
  })

  test('a revocation that fails half-way changes nothing', async (t) => {
    const { ctx, issue } = await start(t)
    const first = await issue()
    await assert.rejects(
      ctx.tx(async (tx) => {
        await revoke(tx, first.id, 'unspecified')
        throw new RangeError('no')
      }),
      RangeError,
    )
    assert.deepEqual(await reasons(ctx, [first]), [undefined])
    assert.equal((await journalled(ctx)).length, 0)
  })
})

async function reasons(ctx: Ctx, certificates: readonly NewCertificate[]) {
  const found = await Promise.all(certificates.map((one) => findStanding(ctx.db, one)))
  return found.map((one) => one?.revoked?.reason)
}

async function journalled(ctx: Ctx) {
  return listAudit(ctx.db, { actionPrefix: 'certificates.revoke' }, { limit: 50 })
}
