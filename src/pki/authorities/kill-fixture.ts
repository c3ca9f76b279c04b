import { type Database, fileSeal, openKeyring, systemClock, systemRandom } from '#platform'
import { makeContext, memoryLog, openPlace, type Place } from '#platform/testing'
import { importAuthority } from './imports.ts'
import { disconnectKey, exportRootKey } from './key-export.ts'
import { activateAuthority, retireAuthority, revokeAuthority } from './lifecycle.ts'
import { partsOn } from './testing.ts'

// The child of kill.test.ts: does one thing to the authorities and dies by SIGKILL at the boundary named.

export type Boundary = 'before-commit' | 'after-commit'
export type Step = 'activate' | 'retire' | 'revoke' | 'import' | 'export' | 'disconnect'

export interface Orders {
  readonly place: Place
  readonly sealKey: string
  readonly step: Step
  readonly boundary: Boundary
  /** The authority it is about. */
  readonly id: string
  readonly digest: string
  /** PEM. */
  readonly certificate: string
}

const orders = JSON.parse(process.argv[2] ?? '') as Orders
const { place, step, boundary, id } = orders
const log = memoryLog()
const database = await openPlace(place, { clock: systemClock, log })
const keyring = await openKeyring({
  database,
  seal: fileSeal(orders.sealKey),
  random: systemRandom,
  clock: systemClock,
})

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** Every write has been made when it dies before the commit; when it dies after, nobody has been told. */
const dying: Database['tx'] = async (work) => {
  const done = await database.tx(async (db) => {
    const value = await work(db)
    if (boundary === 'before-commit') die()
    return value
  })
  if (boundary === 'after-commit') die()
  return done
}

const ctx = makeContext({
  database: { ...database, db: database.db, tx: dying },
  clock: systemClock,
  random: systemRandom,
  actor: { principal: { kind: 'system', id: 'system', name: 'system' } },
  requestId: 'req_test',
  signal: new AbortController().signal,
})
const parts = partsOn({ database, keyring, log })

const steps: Readonly<Record<Step, () => Promise<unknown>>> = {
  activate: () => activateAuthority(ctx, parts, id),
  retire: () => retireAuthority(ctx, parts, id),
  revoke: () => revokeAuthority(ctx, parts, id, 'keyCompromise'),
  import: () => importAuthority(ctx, parts, { certificate: orders.certificate, chain: '' }),
  export: () => exportRootKey(ctx, parts, id, 'granite harbour willow'),
  disconnect: () => disconnectKey(ctx, parts, id, orders.digest),
}
await steps[step]()
