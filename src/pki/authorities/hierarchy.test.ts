import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '#platform'
import { eachDialect } from '#platform/testing'
import { prepareGround, testSettings } from '../testing.ts'
import { createHierarchy } from './hierarchy.ts'
import { ensureRoot } from './root.ts'

eachDialect((_, open) => {
  test('a read of the authorities that failed is made anew, though none of them changed', async (t) => {
    const { ctx, database, keyring } = await prepareGround(t, open)
    const parts = { keyring, random: systemRandom, settings: testSettings }
    const root = await ensureRoot(ctx, parts)
    let failure: Error | undefined = new Error('the database is away')
    const hierarchy = createHierarchy(
      {
        get db() {
          if (failure !== undefined) throw failure
          return database.db
        },
        epoch: (name) => database.epoch(name),
      },
      parts,
    )
    await assert.rejects(hierarchy.root(), failure)
    await assert.rejects(hierarchy.root(), failure)
    failure = undefined
    assert.equal((await hierarchy.root()).stored.id, root.id)
  })
})
