import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect } from '#platform/testing'
import { clientsAuthority, issued, startHierarchy } from '../revoke/testing.ts'
import { prepareGround } from '../testing.ts'
import { createCertificateUses } from './certificate-uses.ts'
import { findCertificateUse } from './use-store.ts'

eachDialect((_dialect, open) => {
  test('a use is noted at most once a minute, and never moves back', async (t) => {
    const ground = await prepareGround(t, open)
    const { ctx, database, clock, log } = ground
    const authority = await clientsAuthority(ctx, await startHierarchy(ground))
    const { id } = await issued(ctx, authority.stored.id)
    const uses = createCertificateUses(database, clock, log)
    const begun = clock.now()
    uses.note(id, '192.0.2.1')
    clock.advance(59_000)
    uses.note(id, '192.0.2.2')
    await uses.flush()
    assert.deepEqual(await findCertificateUse(database.db, id), { seenAt: begun, address: '192.0.2.1' })
    clock.advance(1_000)
    uses.note(id, '192.0.2.2')
    await uses.flush()
    assert.deepEqual(await findCertificateUse(database.db, id), { seenAt: begun + 60_000, address: '192.0.2.2' })
    // another node, which noted an earlier use and writes it later
    const late = createCertificateUses(database, { ...clock, now: () => begun + 30_000 }, log)
    late.note(id, '192.0.2.3')
    await late.flush()
    assert.equal((await findCertificateUse(database.db, id))?.address, '192.0.2.2')
  })
})
