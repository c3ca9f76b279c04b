import type { Resource } from '#kit'
import type { Db } from '../db/database.ts'
import type { ResourceLoader } from './contract.ts'

/** Things by id, as the loader finds each: in one read where it can. Those that do not exist are left out. */
export async function loadMany(
  loader: ResourceLoader,
  ids: readonly string[],
  db: Db,
): Promise<ReadonlyMap<string, Resource>> {
  if (ids.length === 0) return new Map()
  if (loader.loadMany !== undefined) return loader.loadMany(ids, db)
  const found = new Map<string, Resource>()
  for (const id of ids) {
    const resource = await loader.load(id, db)
    if (resource !== undefined) found.set(id, resource)
  }
  return found
}
