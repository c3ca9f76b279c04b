import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Ctx, tables } from '#platform'
import { eachDialect, fakeClock, memorySeal, programMissing, testContext } from '#platform/testing'
import type { PkiTables } from '../tables.ts'
import { openOn, prepareGround } from '../testing.ts'
import { publicKeyInfo } from '../x509/public-keys.ts'
import { type RevocationList, readRevocationList, verifyRevocationList } from '../x509/revocation-list-reader.ts'
import { shardOf, shards } from './distribution.ts'
import { revoke } from './revoke.ts'
import { type IssuedDevice, startWorld, type World, worldOf } from './testing.ts'

const openssl = { skip: programMissing('openssl', 'openssl', 'version') }
const day = 86_400_000

eachDialect((_dialect, open) => {
  test('numbers only rise: by revocation, over nodes, after a restart and out of a backup', async (t) => {
    const shared = { place: await open.place(t), seal: memorySeal(), clock: fakeClock(Date.now()) }
    const one = await startWorld(t, open, shared)
    // a minute behind
    const two = await startWorld(t, open, { ...shared, clock: fakeClock(Date.now() - 60_000) })
    const [here, there, later] = [await one.issue('here'), await two.issue('there'), await two.issue('later')]
    const path = `${here.authorityId}.crl`
    const revoked: string[] = []
    let last = numberOf(await fetched(one, path))
    const revokeOn = async (world: World, { id, serial }: IssuedDevice) => {
      await revoke(freshCtx(world), id, 'unspecified')
      await world.deliver()
      revoked.push(serial)
      const list = await fetched(world, path)
      assert.ok(numberOf(list) > last, `${numberOf(list)} after ${last}`)
      assert.deepEqual(serialsOf(list), revoked.toSorted())
      last = numberOf(list)
    }
    await revokeOn(one, here)
    await revokeOn(two, there)
    // the other node, and the list it served itself before
    assert.equal(numberOf(await fetched(one, path)), last)
    await one.node.opened.stop?.()
    await two.node.opened.stop?.()
    const world = await startWorld(t, open, shared)
    assert.equal(numberOf(await fetched(world, path)), last)
    await revokeOn(world, later)
    // as if the database came out of a backup: the number is forgotten, the time is not
    await world.node.database.tx(async (db) => {
      await tables<PkiTables>(db).deleteFrom('pki_revocation_numbers').execute()
      await tables<PkiTables>(db).deleteFrom('pki_revocation_lists').execute()
    })
    world.node.clock.advance(60_000)
    assert.ok(numberOf(await fetched(world, path)) > last)
  })

  test('only the list of the serial number, the complete one and the changes are made anew', async (t) => {
    const world = await startWorld(t, open)
    const one = await world.issue('one')
    const before = await all(world, one.authorityId)
    await revoke(world.node.ctx, one.id, 'affiliationChanged')
    await world.deliver()
    const after = await all(world, one.authorityId)
    for (const [scope, list] of after) {
      const changed = ['complete', 'delta', shardOf(one.serial)].includes(scope)
      assert.equal(numberOf(list) > numberOf(before.get(scope)), changed, scope)
      assert.deepEqual(serialsOf(list), changed ? [one.serial] : [], scope)
    }
    assert.match(await world.node.metrics(), /^gatehouse_certificates_revoked_total 1$/m)
    await world.node.opened.events?.['pki.revoked']?.({ count: 3 }, world.node.ctx)
    assert.match(await world.node.metrics(), /^gatehouse_certificates_revoked_total 4$/m)
  })

  test('many revocations are one making: what is revoked while a list rests comes with the next', async (t) => {
    const world = await startWorld(t, open)
    const devices = []
    for (let index = 0; index < 5; index++) devices.push(await world.issue(`device-${index}`))
    const [{ authorityId } = { authorityId: '' }] = devices
    const before = await fetched(world, `${authorityId}.crl`)
    for (const { id } of devices) await revoke(world.node.ctx, id, 'unspecified')
    for (const _ of devices) await world.node.opened.events?.['pki.revoked']?.({ count: 1 }, world.node.ctx)
    const at = numberOf(before)
    await world.deliver()
    const after = await fetched(world, `${authorityId}.crl`)
    assert.equal(after.entries.length, devices.length)
    // one for the first list, and one for all five
    assert.ok(numberOf(after) - at <= 2)
  })

  test('attack PKI delta loss: a delta adds to every complete list that has not ended', async (t) => {
    const world = await startWorld(t, open)
    const { clock } = world.node
    const { authorityId, id, serial } = await world.issue('first')
    const oldest = await fetched(world, `${authorityId}.crl`)
    await revoke(world.node.ctx, id, 'keyCompromise')
    await world.deliver()
    const serials = [serial]
    // somebody who fetched the oldest list missed all of these deltas but the last
    for (let days = 1; days <= 6; days++) {
      clock.advance(day)
      const next = await world.issue(`day-${days}`)
      await revoke(freshCtx(world), next.id, 'superseded')
      await world.deliver()
      serials.push(next.serial)
    }
    const delta = await fetched(world, `${authorityId}/delta.crl`)
    assert.ok(delta.base !== undefined && delta.base <= numberOf(oldest))
    assert.ok(oldest.nextUpdate > clock.now())
    assert.deepEqual(serialsOf(delta), serials.toSorted())
    const complete = await fetched(world, `${authorityId}.crl`)
    assert.equal(numberOf(complete), numberOf(delta))
    assert.deepEqual(complete.freshest, [`http://gatehouse.localhost:8080/pki/crl/${authorityId}/delta.crl`])
    // weeks later the base has moved on with the lists people can hold, and what both carry is left out
    for (let days = 0; days < 16; days++) {
      clock.advance(day)
      await runJob(world)
    }
    const later = await fetched(world, `${authorityId}/delta.crl`)
    assert.ok((later.base ?? 0) > numberOf(oldest))
    assert.deepEqual(serialsOf(later), [])
  })

  test('lists are made anew at half their life, and without anything revoked', async (t) => {
    const world = await startWorld(t, open)
    const { authorityId } = await world.issue('one')
    await runJob(world)
    const before = await all(world, authorityId)
    world.node.clock.advance(3 * day)
    await runJob(world)
    for (const [scope, list] of await all(world, authorityId)) {
      assert.equal(numberOf(list), numberOf(before.get(scope)), scope)
    }
    world.node.clock.advance(day)
    await runJob(world)
    for (const [scope, list] of await all(world, authorityId)) {
      assert.ok(numberOf(list) > numberOf(before.get(scope)), scope)
      assert.equal(list.nextUpdate, Math.floor((world.node.clock.now() + 7 * day) / 1000) * 1000)
    }
  })

  test('an entry stays until after its certificate has ended, and goes then', async (t) => {
    const world = await startWorld(t, open)
    const { authorityId, id, serial } = await world.issue('one')
    await revoke(world.node.ctx, id, 'cessationOfOperation')
    await world.deliver()
    world.node.clock.advance(366 * day)
    await runJob(world)
    assert.deepEqual(serialsOf(await fetched(world, `${authorityId}.crl`)), [serial])
    world.node.clock.advance(100 * day)
    await runJob(world)
    world.node.clock.advance(4 * day)
    await runJob(world)
    assert.deepEqual(serialsOf(await fetched(world, `${authorityId}.crl`)), [])
  })

  test('attack PKI stale CRL: the alarm stands for days before a list that is not made anew ends', async (t) => {
    const world = await startWorld(t, open)
    const { node } = world
    const { authorityId } = await world.issue('one')
    await runJob(world)
    assert.deepEqual(await pending(world), [])
    await node.database.tx((db) =>
      tables<PkiTables>(db)
        .updateTable('pki_authorities')
        .set({ sealed_key: new Uint8Array([1, 2, 3]) })
        .where('id', '=', authorityId)
        .execute(),
    )
    const restarted = await worldOf(t, await openOn(t, node))
    restarted.node.clock.advance(4.1 * day)
    await runJob(restarted)
    await watchOnce(t, restarted)
    const [alarm] = await pending(restarted)
    assert.match(alarm?.title ?? '', /^The revocation list of Gatehouse clients [0-9a-f]{8} ends in 2 days$/)
    const told = await restarted.node.metrics()
    assert.match(told, /^gatehouse_revocation_lists_late 1$/m)
    assert.match(told, /^gatehouse_revocation_lists_failed_total 1$/m)
    assert.ok(node.log.entries.some(({ level, message }) => level === 'error' && /not made anew/.test(message)))
    // and what is served until then is the list as it was
    const list = await fetched(restarted, `${authorityId}.crl`)
    assert.ok(list.nextUpdate - node.clock.now() > 2.8 * day)
    assert.match(told, new RegExp(`^gatehouse_revocation_lists_end_seconds ${list.nextUpdate / 1000}(\\.\\d+)?$`, 'm'))
  })

  test('a node that starts where no list was ever made, or all are old, makes them before it raises an alarm', async (t) => {
    const world = await startWorld(t, open)
    const { node } = world
    await world.issue('one')
    // root and line without any list, then the line's with two days left
    for (const { days, due } of [
      { days: 1, due: 2 },
      { days: 5, due: 1 },
    ]) {
      node.clock.advance(days * day)
      assert.equal((await pending(world)).length, due)
      await watchOnce(t, world, () => runJob(world))
      assert.match(await node.metrics(), /gatehouse_revocation_lists_late 0/)
      assert.deepEqual(await pending(world), [])
    }
    assert.deepEqual(
      node.log.entries.filter(({ level }) => level === 'error'),
      [],
    )
  })

  test('caches may keep a list for minutes, and never beyond its end', async (t) => {
    const world = await startWorld(t, open)
    const { authorityId } = await world.issue('one')
    const path = `${world.address}/pki/crl/${authorityId}/0.crl`
    const first = await fetch(path)
    assert.equal(first.headers.get('content-type'), 'application/pkix-crl')
    assert.equal(first.headers.get('cache-control'), 'public, max-age=300')
    const tag = first.headers.get('etag') ?? ''
    const again = await fetch(path, { headers: { 'if-none-match': tag } })
    assert.equal(again.status, 304)
    const head = await fetch(path, { method: 'HEAD' })
    assert.equal(head.headers.get('content-length'), String((await first.arrayBuffer()).byteLength))
    world.node.clock.set(world.node.clock.now() + 7 * day - 60_000)
    assert.match((await fetch(path)).headers.get('cache-control') ?? '', /^public, max-age=(59|60)$/)
    world.node.clock.set(world.node.clock.now() + 120_000)
    assert.equal((await fetch(path)).headers.get('cache-control'), 'no-store')
  })

  test('only the exact paths of lists are answered', async (t) => {
    const world = await startWorld(t, open)
    const { authorityId } = await world.issue('one')
    const refused = [
      '/pki/crl/',
      '/pki/crl/ca_none.crl',
      `/pki/crl/${authorityId}`,
      `/pki/crl/${authorityId}.crl/`,
      `/pki/crl/${authorityId}/g.crl`,
      `/pki/crl/${authorityId}/10.crl`,
      `/pki/crl/${authorityId}/complete.crl`,
      `/pki/crl//${authorityId}.crl`,
      `/pki/crl/${authorityId}%2Fdelta.crl`,
      `/pki/crl/..%2f${authorityId}.crl`,
      `/pki/crl/${authorityId.toUpperCase()}.crl`,
      `/pki/crl/${'a'.repeat(4000)}.crl`,
    ]
    for (const path of refused) assert.equal((await fetch(`${world.address}${path}`)).status, 404, path)
    const posted = await fetch(`${world.address}/pki/crl/${authorityId}.crl`, { method: 'POST', body: 'x' })
    assert.equal(posted.status, 405)
    assert.equal(posted.headers.get('allow'), 'GET, HEAD')
  })

  test('attack PKI: a list by another issuer proves nothing, and none is served under its name', openssl, async (t) => {
    const world = await startWorld(t, open)
    const { authorityId } = await world.issue('one')
    const { authorityId: rootId } = await rootOf(world)
    const own = await fetched(world, `${authorityId}.crl`)
    const roots = await fetched(world, `${rootId}.crl`)
    const issuer = publicKeyInfo(new X509Certificate(await world.run('cat', 'issuer.pem')).publicKey)
    assert.equal(verifyRevocationList(own, issuer), true)
    assert.equal(verifyRevocationList(roots, issuer), false)
    // openssl with the root's list alone finds none for the leaf, and refuses
    await save(world, `${rootId}.crl`, 'root.crl.pem')
    await assert.rejects(
      world.run(
        'openssl',
        'verify',
        '-crl_check',
        '-CRLfile',
        'root.crl.pem',
        '-CAfile',
        'root.pem',
        '-untrusted',
        'issuer.pem',
        'one.pem',
      ),
      /unable to get certificate CRL/,
    )
  })

  test('with the lists of both authorities openssl checks the whole chain', openssl, async (t) => {
    const world = await startWorld(t, open)
    const { authorityId, serial } = await world.issue('one')
    const { authorityId: rootId } = await rootOf(world)
    await save(world, `${rootId}.crl`, 'root.crl.pem')
    await save(world, `${authorityId}/${shardOf(serial)}.crl`, 'shard.crl.pem')
    const verdict = await world.run(
      'openssl',
      'verify',
      '-crl_check_all',
      '-CRLfile',
      'root.crl.pem',
      '-CRLfile',
      'shard.crl.pem',
      '-CAfile',
      'root.pem',
      '-untrusted',
      'issuer.pem',
      'one.pem',
    )
    assert.match(verdict, /one\.pem: OK/)
    // the list of another digit is not the one the certificate names
    const other = shards.find((digit) => digit !== shardOf(serial)) ?? ''
    await save(world, `${authorityId}/${other}.crl`, 'other.crl.pem')
    await assert.rejects(
      world.run(
        'openssl',
        'verify',
        '-crl_check',
        '-CRLfile',
        'other.crl.pem',
        '-CAfile',
        'root.pem',
        '-untrusted',
        'issuer.pem',
        'one.pem',
      ),
      /unable to get certificate CRL|different CRL scope/,
    )
  })

  test('openssl takes a delta on top of an older complete list', openssl, async (t) => {
    const world = await startWorld(t, open)
    const { authorityId, id } = await world.issue('one')
    await save(world, `${authorityId}.crl`, 'old.crl.pem')
    await revoke(world.node.ctx, id, 'keyCompromise')
    await world.deliver()
    await save(world, `${authorityId}/delta.crl`, 'delta.crl.pem')
    const verify = (...more: readonly string[]) =>
      world.run(
        'openssl',
        'verify',
        '-crl_check',
        '-extended_crl',
        '-use_deltas',
        '-CRLfile',
        'old.crl.pem',
        ...more,
        '-CAfile',
        'root.pem',
        '-untrusted',
        'issuer.pem',
        'one.pem',
      )
    assert.match(await verify(), /one\.pem: OK/)
    await assert.rejects(verify('-CRLfile', 'delta.crl.pem'), /certificate revoked/)
  })

  test('after the address of distribution changed, lists still carry the former one', async (t) => {
    const ground = await prepareGround(t, open, { clock: fakeClock(Date.now()) })
    const world = await worldOf(t, await openOn(t, ground))
    const { authorityId } = await world.issue('one')
    await runJob(world)
    const moved = await worldOf(t, await openOn(t, ground, { distribution: 'http://pki.example.org' }))
    await runJob(moved)
    const { scope, freshest } = await fetched(moved, `${authorityId}/7.crl`).then(async (shard) => ({
      scope: shard.scope,
      freshest: (await fetched(moved, `${authorityId}.crl`)).freshest,
    }))
    assert.deepEqual(
      scope?.addresses,
      ['http://pki.example.org', 'http://gatehouse.localhost:8080'].map(
        (base) => `${base}/pki/crl/${authorityId}/7.crl`,
      ),
    )
    assert.deepEqual(freshest, [`http://pki.example.org/pki/crl/${authorityId}/delta.crl`])
  })
})

