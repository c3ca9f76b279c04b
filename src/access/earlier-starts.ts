import { timingSafeEqual } from 'node:crypto'
import type { Ctx, Keyring } from '#platform'
import type { EarlierStarts } from './policy-engine.ts'
import { findReading, keepReading } from './readings-store.ts'
import { isValidated, keepValidated } from './validations-store.ts'

/**
 * What earlier starts left in the database. A reading is authenticated with the digest of what was read, since it stands
 * for the policies themselves: a row that was changed, or is another's, is read anew and replaced.
 */
export function earlierStarts(ctx: Ctx, keyring: Pick<Keyring, 'mac'>): EarlierStarts {
  const macOf = (digest: string, reading: string) => keyring.mac('access.policy-reading', `${digest}\n${reading}`)
  return {
    readings: {
      async find(digest) {
        const row = await findReading(ctx.db, digest)
        if (row === undefined) return undefined
        const expected = macOf(digest, row.reading)
        const given = Buffer.from(row.mac, 'hex')
        return given.length === expected.length && timingSafeEqual(given, expected) ? row.reading : undefined
      },
      keep: (digest, reading) =>
        ctx.tx((inner) => {
          const mac = Buffer.from(macOf(digest, reading)).toString('hex')
          return keepReading(inner.db, { digest, reading, mac, at: inner.now })
        }),
    },
    validated: {
      has: (digest) => isValidated(ctx.db, digest),
      add: (digest) => ctx.tx((inner) => keepValidated(inner.db, digest, inner.now)),
    },
  }
}
