import { z } from 'zod'
import { fingerprint } from './issue/contract.ts'

export {
  type AuthorityRequestView,
  type AuthorityView,
  activatedView,
  authorityList,
  authorityRequestBody,
  authorityRequestList,
  authorityRequestView,
  authorityView,
  createAuthorityBody,
  disconnectKeyBody,
  exportedKeyView,
  exportKeyBody,
  importAuthorityBody,
  keyAlgorithms,
  reconnectKeyBody,
  retiredView,
  revokeAuthorityBody,
  signedBody,
} from './authorities/contract.ts'
export {
  createdEnrolmentToken,
  type EnrolmentTokenJson,
  enrolmentToken,
  enrolmentTokenList,
  enrolmentTokenParams,
  enrolmentTokenQuery,
  type NewEnrolmentTokenBody,
  newEnrolmentTokenBody,
} from './enrol/contract.ts'
export {
  type HolderDetail,
  type HolderView,
  holderDetail,
  holderList,
  holderPatch,
  holderQuery,
  holderView,
  newHolderBody,
} from './holders/contract.ts'
export {
  batchBody,
  type Certificate,
  type CertificateList,
  type CertificateQuery,
  type CertificateRead,
  certificate,
  certificateList,
  certificateParams,
  certificateQuery,
  certificateRead,
  certificateStates,
  type IssueBody,
  type IssuedBatch,
  type IssuedView,
  type IssuedWithKey,
  issueBody,
  issuedBatch,
  issuedView,
  issuedWithKey,
  type NewProfileBody,
  newProfileBody,
  type ProfilePatch,
  type ProfileView,
  profileList,
  profileParams,
  profilePatch,
  profileView,
  resetBody,
  resetView,
} from './issue/contract.ts'
export {
  importedListView,
  importListBody,
  listRequestView,
  revokeAllBody,
  revokeBody,
  revokedAllView,
  revokedView,
  revokeOwnBody,
} from './revoke/contract.ts'
export { fetchRootCommand, type TrustStep, trustSteps } from './trust.ts'

const instant = z.iso.datetime()

/** `GET /api/v1/certificate-authorities/root` */
export const rootAuthority = z.object({
  name: z.string(),
  fingerprint,
  notAfter: instant,
  pem: z.string(),
  origin: z.string().describe('Where the console is reached, and `/ca.pem` fetched.'),
})
export type RootAuthority = z.infer<typeof rootAuthority>