async function fetched(world: World, path: string): Promise<RevocationList> {
  const response = await fetch(`${world.address}/pki/crl/${path}`)
  assert.equal(response.status, 200, path)
  return readRevocationList(new Uint8Array(await response.arrayBuffer()))
}

async function all(world: World, authorityId: string): Promise<ReadonlyMap<string, RevocationList>> {
  const scopes = ['complete', 'delta', ...shards]
  const lists = new Map<string, RevocationList>()
  for (const scope of scopes) {
    lists.set(scope, await fetched(world, scope === 'complete' ? `${authorityId}.crl` : `${authorityId}/${scope}.crl`))
  }
  return lists
}

async function save(world: World, path: string, name: string): Promise<void> {
  const der = new Uint8Array(await (await fetch(`${world.address}/pki/crl/${path}`)).arrayBuffer())
  writeFileSync(join(world.folder, `${name}.der`), der)
  await world.run('openssl', 'crl', '-inform', 'DER', '-in', `${name}.der`, '-out', name)
}

function numberOf(list: RevocationList | undefined): number {
  return list?.number ?? Number.NaN
}

function serialsOf({ entries }: RevocationList): readonly string[] {
  return entries.map(({ serial }) => Buffer.from(serial).toString('hex')).toSorted()
}

/** A start, whatever happens after it, and the first look at how lists are. */
async function watchOnce(t: TestContext, { node }: World, meanwhile?: () => Promise<void>): Promise<void> {
  t.mock.timers.enable({ apis: ['setInterval'] })
  await node.opened.start?.(undefined as never)
  await meanwhile?.()
  t.mock.timers.tick(300_000)
  await node.opened.stop?.()
  t.mock.timers.reset()
}

async function runJob(world: World): Promise<void> {
  await world.node.opened.jobs?.find(({ name }) => name === 'pki.revocation-lists')?.run(freshCtx(world))
}

/** A request made now. */
function freshCtx({ node }: World): Ctx {
  return testContext({ database: node.database, clock: node.clock })
}

async function pending({ node }: World) {
  const admin = node.ctx.as({ principal: { kind: 'local', id: 'local', name: 'local' } })
  const ctx = testContext({ database: node.database, clock: node.clock, actor: admin.actor })
  return (await node.opened.pending?.(ctx)) ?? []
}

async function rootOf({ node }: World): Promise<{ readonly authorityId: string }> {
  const row = await tables<PkiTables>(node.database.db)
    .selectFrom('pki_authorities')
    .select('id')
    .where('kind', '=', 'root')
    .executeTakeFirstOrThrow()
  return { authorityId: row.id }
}
