import { writeSync } from 'node:fs'
import { testContext } from '#platform/testing'
import { systemClock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Place } from '../testing/databases.ts'
import { openPostgres } from './postgres.ts'
import { openSqlite } from './sqlite.ts'

// The child of kill.test.ts: writes records, eight at a time, and prints each id once it is acknowledged; every other lane
// asks for no sync of its own.
const place = JSON.parse(process.argv[2] ?? '') as Place
const round = process.argv[3] ?? ''
const silent: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
  plain: () => {},
}
const common = { clock: systemClock, log: silent }
const database =
  place.dialect === 'sqlite'
    ? await openSqlite({ path: place.path, ...common })
    : await openPostgres({ url: place.url, ...common })
const ctx = testContext({ database, clock: systemClock })

async function writeOn(lane: number): Promise<never> {
  for (let index = 0; ; index++) {
    const id = `${round}/${lane}/${index}.`
    const durableWithNext = lane % 2 === 1
    await ctx.tx((inner) => inner.audit({ action: 'a.b', target: { type: 'thing', id } }), { durableWithNext })
    writeSync(1, `${id}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, lane) => writeOn(lane)))
