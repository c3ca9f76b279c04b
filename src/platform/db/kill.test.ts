import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { eachDialect, fakeClock, memoryLog, type Place } from '#platform/testing'
import { openJournal } from '../audit/journal.ts'
import { listAudit } from '../audit/list.ts'
import { verifyAudit } from '../audit/verify.ts'
import { systemRandom } from '../clock.ts'

const rounds = 4

eachDialect((_dialect, open) => {
  test('kill -9 under a stream of writes loses no acknowledged one', async (t) => {
    const place = await open.place(t)
    await (await open(t, { place })).close()
    const acknowledged: string[] = []
    for (let round = 0; round < rounds; round++) {
      const before = acknowledged.length
      await writeUntilKilled(place, round, 20 + Math.floor(Math.random() * 200), acknowledged)
      assert.ok(acknowledged.length > before, 'nothing was acknowledged in this round')
    }
    const database = await open(t, { place })
    const journal = openJournal({ database, clock: fakeClock(), random: systemRandom, log: memoryLog() })
    await journal.stop()
    const records = await listAudit(database.db, {}, { limit: 1_000_000 })
    const kept = new Set(records.map(({ target }) => target?.id))
    assert.deepEqual(
      acknowledged.filter((id) => !kept.has(id)),
      [],
    )
    const verdict = await verifyAudit(database.db)
    assert.ok(verdict.sound)
    assert.equal(verdict.checked, records.length)
  })
})

/** Starts a writer and kills it with SIGKILL while it writes, a little after its `after`th acknowledgement. */
async function writeUntilKilled(place: Place, round: number, after: number, acknowledged: string[]): Promise<void> {
  const writer = new URL('./kill-writer-fixture.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [writer, JSON.stringify(place), String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
  await readLines(child, (line, count) => {
    acknowledged.push(line)
    if (count === after) setTimeout(() => child.kill('SIGKILL'), Math.random() * 5)
  })
  assert.equal(await ended, 'SIGKILL')
}

async function readLines(child: ChildProcess, take: (line: string, count: number) => void): Promise<void> {
  assert.ok(child.stdout)
  let count = 0
  for await (const line of createInterface({ input: child.stdout })) {
    // a line cut off by the kill is no acknowledgement
    if (line.endsWith('.')) take(line, ++count)
  }
}
