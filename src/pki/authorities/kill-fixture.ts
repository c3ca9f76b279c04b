import { type Database, fileSeal, openKeyring, systemRandom } from '#platform'
import { fakeClock, makeContext, memoryLog, openPlace, type Place } from '#platform/testing'
import { createIntermediate, createStandbyRoot } from './create.ts'
import { importAuthority } from './imports.ts'
import { disconnectKey, exportRootKey, reconnectKey } from './key-export.ts'
import { activateAuthority, retireAuthority, revokeAuthority } from './lifecycle.ts'
import { importSigned, requestAuthority } from './requests.ts'
import { rollDue } from './rollover.ts'
import { partsOn } from './testing.ts'

// The child of kill.test.ts: does one thing to the authorities and dies by SIGKILL at the boundary named.

export type Boundary = 'before-commit' | 'after-commit'
export type Step =
  | 'make'
  | 'make-root'
  | 'activate'
  | 'retire'
  | 'revoke'
  | 'import'
  | 'request'
  | 'import-signed'
  | 'export'
  | 'disconnect'
  | 'reconnect'
  | 'roll-make'
  | 'roll-over'

export interface Orders {
  readonly place: Place
  readonly sealKey: string
  readonly step: Step
  readonly boundary: Boundary
  /** When it is. */
  readonly now: number
  /** The authority it is about, or the request. */
  readonly id: string
  /** Of `key`. */
  readonly digest: string
  /** PEM: what is taken in. */
  readonly certificate: string
  /** PEM, under `passphrase`: the key of the first root. */
  readonly key: string
  readonly passphrase: string
}

const orders = JSON.parse(process.argv[2] ?? '') as Orders
const { place, step, boundary, id, certificate, key, passphrase } = orders
const clock = fakeClock(orders.now)
const log = memoryLog()
const database = await openPlace(place, { clock, log })
const keyring = await openKeyring({
  database,
  seal: fileSeal(orders.sealKey),
  random: systemRandom,
  clock,
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
  clock,
  random: systemRandom,
  actor: { principal: { kind: 'system', id: 'system', name: 'system' } },
  requestId: 'req_test',
  signal: new AbortController().signal,
})
const parts = partsOn({ database, keyring, log })

const steps: Readonly<Record<Step, () => Promise<unknown>>> = {
  make: () => createIntermediate(ctx, parts, { line: 'servers', algorithm: 'P-256' }),
  'make-root': () => createStandbyRoot(ctx, parts, 'P-256'),
  activate: () => activateAuthority(ctx, parts, id),
  retire: () => retireAuthority(ctx, parts, id),
  revoke: () => revokeAuthority(ctx, parts, id, 'keyCompromise'),
  import: () => importAuthority(ctx, parts, { certificate, chain: '' }),
  request: () => requestAuthority(ctx, parts, { line: 'servers', algorithm: 'P-256' }),
  'import-signed': () => importSigned(ctx, parts, id, { certificate, chain: '' }),
  export: () => exportRootKey(ctx, parts, id, passphrase),
  disconnect: () => disconnectKey(ctx, parts, id, orders.digest),
  reconnect: () => reconnectKey(ctx, parts, id, { key, passphrase }),
  'roll-make': () => rollDue(ctx, parts, parts.hierarchy),
  'roll-over': () => rollDue(ctx, parts, parts.hierarchy),
}
await steps[step]()
