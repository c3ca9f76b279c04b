import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import type { Actor } from '#kit'
import { eachDialect, fakeClock, memoryLog, type Place, testContext } from '#platform/testing'
import { systemRandom } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { tables } from '../db/handle.ts'
import { chainedColumns, chainHash } from './chain.ts'
import { openJournal } from './journal.ts'
import { verifyAudit } from './verify.ts'

const columns = [
  'ordinal',
  'seq',
  'id',
  'at',
  'outcome',
  'action',
  'actor_kind',
  'actor_id',
  'actor_name',
  'credential_id',
  'session_id',
  'app_id',
  'grant_id',
  'address',
  'target_type',
  'target_id',
  'target_name',
  'detail',
  'request_id',
  'count',
  'hash',
]
const numeric = new Set(['ordinal', 'seq', 'at', 'count'])

/** Every column filled, so that in each a byte can be altered. */
const actor: Actor = {
  principal: { kind: 'account', id: 'acc_1', name: 'mara' },
  credential: {
    id: 'crd_1',
    kind: 'password',
    permissions: ['*'],
    networks: { allow: [], deny: [] },
    regions: [],
    expiresAt: undefined,
  },
  session: { id: 'ses_1', createdAt: 0, provedAt: 0 },
  app: { id: 'app_1', permissions: [] },
  grant: { id: 'gra_1' },
  address: '192.0.2.7',
}

test('the hash is the SHA-256 of the documented text', () => {
  const record = {
    seq: 2,
    ordinal: 2,
    id: 'aud_1',
    at: 1_767_225_600_000,
    outcome: 'done',
    action: 'routes.create',
    actor_kind: 'account',
    actor_id: 'acc_1',
    actor_name: 'mära',
    credential_id: null,
    session_id: null,
    app_id: null,
    grant_id: null,
    address: '192.0.2.7',
    target_type: null,
    target_id: null,
    target_name: null,
    detail: '{"a":1}',
    request_id: 'req_1',
    count: 1,
  }
  const text = `gatehouse-audit-1
previous ${'ab'.repeat(32)}
seq 1:2
ordinal 1:2
id 5:aud_1
at 13:1767225600000
outcome 4:done
action 13:routes.create
actor_kind 7:account
actor_id 5:acc_1
actor_name 5:mära
credential_id -
session_id -
app_id -
grant_id -
address 9:192.0.2.7
target_type -
target_id -
target_name -
detail 7:{"a":1}
request_id 5:req_1
count 1:1
`
  const expected = createHash('sha256').update(text).digest('hex')
  assert.equal(Buffer.from(chainHash(Buffer.alloc(32, 0xab), record)).toString('hex'), expected)
})

