import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../clock.ts'
import { memoryLog } from '../testing/log.ts'
import { tables, touch } from './handle.ts'
import { openSqlite } from './sqlite.ts'
import { ThreadMemory } from './thread-memory.ts'

/** Adds one to a counter, read and written apart, as often as told: what another thread wrote between is lost. */
const { path, memory, times } = workerData as { path: string; memory: SharedArrayBuffer; times: number }
const database = await openSqlite({ path, clock: systemClock, log: memoryLog(), threads: new ThreadMemory(memory) })
for (let count = 0; count < times; count += 1) {
  await database.tx(async (db) => {
    const { rows } = await tables(db).raw<{ readonly n: number }>('select n from counter', [])
    await new Promise((resolve) => setImmediate(resolve))
    await tables(db).raw('update counter set n = ?', [(rows[0]?.n ?? 0) + 1])
    touch(db, 'access')
  })
}
await database.close()
parentPort?.postMessage('done')
