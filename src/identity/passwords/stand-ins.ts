import type { Database, Keyring, Log } from '#platform'
import { countPasswordForms } from '../credentials/credential-store.ts'
import { readStoredHash } from './stored-hash.ts'

/** So many minutes pass before everything is counted again although nothing changed here: other nodes make accounts too. */
const countedEvery = 60

/**
 * What a password is verified against where there is none, of an unknown handle or an account without a password. Hashes
 * brought from elsewhere take another time than our own until their owners sign in, which would tell that those
 * accounts exist. So as large a part of all other handles takes that time too: which of them, a keyed hash of the handle says,
 * the same for each until the part changes. A handle that takes that time is then as likely to be nobody's as any other.
 */
export interface StandIns {
  /** A hash that no password gives; none where our own is computed. */
  of(handle: string): readonly string[]
  /** Hashes from elsewhere came or went: counted again at the next minute. */
  changed(): void
  /** Counts anew, in one query. */
  count(): Promise<void>
  /** Called every minute; a failure is logged, and what was counted before goes on. */
  everyMinute(): Promise<void>
}

interface Part {
  /** Up to here, of 1: the parts lie one after another. */
  readonly end: number
  readonly standIn: string
}

export function createStandIns(
  database: Pick<Database, 'db'>,
  keyring: Pick<Keyring, 'mac'>,
  log: Pick<Log, 'warn'>,
): StandIns {
  let parts: readonly Part[] = []
  let isDue = false
  let minutes = 0

  const count = async () => {
    isDue = false
    parts = partsOf(await countPasswordForms(database.db))
  }
  return {
    of(handle) {
      if (parts.length === 0) return []
      const place = Buffer.from(keyring.mac('identity.no-password', handle)).readUIntBE(0, 6) / 2 ** 48
      const part = parts.find(({ end }) => place < end)
      return part === undefined ? [] : [part.standIn]
    },
    changed() {
      isDue = true
    },
    count,
    async everyMinute() {
      minutes += 1
      if (!isDue && minutes % countedEvery !== 0) return
      try {
        await count()
      } catch (error) {
        isDue = true
        log.warn({ err: error }, 'passwords from elsewhere could not be counted')
      }
    },
  }
}

/** @param forms how many passwords have hashes that begin so */
function partsOf(forms: readonly { readonly form: string; readonly count: number }[]): readonly Part[] {
  const hashes = forms.filter(({ form }) => form.startsWith('$'))
  const total = hashes.reduce((sum, one) => sum + one.count, 0)
  let before = 0
  return hashes.flatMap(({ form, count }) => {
    // salt and digest of zeros: it costs what its form says
    const standIn = `${form}${'.'.repeat(53)}`
    if (readStoredHash(standIn)?.kind !== 'bcrypt') return []
    before += count
    return [{ end: before / total, standIn }]
  })
}
