import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect, memoryLog } from '../testing.ts'
import type { Database, Db, RoomMigrations } from './database.ts'
import { isUniqueViolation } from './failures.ts'
import { afterCommit, tables, touch } from './handle.ts'

interface Tables {
  sample_things: { id: string; size: number | bigint | null; done: number | boolean; content: Uint8Array | null }
}

const sample: RoomMigrations = {
  room: 'sample',
  migrations: [
    {
      id: '0001-things',
      statements: ({ text, int, bool, bytes, strict }) => [
        `create table sample_things (
          id ${text} primary key, size ${int}, done ${bool} not null, content ${bytes}
        ) ${strict}`,
      ],
    },
  ],
}
const rooms = [sample]

async function add(db: Db, id: string, size: number | bigint | null = 1): Promise<void> {
  await tables<Tables>(db).insertInto('sample_things').values({ id, size, done: false, content: null }).execute()
}

async function ids(database: Database): Promise<string[]> {
  const rows = await tables<Tables>(database.db).selectFrom('sample_things').select('id').orderBy('id').execute()
  return rows.map(({ id }) => id)
}

eachDialect((dialect, open) => {
  test('values come back as they went in', async (t) => {
    const database = await open(t, { rooms })
    const content = new Uint8Array([0, 1, 255])
    const things = [
      { id: 'a', size: 2 ** 53 - 1, done: true, content },
      { id: 'b', size: 7n, done: false, content: null },
      { id: 'Z', size: null, done: 1, content: Buffer.from('x') },
    ]
    await database.tx(async (db) => {
      await tables<Tables>(db).insertInto('sample_things').values(things).execute()
    })
    const rows = await tables<Tables>(database.db).selectFrom('sample_things').selectAll().orderBy('id').execute()
    assert.deepEqual(rows, [
      { id: 'Z', size: null, done: 1, content: new Uint8Array([120]) },
      { id: 'a', size: 2 ** 53 - 1, done: 1, content },
      { id: 'b', size: 7, done: 0, content: null },
    ])
  })

  test('counts, sums and truths are numbers', async (t) => {
    const database = await open(t, { rooms })
    await database.tx((db) => add(db, 'a', 2))
    const row = await tables<Tables>(database.db)
      .selectFrom('sample_things')
      .select((is) => [is.fn.countAll().as('count'), is.fn.sum('size').as('sum'), is('size', '>', 1).as('large')])
      .groupBy('size')
      .executeTakeFirstOrThrow()
    assert.deepEqual(row, { count: 1, sum: 2, large: 1 })
  })

  test('what has no column type is refused before it is sent', async (t) => {
    const database = await open(t, { rooms })
    await assert.rejects(
      database.tx((db) => add(db, 'a', new Date() as unknown as number)),
      TypeError,
    )
    await assert.rejects(
      database.tx((db) => add(db, 'a\0b')),
      { code: 'platform.text-not-storable', status: 400 },
    )
    assert.deepEqual(await ids(database), [])
  })

  test('changes tell how many rows they met', async (t) => {
    const database = await open(t, { rooms })
    const met = await database.tx(async (db) => {
      await add(db, 'a')
      await add(db, 'b')
      const result = await tables<Tables>(db).updateTable('sample_things').set({ size: 5 }).executeTakeFirst()
      return result.numUpdatedRows
    })
    assert.equal(met, 2n)
  })

  test('a transaction is seen after it resolved, and only then', async (t) => {
    const database = await open(t, { rooms })
    await database.tx(async (db) => {
      await add(db, 'a')
      assert.deepEqual(await ids(database), [])
    })
    assert.deepEqual(await ids(database), ['a'])
  })

  test('queries of one transaction may be started together', async (t) => {
    const warnings: Error[] = []
    const warned = (warning: Error) => warnings.push(warning)
    process.on('warning', warned)
    t.after(() => process.off('warning', warned))
    const database = await open(t, { rooms })
    await database.tx((db) => Promise.all([add(db, 'a'), add(db, 'b'), add(db, 'c')]))
    assert.deepEqual(await ids(database), ['a', 'b', 'c'])
    assert.deepEqual(
      warnings.filter(({ name }) => name === 'DeprecationWarning'),
      [],
    )
  })

  test('a work function that throws is undone, its neighbours are not', async (t) => {
    const database = await open(t, { rooms })
    const outcomes = await Promise.allSettled([
      database.tx((db) => add(db, 'a')),
      database.tx(async (db) => {
        await add(db, 'b')
        throw new RangeError('no')
      }),
      database.tx((db) => add(db, 'c')),
    ])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.deepEqual(await ids(database), ['a', 'c'])
  })

  test('of many at once those that throw are undone wherever they stand, and what they left behind runs among no others', async (t) => {
    const database = await open(t, { rooms })
    const strays: Promise<unknown>[] = []
    const work = (id: string, fails: boolean) =>
      database.tx(async (db) => {
        await add(db, id)
        if (!fails) return
        strays.push(
          Promise.resolve()
            .then(() => Promise.resolve())
            .then(() => add(db, `${id}-stray`))
            .catch((error: unknown) => error),
        )
        throw new Error(`${id} fails`)
      })
    const tried = await Promise.allSettled([
      work('a', true),
      work('b', true),
      work('c', false),
      work('d', true),
      work('e', false),
    ])
    for (const stray of await Promise.all(strays)) assert.match(String(stray), /this transaction has ended/)
    assert.deepEqual(
      tried.map(({ status }) => status),
      ['rejected', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
    )
    assert.deepEqual(await ids(database), ['c', 'e'])
  })

  test('a failed statement dooms its transaction even when it was caught', async (t) => {
    const database = await open(t, { rooms })
    await database.tx((db) => add(db, 'a'))
    const attempt = database.tx(async (db) => {
      await add(db, 'b')
      await add(db, 'a').catch(() => {})
    })
    await assert.rejects(attempt, isUniqueViolation)
    assert.deepEqual(await ids(database), ['a'])
  })

  test('many transactions at once all hold, in one order', async (t) => {
    const database = await open(t, { rooms })
    await database.tx((db) => add(db, 'sum', 0))
    await Promise.all(
      Array.from({ length: 20 }, () =>
        database.tx(async (db) => {
          const queries = tables<Tables>(db)
          const { size } = await queries.selectFrom('sample_things').select('size').executeTakeFirstOrThrow()
          await queries
            .updateTable('sample_things')
            .set({ size: Number(size) + 1 })
            .execute()
        }),
      ),
    )
    const row = await tables<Tables>(database.db).selectFrom('sample_things').select('size').executeTakeFirst()
    assert.equal(row?.size, 20)
  })

  test('writing through the reading handle is a bug', async (t) => {
    const database = await open(t, { rooms })
    await assert.rejects(add(database.db, 'a'), TypeError)
    assert.deepEqual(await ids(database), [])
  })

  test('a handle is useless after its transaction', async (t) => {
    const database = await open(t, { rooms })
    let kept: Db | undefined
    await database.tx(async (db) => {
      kept = db
    })
    const late = kept
    assert.ok(late)
    await assert.rejects(add(late, 'a'), TypeError)
    assert.throws(() => touch(late, 'access'), TypeError)
    assert.deepEqual(await ids(database), [])
  })

  test('a transaction inside a transaction is refused instead of waiting for itself', async (t) => {
    const database = await open(t, { rooms })
    const outer = database.tx(async (db) => {
      await add(db, 'a')
      await database.tx((inner) => add(inner, 'b'))
    })
    await assert.rejects(outer, TypeError)
    assert.deepEqual(await ids(database), [])
  })

  test('queries have no transactions and no connections of their own', async (t) => {
    const queries = tables((await open(t, { rooms })).db)
    assert.ok(!('transaction' in queries) && !('connection' in queries))
    assert.throws(() => queries.getExecutor().provideConnection(async () => {}), TypeError)
  })

  test('a work function that waits for something else is named, and given up in the end', async (t) => {
    const log = memoryLog()
    const limits = { warnAfter: 5, giveUpAfter: 60_000 }
    const began = Promise.withResolvers<void>()
    const database = await open(t, { rooms, log, limits })
    limits.giveUpAfter = 30
    const stuck = database.tx(async (db) => {
      // short for this one alone: the next must not be given up on a loaded machine
      limits.giveUpAfter = 60_000
      began.resolve()
      await add(db, 'a')
      await new Promise(() => {})
    })
    await began.promise
    const next = database.tx((db) => add(db, 'b'))
    await assert.rejects(stuck, TypeError)
    await next
    assert.ok((await log.next(/waits for something other/)).fields['elapsedMs'] !== undefined)
    assert.deepEqual(await ids(database), ['b'])
  })

  test('work after a commit runs after it, and not after a roll-back', async (t) => {
    const log = memoryLog()
    const database = await open(t, { rooms, log })
    const told: string[] = []
    await database.tx(async (db) => {
      afterCommit(db, () => told.push('committed'))
      afterCommit(db, () => {
        throw new Error('late')
      })
      assert.deepEqual(told, [])
    })
    await assert.rejects(
      database.tx(async (db) => {
        afterCommit(db, () => told.push('rolled back'))
        throw new RangeError('no')
      }),
      RangeError,
    )
    assert.deepEqual(told, ['committed'])
    assert.ok(log.entries.some(({ level }) => level === 'error'))
  })

  test('an epoch changes exactly when touched and committed', async (t) => {
    const database = await open(t, { rooms })
    const before = database.epoch('access')
    const others = database.epoch('routes')
    assert.equal(database.epoch('access'), before)
    let after = before
    await database
      .tx(async (db) => {
        touch(db, 'access')
        throw new RangeError('no')
      })
      .catch(() => {})
    assert.equal(database.epoch('access'), before)
    await database.tx(async (db) => touch(db, 'access'))
    after = database.epoch('access')
    assert.notEqual(after, before)
    assert.equal(database.epoch('routes'), others)
    assert.throws(() => touch(database.db, 'access'), TypeError)
  })

  test('a closed database finishes what was queued and refuses the rest', async (t) => {
    const place = await open.place(t)
    const database = await open(t, { rooms, place })
    const last = database.tx((db) => add(db, 'a'))
    const closed = database.close()
    await assert.rejects(
      database.tx((db) => add(db, 'b')),
      TypeError,
    )
    await last
    await closed
    await database.close()
    assert.deepEqual(await ids(await open(t, { rooms, place })), ['a'])
  })

  test('a ping answers', async (t) => {
    const database = await open(t)
    await database.ping()
    assert.equal(database.dialect, dialect)
  })
})
