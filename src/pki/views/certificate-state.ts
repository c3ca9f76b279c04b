import { badge, type Html } from '#platform/ui'
import { isEnding } from '../issue/certificate-list-store.ts'
import type { CertificateRecord } from '../issue/certificate-store.ts'

/** Whether a certificate stands, in a word. */
export function stateBadge(record: CertificateRecord, now: number): Html {
  if (record.revokedAt !== undefined) return badge('bad', 'Revoked')
  if (record.notAfter <= now) return badge('off', 'Ended')
  if (record.notBefore > now) return badge('info', 'Not yet valid')
  // what is served here renews itself
  if (record.host === undefined && isEnding(record, now)) return badge('narrow', 'Ends soon')
  return badge('good', 'Valid')
}
