import type { ExpressionBuilder } from 'kysely'
import { contains, type Db, tables } from '#platform'
import type { PkiTables } from '../tables.ts'
import { type CertificateRecord, recordColumns, recordOf } from './certificate-store.ts'

const searched = ['names', 'subject', 'serial', 'label'] as const

/** What a list shows; what is absent leaves none out. */
export interface CertificateFilter {
  /** In a name, the subject, the serial number or the label; lower case. */
  readonly text?: string | undefined
  readonly profile?: string | undefined
  /** `ending`: valid, with less than 30 days and less than a quarter of its life left. */
  readonly state?: 'valid' | 'ending' | 'ended' | 'revoked' | undefined
  readonly holder?: string | undefined
  /** The principal that asked for it. */
  readonly asker?: string | undefined
  /** No others than with these ids. */
  readonly only?: readonly string[] | undefined
}

/** From how much life left on a certificate counts as ending, at most. */
const endingMs = 30 * 86_400_000
/** And when less than one part of so many of its life is left: who renews in time never gets there. */
const endingShare = 4

/** Whether a certificate ends soon. */
export function isEnding(
  { notBefore, notAfter }: Pick<CertificateRecord, 'notBefore' | 'notAfter'>,
  now: number,
): boolean {
  return notAfter - now <= Math.min(endingMs, (notAfter - notBefore) / endingShare)
}

/** The second half of that, in SQL: (end - now) * share <= end - begin. */
function isInLastShare(now: number) {
  return (eb: ExpressionBuilder<Pick<PkiTables, 'pki_certificates'>, 'pki_certificates'>) =>
    eb(
      eb(eb('pki_certificates.not_after', '*', endingShare - 1), '+', eb.ref('pki_certificates.not_before')),
      '<=',
      now * endingShare,
    )
}

/** Where a list goes on: behind this certificate. */
export type CertificatePosition = Pick<CertificateRecord, 'id' | 'notAfter'>

/**
 * Newest first; `ending` the next to end first, `ended` what ended last first, so that an index ends each search after a
 * page of rows.
 *
 * @param after the last one already shown
 */
export async function listCertificates(
  db: Db,
  filter: CertificateFilter,
  after: CertificatePosition | undefined,
  limit: number,
  now: number,
): Promise<readonly CertificateRecord[]> {
  const { text, profile, state, holder, asker, only } = filter
  let rows = tables<PkiTables>(db).selectFrom('pki_certificates').select(recordColumns).limit(limit)
  if (state === 'ending' || state === 'ended') {
    const [direction, behind] = state === 'ending' ? (['asc', '>'] as const) : (['desc', '<'] as const)
    rows = rows.orderBy('not_after', direction).orderBy('id', direction)
    if (after !== undefined)
      rows = rows.where((eb) => eb(eb.refTuple('not_after', 'id'), behind, eb.tuple(after.notAfter, after.id)))
  } else {
    // ids begin with the time of their making, so their order is the order of issue
    rows = rows.orderBy('id', 'desc')
    if (after !== undefined) rows = rows.where('id', '<', after.id)
  }
  const isTextAlone = [profile, state, holder, asker, only].every((one) => one === undefined)
  if (text !== undefined) rows = rows.where(holds(db, text, isTextAlone ? { after, limit } : undefined))
  if (profile !== undefined) rows = rows.where('profile', '=', profile)
  if (holder !== undefined) rows = rows.where('holder_id', '=', holder)
  if (asker !== undefined) rows = rows.where('asked_by', '=', asker)
  if (only !== undefined) rows = rows.where('id', 'in', only)
  if (state === 'revoked') rows = rows.where('revoked_at', 'is not', null)
  else if (state !== undefined) rows = rows.where('revoked_at', 'is', null)
  if (state === 'ended') rows = rows.where('not_after', '<=', now)
  else if (state === 'valid' || state === 'ending') rows = rows.where('not_after', '>', now)
  if (state === 'ending') rows = rows.where('not_after', '<=', now + endingMs).where(isInLastShare(now))
  return (await rows.execute()).map(recordOf)
}

interface TextPage {
  readonly after: CertificatePosition | undefined
  readonly limit: number
}

/**
 * SQLite looks through the index of the texts alone, a tenth of the table, and nobody else is served meanwhile. PostgreSQL
 * has no such index, since names may be longer than its entries, and looks through the table.
 *
 * @param page where nothing else narrows the list: no more than a page need be found
 */
function holds(db: Db, text: string, page: TextPage | undefined) {
  return (eb: ExpressionBuilder<Pick<PkiTables, 'pki_certificates'>, 'pki_certificates'>) => {
    if (db.dialect === 'postgres') return contains(searched, text)
    let found = eb.selectFrom('pki_certificates').select('id').where(contains(searched, text))
    if (page !== undefined) found = found.orderBy('id', 'desc').limit(page.limit)
    const { after } = page ?? {}
    if (after !== undefined) found = found.where('id', '<', after.id)
    return eb('id', 'in', found)
  }
}

/** A certificate that ends soon. */
export interface Ending {
  readonly id: string
  readonly subject: string
  readonly profile: string
  readonly notAfter: number
}

/**
 * Those that stand, end by then with little of their life left, and have no successor that stands, the first to end first; those whose key is here are
 * left out, since they are renewed here.
 */
export async function endingUnrenewed(
  db: Db,
  now: number,
  until: number,
  holder: string | undefined,
  limit: number,
): Promise<readonly Ending[]> {
  let query = tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select(['id', 'subject', 'profile', 'not_after'])
    .where('not_after', '>', now)
    .where('not_after', '<=', until)
    .where(isInLastShare(now))
    .where('revoked_at', 'is', null)
    .where('sealed_key', 'is', null)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('pki_certificates as s')
            .select('s.id')
            .whereRef('s.renewed_from', '=', 'pki_certificates.id')
            .where('s.revoked_at', 'is', null),
        ),
      ),
    )
  if (holder !== undefined) query = query.where('holder_id', '=', holder)
  const rows = await query.orderBy('not_after').orderBy('id').limit(limit).execute()
  return rows.map(({ id, subject, profile, not_after: notAfter }) => ({ id, subject, profile, notAfter }))
}

/** Of those that have not ended: how many stand, end soon, are revoked. Each by an index: there may be many. */
export async function countCertificates(
  db: Db,
  now: number,
  soon: number,
): Promise<Readonly<Record<'valid' | 'ending' | 'revoked', number>>> {
  const all = tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select(({ fn }) => fn.countAll<number>().as('count'))
  const standing = all.where('not_after', '>', now)
  const count = async (query: typeof all): Promise<number> => Number((await query.executeTakeFirst())?.count ?? 0)
  // a sum, which no index has: else SQLite goes through all that stand, and not through the few that are revoked
  const notEnded = all.where((eb) => eb(eb('not_after', '+', 0), '>', now))
  const revoked = await count(notEnded.where('revoked_at', 'is not', null))
  const ending = standing.where('not_after', '<=', soon).where(isInLastShare(now)).where('revoked_at', 'is', null)
  return { valid: (await count(standing)) - revoked, ending: await count(ending), revoked }
}
