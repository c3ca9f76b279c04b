import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemRandom } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { tables } from '../db/handle.ts'
import { eachDialect, fakeClock, memorySeal } from '../testing.ts'
import { fileSeal } from './file-seal.ts'
import { findKeys } from './key-store.ts'
import type { Seal } from './keyring.ts'
import { openKeyring } from './open-keyring.ts'

const place = { table: 'sample_things', column: 'content', row: 'thing_1' }
const plain = Buffer.from('a private key')

function keyringOn(database: Database, seal: Seal, clock = fakeClock()) {
  return openKeyring({ database, seal, random: systemRandom, clock })
}

function sealPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-keyring-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'seal.key')
}

eachDialect((_dialect, open) => {
  test('the first start makes keys, the next finds them: sealed values open, macs are the same', async (t) => {
    const database = await open(t)
    const path = sealPath(t)
    const first = await keyringOn(database, fileSeal(path))
    const sealed = first.seal(plain, place)
    const second = await keyringOn(database, fileSeal(path))
    assert.deepEqual(Buffer.from(second.open(sealed, place)), plain)
    assert.deepEqual(second.mac('access.cursor', 'x'), first.mac('access.cursor', 'x'))
    assert.equal((await findKeys(database.db)).length, 2)
  })

  test('macs differ by purpose, by data and by installation, and show no root key', async (t) => {
    const keyring = await keyringOn(await open(t), memorySeal())
    const other = await keyringOn(await open(t), memorySeal())
    const macs = [
      keyring.mac('access.cursor', 'x'),
      keyring.mac('access.cursor', 'y'),
      keyring.mac('identity.cursor', 'x'),
      other.mac('access.cursor', 'x'),
    ].map((mac) => Buffer.from(mac).toString('hex'))
    assert.equal(new Set(macs).size, 4)
    assert.equal(macs[0]?.length, 64)
    assert.deepEqual(keyring.mac('a', 'text'), keyring.mac('a', Buffer.from('text')))
  })

  test('attack 8: a wrong, missing or foreign seal key stops the start and changes nothing', async (t) => {
    const database = await open(t)
    const path = sealPath(t)
    await keyringOn(database, fileSeal(path))
    const before = await findKeys(database.db)
    const wrong = { code: 'platform.wrong-seal-key' }
    const foreign = sealPath(t)
    await fileSeal(foreign).initialise()
    await assert.rejects(keyringOn(database, fileSeal(foreign)), wrong)
    // of another kind, even one that would open the keys: a seal is changed knowingly
    const renamed = { ...fileSeal(path), kind: 'other' }
    await assert.rejects(keyringOn(database, renamed), { ...wrong, message: /by the seal "file", not by "other"/ })
    renameSync(path, `${path}.away`)
    await assert.rejects(keyringOn(database, fileSeal(path)), { ...wrong, message: /put back the seal\.key/ })
    assert.deepEqual(readdirSync(join(path, '..')), ['seal.key.away'])
    assert.deepEqual(await findKeys(database.db), before)
  })

  test('a changed or swapped key row is found at start', async (t) => {
    const database = await open(t)
    const seal = memorySeal()
    await keyringOn(database, seal)
    const [mac, data] = await findKeys(database.db)
    const damaged = { code: 'platform.sealed-value-damaged' }
    const set = async (id: number, wrapped: Uint8Array): Promise<void> => {
      await database.tx(async (db) => {
        const queries = tables<{ platform_keys: { id: number; wrapped: Uint8Array } }>(db)
        await queries.updateTable('platform_keys').set({ wrapped }).where('id', '=', id).execute()
      })
    }
    assert.ok(mac !== undefined && data !== undefined)
    await set(data.id, mac.wrapped)
    await assert.rejects(keyringOn(database, seal), damaged)
    await set(
      data.id,
      Uint8Array.from(data.wrapped, (byte, index) => (index === 20 ? byte ^ 1 : byte)),
    )
    await assert.rejects(keyringOn(database, seal), damaged)
    await set(data.id, data.wrapped)
    await keyringOn(database, seal)
  })

  test('rotation: old values still open, new ones need the new key, macs stay', async (t) => {
    const database = await open(t)
    const seal = memorySeal()
    const keyring = await keyringOn(database, seal)
    const old = keyring.seal(plain, place)
    const mac = keyring.mac('access.cursor', 'x')
    const id = await keyring.rotateDataKey(0)
    const fresh = keyring.seal(plain, place)
    assert.equal(Buffer.from(fresh).readUInt32BE(1), id)
    assert.notEqual(Buffer.from(old).readUInt32BE(1), id)
    for (const ring of [keyring, await keyringOn(database, seal)]) {
      assert.deepEqual(Buffer.from(ring.open(old, place)), plain)
      assert.deepEqual(Buffer.from(ring.open(fresh, place)), plain)
      assert.deepEqual(ring.mac('access.cursor', 'x'), mac)
    }
    // a value moved under another key's id does not open
    const relabelled = Buffer.from(old)
    relabelled.writeUInt32BE(id, 1)
    assert.throws(() => keyring.open(relabelled, place), { code: 'platform.sealed-value-damaged' })
  })

  test('two nodes: a delayed rotation is learnt by refresh before anybody seals with it', async (t) => {
    const storage = await open.place(t)
    const clock = fakeClock()
    const seal = memorySeal()
    const one = await keyringOn(await open(t, { place: storage }), seal, clock)
    const two = await keyringOn(await open(t, { place: storage }), seal, clock)
    const id = await one.rotateDataKey(60_000)
    const early = one.seal(plain, place)
    assert.deepEqual(Buffer.from(two.open(early, place)), plain)
    await two.refresh()
    clock.advance(60_000)
    const late = one.seal(plain, place)
    assert.equal(Buffer.from(late).readUInt32BE(1), id)
    assert.deepEqual(Buffer.from(two.open(late, place)), plain)
  })

  test('rotation under a seal that is another by now adds nothing, and what was sealed still opens', async (t) => {
    const database = await open(t)
    let seal = memorySeal()
    const keyring = await keyringOn(database, {
      kind: seal.kind,
      initialise: () => seal.initialise(),
      wrap: (key, id) => seal.wrap(key, id),
      unwrap: (wrapped, id) => seal.unwrap(wrapped, id),
    })
    const before = await findKeys(database.db)
    const sealed = keyring.seal(plain, place)
    seal = memorySeal()
    await assert.rejects(keyring.rotateDataKey(0), { code: 'platform.wrong-seal-key' })
    assert.deepEqual(await findKeys(database.db), before)
    assert.deepEqual(Buffer.from(keyring.open(sealed, place)), plain)
  })

  test('of two rotations at once one adds its key, the other says that one is under way', async (t) => {
    const database = await open(t)
    const seal = memorySeal()
    const first = await keyringOn(database, seal)
    let meanwhile: number | undefined
    const second = await keyringOn(database, {
      ...seal,
      wrap: async (key, id) => {
        meanwhile = await first.rotateDataKey(0)
        return seal.wrap(key, id)
      },
    })
    await assert.rejects(second.rotateDataKey(0), { code: 'platform.rotation-under-way' })
    assert.deepEqual(
      (await findKeys(database.db)).map(({ id }) => id),
      [1, 2, meanwhile],
    )
    assert.deepEqual(Buffer.from((await keyringOn(database, seal)).open(first.seal(plain, place), place)), plain)
  })

  test('a clock that was set back to before every key stops nobody from sealing', async (t) => {
    const clock = fakeClock()
    const keyring = await keyringOn(await open(t), memorySeal(), clock)
    await keyring.rotateDataKey(0)
    clock.set(clock.now() - 365 * 86_400_000)
    assert.deepEqual(Buffer.from(keyring.open(keyring.seal(plain, place), place)), plain)
  })

  test('two nodes starting at once on an empty database agree on the keys', async (t) => {
    const storage = await open.place(t)
    const seal = memorySeal()
    const databases = [await open(t, { place: storage }), await open(t, { place: storage })]
    const [one, two] = await Promise.all(databases.map((database) => keyringOn(database, seal)))
    assert.ok(one !== undefined && two !== undefined)
    assert.deepEqual(Buffer.from(two.open(one.seal(plain, place), place)), plain)
    assert.deepEqual(one.mac('a', 'x'), two.mac('a', 'x'))
  })

  test('what does not open says where it lies, never what it holds', async (t) => {
    const keyring = await keyringOn(await open(t), memorySeal())
    const sealed = keyring.seal(plain, place)
    const refused = { code: 'platform.sealed-value-damaged', message: /sample_things\.content, row thing_2/ }
    assert.throws(() => keyring.open(sealed, { ...place, row: 'thing_2' }), refused)
    assert.throws(() => keyring.open(new Uint8Array(0), place), { code: 'platform.sealed-value-damaged' })
    const unknown = Buffer.from(sealed)
    unknown.writeUInt32BE(77, 1)
    assert.throws(() => keyring.open(unknown, place), { message: /its key \(77\) is not in the keyring/ })
  })
})
