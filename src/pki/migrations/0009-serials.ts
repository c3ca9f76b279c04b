import type { Migration } from '#platform'

/**
 * A certificate that is shown is found by the serial number it states and then compared by its fingerprint, so that one
 * index serves both: fingerprints are inserted all over theirs, which cost a fifth of storing a certificate. Serial numbers
 * begin with the time of issue from now on, so this one grows at its end.
 */
export const serialsMigration: Migration = {
  id: '0009-serials',
  statements: () => [
    'create unique index pki_certificates_serials on pki_certificates (serial, authority_id)',
    'drop index pki_certificates_serial',
    'drop index pki_certificates_fingerprint',
  ],
}
