import { authorityPath } from '../authorities/authority-profiles.ts'
import { distributionPoint, ocspAddress } from '../revoke/distribution.ts'
import type { Pointers } from './leaf.ts'

/** @param base `PkiSettings.distribution()`; `undefined` while there is no address */
export function pointersUnder(base: string | undefined, authorityId: string, serial: string): Pointers | undefined {
  if (base === undefined) return undefined
  return {
    crl: distributionPoint(base, authorityId, serial),
    ocsp: ocspAddress(base),
    issuer: `${base}${authorityPath(authorityId)}`,
  }
}
