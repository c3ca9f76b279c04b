import { writeSync } from 'node:fs'
import { memoryLog, openPlace, type Place } from '#platform/testing'
import { systemClock, systemRandom } from '../clock.ts'
import { openJournal } from './journal.ts'
import { fakeKeyring, refusalOf, useOf } from './spool-cases.ts'

// The child of spool.test.ts: refusals and uses one after the other, and prints the name of each once it is safe.
const place = JSON.parse(process.argv[2] ?? '') as Place
const [directory = '', round = ''] = process.argv.slice(3)
const log = memoryLog()
const database = await openPlace(place, { clock: systemClock, log })
const spool = { directory, keyring: fakeKeyring }
const journal = openJournal({ database, clock: systemClock, random: systemRandom, log, spool })
for (let index = 0; index < 400; index++) {
  const name = `${round}-${index}`
  journal.refused(refusalOf(name))
  journal.used(useOf(name))
  await journal.flush().catch(() => undefined)
  writeSync(1, `${name}.\n`)
}
// it is killed, however late the test reads the line at which it does so
setTimeout(() => undefined, 600_000)
