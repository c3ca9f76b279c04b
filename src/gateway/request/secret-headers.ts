import type { Secret } from '#kit'
import { type Ctx, type Db, GateError, type Keyring, touch } from '#platform'
import { fail } from '../errors.ts'
import { replaceRoute } from '../route-store.ts'
import type { GatewayRoute } from '../routing/table.ts'
import { canonicalName, nameFault, valueFault } from './header-names.ts'
import { putSealedHeader, removeSealedHeader, type SealedHeader, sealedHeadersOf } from './secret-store.ts'

/** At most this many of a route. */
const most = 20

/** What anybody is told of one: that it is there. */
export interface SecretHeader {
  readonly name: string
  readonly setAt: number
}

/** A route's, by name. */
export async function listSecretHeaders(db: Db, routeId: string): Promise<readonly SecretHeader[]> {
  return (await sealedHeadersOf(db, routeId)).map(({ name, setAt }) => ({ name, setAt }))
}

/**
 * Lets the app get a header with a value that nobody is shown again. It is sealed before it reaches the database, and the
 * route counts as changed.
 *
 * @param route as it stands; read in the same transaction
 * @throws GateError `gateway.header-refused`, `gateway.too-many-secret-headers`, `gateway.revision-stale`
 */
export async function setSecretHeader(
  keyring: Pick<Keyring, 'seal'>,
  tx: Ctx,
  route: GatewayRoute,
  header: string,
  value: Secret,
): Promise<void> {
  const name = header.toLowerCase()
  const fault = nameFault(header) ?? valueFault(value.reveal())
  if (fault !== undefined) throw fail('gateway.header-refused', { fields: { name, fault } })
  const others = (await sealedHeadersOf(tx.db, route.id)).filter((one) => one.name !== name)
  if (others.some((other) => canonicalName(other.name) === canonicalName(name))) {
    throw fail('gateway.header-refused', { fields: { name, fault: 'is there already in another spelling' } })
  }
  if (others.length >= most) throw fail('gateway.too-many-secret-headers')
  const sealed = keyring.seal(Buffer.from(value.reveal()), placeOf(route.id, name))
  await putSealedHeader(tx.db, { routeId: route.id, name, sealed, setAt: tx.now })
  await noteChange(tx, route, 'routes.set-secret-header', name)
}

/** @throws GateError `gateway.secret-header-unknown`, `gateway.revision-stale` */
export async function clearSecretHeader(tx: Ctx, route: GatewayRoute, header: string): Promise<void> {
  const name = header.toLowerCase()
  if (!(await removeSealedHeader(tx.db, route.id, name))) throw fail('gateway.secret-header-unknown')
  await noteChange(tx, route, 'routes.clear-secret-header', name)
}

async function noteChange(tx: Ctx, route: GatewayRoute, action: string, name: string): Promise<void> {
  const changed = { ...route, updatedAt: tx.now, revision: route.revision + 1 }
  if (!(await replaceRoute(tx.db, changed))) throw fail('gateway.revision-stale')
  touch(tx.db, 'routes')
  await tx.audit({ action, target: { type: 'route', id: route.id, name: route.name }, detail: { header: name } })
}

export interface OpenedHeaders {
  /** Values by name. */
  readonly values: ReadonlyMap<string, string>
  /** Names of those that were changed outside Gatehouse and open no more: without them nothing may reach the app. */
  readonly damaged: readonly string[]
}

/** A route's, opened. */
export function openSecretHeaders(
  keyring: Pick<Keyring, 'open'>,
  sealedHeaders: readonly SealedHeader[],
): OpenedHeaders {
  const values = new Map<string, string>()
  const damaged: string[] = []
  for (const { routeId, name, sealed } of sealedHeaders) {
    try {
      values.set(name, Buffer.from(keyring.open(sealed, placeOf(routeId, name))).toString('latin1'))
    } catch (error) {
      if (!(error instanceof GateError) || error.code !== 'platform.sealed-value-damaged') throw error
      damaged.push(name)
    }
  }
  return { values, damaged }
}

function placeOf(routeId: string, name: string) {
  return { table: 'gateway_secret_headers', column: 'sealed', row: `${routeId} ${name}` }
}
