import { type Ctx, type Keyring, touch } from '#platform'
import { allKeys, insertKey, removeKeys } from './key-store.ts'
import { endedKeys, makeKey } from './keys.ts'

/** A key signs for this long before the job makes the next one. */
const keyLifeMs = 30 * 86_400_000

/**
 * Publishes a new key beside the ones in use and forgets those whose last assertion has ended. The new one signs once it
 * has been published long enough; until every assertion of the old one has ended, both verify.
 */
export function rotateKey(keyring: Keyring, ctx: Ctx): Promise<string> {
  const key = makeKey(keyring, ctx.now)
  return ctx.tx(async (inner) => {
    const before = await allKeys(inner.db)
    await insertKey(inner.db, key)
    const ended = endedKeys(before, inner.now).map(({ id }) => id)
    await removeKeys(inner.db, ended)
    touch(inner.db, 'routes')
    await inner.audit({
      action: 'assertion-keys.rotate',
      target: { type: 'assertion-key', id: key.id },
      detail: { forgotten: ended },
    })
    return key.id
  })
}

/** The first start makes the first key. */
export async function ensureKey(keyring: Keyring, ctx: Ctx): Promise<void> {
  if ((await allKeys(ctx.db)).length === 0) await rotateKey(keyring, ctx)
}

/** The job: a new key when the newest has signed long enough. */
export async function renewKey(keyring: Keyring, ctx: Ctx): Promise<void> {
  const newest = (await allKeys(ctx.db)).at(-1)
  if (newest === undefined || newest.createdAt + keyLifeMs <= ctx.now) await rotateKey(keyring, ctx)
}