eachDialect((dialect, open) => {
  /** A journal of `count` sealed records. */
  async function filled(t: TestContext, count: number, place?: Place): Promise<Database> {
    const clock = fakeClock()
    const database = await open(t, { clock, ...(place === undefined ? {} : { place }) })
    const ctx = testContext({ database, clock, actor })
    for (let index = 1; index <= count; index++) {
      const target = { type: 'route', id: `rt_${index}`, name: `name ${index}` }
      await ctx.tx((inner) => inner.audit({ action: 'routes.create', target, detail: { index } }))
    }
    const journal = openJournal({ database, clock, random: systemRandom, log: memoryLog() })
    await journal.stop()
    return database
  }

  async function change(database: Database, statement: string): Promise<void> {
    await database.tx(async (db) => {
      await sql.raw(statement).execute(tables(db))
    })
  }

  async function fault(database: Database) {
    const verdict = await verifyAudit(database.db, { pageSize: 2 })
    return verdict.sound ? undefined : { seq: verdict.broken.seq, problem: verdict.broken.problem }
  }

  test('an untouched chain verifies, over page boundaries, and names its head', async (t) => {
    const database = await filled(t, 5)
    const verdict = await verifyAudit(database.db, { pageSize: 2 })
    assert.ok(verdict.sound)
    assert.equal(verdict.checked, 5)
    assert.equal(verdict.waiting, 0)
    assert.match(verdict.head.hash, /^[0-9a-f]{64}$/)
  })

  test('an empty chain verifies', async (t) => {
    const verdict = await verifyAudit((await filled(t, 0)).db)
    assert.deepEqual(verdict, { sound: true, checked: 0, waiting: 0, head: { seq: 0, hash: '0'.repeat(64) } })
  })

  for (const column of columns) {
    test(`one byte altered in ${column} fails at that record`, async (t) => {
      const database = await filled(t, 4)
      await change(database, `update platform_audit_records set ${column} = ${altered(column)} where seq = 2`)
      const found = await fault(database)
      assert.equal(found?.seq, 2)
      assert.equal(found?.problem, column === 'seq' ? 'missing' : 'altered')
    })
  }

  function altered(column: string): string {
    if (numeric.has(column)) return `${column} + 64`
    const flipped = `replace(substr(${column}, 1, 1), substr(${column}, 1, 1), '~') || substr(${column}, 2)`
    if (column !== 'hash') return flipped
    if (dialect === 'postgres') return `set_byte(hash, 0, get_byte(hash, 0) # 1)`
    const other = `case when substr(hash, 1, 1) = x'00' then x'01' else x'00' end`
    return `cast(${other} || substr(hash, 2) as blob)`
  }

  test('a value taken away or put in fails at that record', async (t) => {
    for (const value of ['null', `''`]) {
      const database = await filled(t, 3)
      await change(database, `update platform_audit_records set app_id = ${value} where seq = 2`)
      assert.deepEqual(await fault(database), { seq: 2, problem: 'altered' })
    }
  })

  test('a record deleted in the middle is missed at its place', async (t) => {
    const database = await filled(t, 4)
    await change(database, 'delete from platform_audit_records where seq = 3')
    assert.deepEqual(await fault(database), { seq: 3, problem: 'missing' })
  })

  test('a record deleted in the middle is found although the rest moves up', async (t) => {
    const database = await filled(t, 4)
    await change(database, 'delete from platform_audit_records where seq = 3')
    await change(database, 'update platform_audit_records set seq = 3 where seq = 4')
    assert.deepEqual(await fault(database), { seq: 3, problem: 'altered' })
  })

  test('two records exchanged are found at the first', async (t) => {
    const database = await filled(t, 4)
    await change(database, 'update platform_audit_records set seq = 99 where seq = 2')
    await change(database, 'update platform_audit_records set seq = 2 where seq = 3')
    await change(database, 'update platform_audit_records set seq = 3 where seq = 99')
    assert.deepEqual(await fault(database), { seq: 2, problem: 'altered' })
  })

  test('a truncated end is found against the stored head', async (t) => {
    const database = await filled(t, 4)
    await change(database, 'delete from platform_audit_records where seq > 2')
    assert.deepEqual(await fault(database), { seq: 3, problem: 'truncated' })
  })

  test('a truncated end whose head was moved with it is found against a head noted earlier', async (t) => {
    const database = await filled(t, 4)
    const before = await verifyAudit(database.db)
    assert.ok(before.sound)
    await change(database, 'delete from platform_audit_records where seq > 2')
    await change(
      database,
      'update platform_audit_head set seq = 2, hash = (select hash from platform_audit_records where seq = 2)',
    )
    assert.ok((await verifyAudit(database.db)).sound)
    const verdict = await verifyAudit(database.db, { contains: before.head })
    assert.ok(!verdict.sound)
    assert.equal(verdict.broken.problem, 'truncated')
  })

  test('another head than the one noted is found', async (t) => {
    const database = await filled(t, 3)
    const verdict = await verifyAudit(database.db, { contains: { seq: 2, hash: 'ff'.repeat(32) } })
    assert.ok(!verdict.sound)
    assert.deepEqual([verdict.broken.seq, verdict.broken.problem], [2, 'head'])
  })

  test('a record set after the head is found', async (t) => {
    const database = await filled(t, 3)
    await change(
      database,
      'update platform_audit_head set seq = 2, hash = (select hash from platform_audit_records where seq = 2)',
    )
    assert.deepEqual(await fault(database), { seq: 3, problem: 'stray' })
  })

  if (dialect === 'sqlite') {
    test('one byte altered in the database file itself fails at that record', async (t) => {
      const place = await open.place(t)
      assert.equal(place.dialect, 'sqlite')
      await (await filled(t, 4, place)).close()
      if (place.dialect !== 'sqlite') return
      const bytes = readFileSync(place.path)
      const at = bytes.indexOf('name 3')
      assert.ok(at > 0)
      bytes[at + 5] = 0x38
      writeFileSync(place.path, bytes)
      const again = await open(t, { place })
      const verdict = await verifyAudit(again.db)
      assert.ok(!verdict.sound)
      assert.equal(verdict.broken.seq, 3)
      assert.equal(verdict.checked, 2)
      assert.match(verdict.broken.id ?? '', /^aud_/)
    })

    test('a record taken out of the chain is found', async (t) => {
      const database = await filled(t, 3)
      await change(database, 'update platform_audit_records set seq = null where seq = 3')
      assert.deepEqual(await fault(database), { seq: 3, problem: 'truncated' })
    })

    test('a record put beside the chain is found', async (t) => {
      const database = await filled(t, 3)
      const columns = chainedColumns.filter((column) => !['seq', 'ordinal', 'id'].includes(column)).join(', ')
      await change(
        database,
        `insert into platform_audit_records (ordinal, id, ${columns}) select 9, 'aud_9', ${columns} from platform_audit_records where seq = 3`,
      )
      assert.deepEqual(await fault(database), { seq: 4, problem: 'stray' })
    })
  } else {
    test('two nodes seal one chain without gap or fork', async (t) => {
      const place = await open.place(t)
      const nodes = [await open(t, { place }), await open(t, { place })]
      const clock = fakeClock()
      const journals = nodes.map((database) => openJournal({ database, clock, random: systemRandom, log: memoryLog() }))
      const write = (database: Database) =>
        testContext({ database, clock, actor }).tx((ctx) => ctx.audit({ action: 'a.b' }))
      for (let round = 0; round < 10; round++) {
        await Promise.all([...nodes.map(write), ...nodes.map(write), ...journals.map((journal) => journal.flush())])
      }
      await Promise.all(journals.map((journal) => journal.stop()))
      await journals[0]?.flush()
      const [node] = nodes
      assert.ok(node)
      const verdict = await verifyAudit(node.db)
      assert.ok(verdict.sound)
      assert.deepEqual([verdict.checked, verdict.waiting], [40, 0])
    })
  }
})
