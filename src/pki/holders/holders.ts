import type { AccessFace } from '#access'
import type { Resource } from '#kit'
import type { Ctx, ResourceLoader } from '#platform'
import { ownHolder } from '../clients/own-holder.ts'
import { fail } from '../errors.ts'
import { findHolder, findHolderByName, type StoredHolder } from '../issue/holder-store.ts'
import { isHolderName, makeHolder } from '../issue/holders.ts'
import { revokeAllOf } from '../revoke/revoke.ts'
import type { NewHolderBody } from './contract.ts'
import { listHoldersInOrder, markHolderRemoved, updateHolderTitle } from './holders-store.ts'

type Guard = (now: StoredHolder) => void

/** A device or service that was not removed. @throws GateError `pki.no-such-holder` */
export async function getKnownHolder(ctx: Ctx, id: string): Promise<StoredHolder> {
  const found = await findHolder(ctx.db, id)
  if (found === undefined || found.removedAt !== undefined) {
    throw fail('pki.no-such-holder', { fields: { id: id.slice(0, 80) } })
  }
  return found
}

/**
 * A device or service without a certificate. It may nothing until a role or grant lets it.
 *
 * @throws GateError `pki.holder-invalid`, `pki.holder-name-taken`, by one that was removed too
 */
export async function createHolder(ctx: Ctx, access: AccessFace, body: NewHolderBody): Promise<StoredHolder> {
  const { kind, name, title } = body
  if (!isHolderName(name)) throw fail('pki.holder-invalid')
  return ctx.tx(async (tx) => {
    if ((await findHolderByName(tx.db, kind, name)) !== undefined) {
      throw fail('pki.holder-name-taken', { fields: { kind, name } })
    }
    const { id } = await makeHolder(tx, access, { kind, name, title })
    return getKnownHolder(tx, id)
  })
}

/** Calls it something else. Its name stays: it stands in certificates. @throws GateError `pki.no-such-holder`, `access.outranked` */
export async function renameHolder(
  ctx: Ctx,
  access: AccessFace,
  id: string,
  title: string,
  guard: Guard = () => {},
): Promise<StoredHolder> {
  return ctx.tx(async (tx) => {
    const before = await getKnownHolder(tx, id)
    guard(before)
    await access.requireOutranks(tx, id, `certificate-holders:update:${id}`)
    await updateHolderTitle(tx.db, id, title)
    await tx.audit({
      action: 'certificate-holders.update',
      target: targetOf(before),
      detail: { title, before: before.title },
    })
    return getKnownHolder(tx, id)
  })
}

/**
 * From commit on it is nobody: its certificates are revoked, its roles, memberships and grants are gone, tokens for it
 * fetch nothing. Its name is never used again.
 *
 * @returns how many certificates were revoked
 * @throws GateError `pki.no-such-holder`, `pki.holder-own` for Gatehouse's own, `access.outranked`
 */
export async function removeHolder(ctx: Ctx, access: AccessFace, id: string, guard: Guard = () => {}): Promise<number> {
  return ctx.tx(async (tx) => {
    const holder = await getKnownHolder(tx, id)
    guard(holder)
    if (isOwn(holder)) throw fail('pki.holder-own')
    await access.requireOutranks(tx, id, `certificate-holders:delete:${id}`)
    const certificates = await revokeAllOf(tx, id, 'cessationOfOperation')
    await access.removePrincipal(tx, id)
    await markHolderRemoved(tx.db, id, tx.now)
    const detail = { kind: holder.kind, certificates }
    await tx.audit({ action: 'certificate-holders.delete', target: targetOf(holder), detail })
    return certificates
  })
}

/** Whether it is what Gatehouse itself shows to the apps behind it. */
export function isOwn({ kind, name }: Pick<StoredHolder, 'kind' | 'name'>): boolean {
  return kind === ownHolder.kind && name === ownHolder.name
}

function targetOf({ kind, id, name }: StoredHolder) {
  return { type: kind, id, name }
}

export const holderResources: ResourceLoader = {
  permissionType: 'certificate-holders',
  load: async (id, db) => {
    const found = await findHolder(db, id)
    return found === undefined || found.removedAt !== undefined ? undefined : holderResource(found)
  },
  list: async (db, after, limit) => (await listHoldersInOrder(db, after, limit)).map(holderResource),
}

/** What policies see of a device or service never changes. */
export function holderResource({ id, kind, name }: StoredHolder): Resource {
  return { type: 'Pki::Holder', id, attributes: { kind, name }, revision: 0 }
}
