import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { eachDialect, fakeClock, memoryLog, wireTo } from '#platform/testing'
import { systemRandom } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { fail } from '../platform-errors.ts'
import { openJournal } from './journal.ts'
import { listAudit } from './list.ts'
import { listUses } from './list-uses.ts'
import { fakeKeyring, keyringOf, refusalOf, useOf } from './spool-cases.ts'
import { verifyAudit } from './verify.ts'

const away = { code: 'platform.storage-unavailable' }
const minute = 60_000

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-spool-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'spool')
}

eachDialect((dialect, open) => {
  // the embedded database cannot be away
  if (dialect === 'sqlite') return

  /** A database behind a wire, and journals that spool in one directory. */
  async function house(t: TestContext) {
    const wire = await wireTo(t, await open.place(t))
    const clock = fakeClock()
    const database = await open(t, { place: wire.place, clock })
    const directory = newDirectory(t)
    const log = memoryLog()
    const start = ({ keyring = fakeKeyring, room, of = database }: Started = {}) => {
      const spool = { directory, keyring, ...(room === undefined ? {} : { room }) }
      const journal = openJournal({ database: of, clock, random: systemRandom, log, spool })
      t.after(() => journal.stop().catch(() => undefined))
      return journal
    }
    const files = () => readdirSync(directory).toSorted()
    /** Refusals of these hosts come while the database is away, and the process ends. Answers the file. */
    const leave = async (hosts: readonly string[]) => {
      const journal = start()
      await wire.cut()
      for (const host of hosts) {
        journal.refused(refusalOf(host))
        await assert.rejects(journal.flush(), away)
      }
      await journal.stop()
      await wire.mend()
      const path = join(directory, files().at(-1) ?? '')
      return { path, lines: readFileSync(path, 'utf8').split('\n') }
    }
    const hosts = async () => {
      const records = await listAudit(database.db, { actionPrefix: 'routes:use' }, { limit: 5_000 })
      return records.map(({ detail }) => JSON.stringify(detail?.['host'] ?? '').replaceAll('"', '')).toSorted()
    }
    const told = (action: string) => listAudit(database.db, { actionPrefix: action }, { limit: 10 })
    return { wire, clock, database, directory, log, start, files, leave, hosts, told }
  }
  interface Started {
    readonly keyring?: typeof fakeKeyring
    readonly room?: number
    readonly of?: Database
  }

  test('while the database is away, refusals and uses wait in a file, and are written once when it is back', async (t) => {
    const { wire, database, directory, start, files, hosts, log } = await house(t)
    const journal = start()
    journal.refused(refusalOf('before'))
    await journal.flush()
    await wire.cut()
    for (const name of ['one', 'two']) {
      journal.refused(refusalOf(name))
      journal.used(useOf('blog'))
      await assert.rejects(journal.flush(), away)
    }
    const [file = '', ...others] = files()
    assert.deepEqual(others, [])
    assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600)
    assert.equal(statSync(directory).mode & 0o777, 0o700)
    await log.next(/it is kept in the spool/)

    await wire.mend()
    await journal.flush()
    assert.deepEqual(files(), [])
    await journal.flush()
    journal.refused(refusalOf('after'))
    await journal.flush()
    assert.deepEqual(await hosts(), ['after', 'before', 'one', 'two'])
    const [use] = await listUses(database.db, { principalId: 'acc_mara' }, { limit: 10 })
    assert.equal(use?.count, 2)
    assert.ok((await verifyAudit(database.db)).sound)
  })

  test('what one process leaves behind, the next writes, also when the database is away at its end', async (t) => {
    const { leave, start, files, hosts } = await house(t)
    await leave(['one', 'two'])
    await leave(['three'])
    assert.equal(files().length, 2)
    await start().flush()
    assert.deepEqual(await hosts(), ['one', 'three', 'two'])
    assert.deepEqual(files(), [])
  })

  test('kill -9 after the wire was cut at any moment: all that was acknowledged is written, and nothing twice', async (t) => {
    const { wire, database, directory, start, hosts, log } = await house(t)
    const acknowledged: string[] = []
    for (const round of ['a', 'b', 'c']) {
      const fixture = new URL('./spool-fixture.ts', import.meta.url).pathname
      const child = spawn(process.execPath, [fixture, JSON.stringify(wire.place), directory, round], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await cutThenKill(child, () => wire.cut(), acknowledged)
      await wire.mend()
    }
    await start().flush()
    const written = await hosts()
    assert.equal(new Set(written).size, written.length, 'nothing twice')
    assert.deepEqual(
      acknowledged.filter((name) => !written.includes(name)),
      [],
    )
    const uses = await listUses(database.db, { principalId: 'acc_mara' }, { limit: 5_000 })
    assert.deepEqual(
      uses.filter(({ count }) => count !== 1),
      [],
    )
    assert.deepEqual(
      acknowledged.filter((name) => !uses.some(({ resource }) => resource.id === name)),
      [],
    )
    assert.ok((await verifyAudit(database.db)).sound)
    assert.ok(log.entries.some(({ message }) => /waited in the spool/.test(message)))
  })

  test('a commit whose answer was lost is not repeated', async (t) => {
    const { database, start, hosts, log } = await house(t)
    let loses = true
    const lossy: Database = {
      dialect: database.dialect,
      db: database.db,
      epoch: (name) => database.epoch(name),
      migrate: (rooms) => database.migrate(rooms),
      ping: () => database.ping(),
      close: () => database.close(),
      tx: async (work) => {
        const result = await database.tx(work)
        if (!loses) return result
        loses = false
        throw fail('platform.storage-unavailable', { message: 'the answer was lost' })
      },
    }
    const journal = start({ of: lossy })
    journal.refused(refusalOf('once'))
    journal.used(useOf('once'))
    await assert.rejects(journal.flush(), away)
    await journal.flush()
    assert.deepEqual(await hosts(), ['once'])
    const [use] = await listUses(database.db, { principalId: 'acc_mara' }, { limit: 10 })
    assert.equal(use?.count, 1)
    await log.next(/what waited in the spool/)
  })

  test('a line that was not written whole is told; what stands before it counts', async (t) => {
    const { leave, start, files, hosts, told, log } = await house(t)
    const { path } = await leave(['one', 'two'])
    const text = readFileSync(path)
    writeFileSync(path, text.subarray(0, text.length - 20))
    await start().flush()
    assert.deepEqual(await hosts(), ['one'])
    const [record] = await told('journal.refuse-spool')
    assert.deepEqual([record?.detail?.['fault'], record?.detail?.['imported']], ['torn', 1])
    assert.match(files().join(), /^journal-spl_\w+\.damaged$/, 'kept for whoever looks')
    await log.next(/ends in a line that was not written whole/)
    await start().flush()
    assert.equal((await told('journal.refuse-spool')).length, 1)
  })

  const attacks: Readonly<Record<string, (lines: readonly string[]) => readonly string[]>> = {
    'an altered line': ([first = '', second = '', ...rest]) => [first, second.replace('two', 'owt'), ...rest],
    'a line left out': ([first = '', _, ...rest]) => [first, ...rest],
    'a line twice': ([first = '', ...rest]) => [first, first, ...rest],
    'lines in another order': ([first = '', second = '', third = '', ...rest]) => [first, third, second, ...rest],
    'an empty line': ([first = '', ...rest]) => [first, '', ...rest],
    'a line without its MAC': ([first = '', second = '', ...rest]) => [
      first,
      second.slice(second.indexOf(' ')),
      ...rest,
    ],
  }
  for (const [name, alter] of Object.entries(attacks)) {
    test(`a spool with ${name} is told, and from there on nothing of it is imported`, async (t) => {
      const { leave, start, hosts, told, files } = await house(t)
      const { path, lines } = await leave(['one', 'two', 'three'])
      writeFileSync(path, alter(lines).join('\n'))
      await start().flush()
      assert.deepEqual(await hosts(), ['one'])
      const [record] = await told('journal.refuse-spool')
      assert.deepEqual([record?.detail?.['fault'], record?.detail?.['imported']], ['altered', 1])
      assert.match(files().join(), /\.damaged$/)
    })
  }

  test('a spool of another installation, renamed, or linked to is not imported, a copy of an imported one not again', async (t) => {
    const { leave, start, hosts, told, files, directory } = await house(t)
    const { path } = await leave(['one'])
    const copy = `${path}.copy`
    copyFileSync(path, copy)
    await start({ keyring: keyringOf('another') }).flush()
    assert.deepEqual(await hosts(), [])
    assert.equal((await told('journal.refuse-spool'))[0]?.detail?.['fault'], 'altered')
    const renamed = join(directory, `journal-spl_${'0'.repeat(32)}.spool`)
    copyFileSync(copy, renamed)
    await start().flush()
    assert.deepEqual(await hosts(), [])
    symlinkSync(copy, path)
    await start().flush()
    assert.deepEqual(await hosts(), [])
    rmSync(path)
    copyFileSync(copy, path)
    await start().flush()
    assert.deepEqual(await hosts(), ['one'])
    copyFileSync(copy, path)
    await start().flush()
    assert.deepEqual(await hosts(), ['one'])
    assert.equal(files().includes(path), false)
  })

  test('what there is no room for is counted and told', async (t) => {
    const { wire, start, hosts, told, log, clock, directory, files } = await house(t)
    const room = 1_500
    const journal = start({ room })
    await wire.cut()
    for (const name of ['one', 'two', 'three', 'four', 'five', 'six']) {
      journal.refused(refusalOf(name))
      await assert.rejects(journal.flush(), away)
      clock.advance(minute / 2)
    }
    assert.ok(statSync(join(directory, files()[0] ?? '')).size < 2 * room)
    await journal.stop()
    await wire.mend()
    await start().flush()
    const kept = await hosts()
    assert.deepEqual(kept, ['one', 'two'])
    const lost = (await told('journal.drop')).map(({ detail }) => Number(detail?.['refusals']))
    assert.ok(lost.length > 0 && lost.reduce((all, one) => all + one, 0) <= 4, lost.join())
    await log.next(/the spool was full/)
  })

  test('where the file cannot be written either, the journal waits in memory', async (t) => {
    const { wire, start, hosts, directory, log } = await house(t)
    mkdirSync(join(directory, '..'), { recursive: true })
    writeFileSync(directory, 'in the way of the directory')
    const journal = start()
    await log.next(/the spool of the journal cannot be read/)
    await wire.cut()
    journal.refused(refusalOf('one'))
    await assert.rejects(journal.flush())
    await wire.mend()
    await journal.flush()
    assert.deepEqual(await hosts(), ['one'])
  })
})

/** Cuts the wire and then ends the process, each after a number of lines nobody chose. */
async function cutThenKill(child: ChildProcess, cut: () => Promise<void>, acknowledged: string[]): Promise<void> {
  const ended = once(child, 'exit')
  const cutAt = 10 + Math.floor(Math.random() * 40)
  const killAt = cutAt + 10 + Math.floor(Math.random() * 40)
  let seen = 0
  assert.ok(child.stdout)
  for await (const line of createInterface({ input: child.stdout })) {
    // a line cut off by the kill is no acknowledgement
    if (line.endsWith('.')) acknowledged.push(line.slice(0, -1))
    seen += 1
    if (seen === cutAt) void cut()
    if (seen === killAt) child.kill('SIGKILL')
  }
  assert.deepEqual(await ended, [null, 'SIGKILL'])
}
