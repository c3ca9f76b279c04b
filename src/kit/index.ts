/** Pure building blocks: no clock, no randomness, no input or output. */
export {
  type Actor,
  type ActorCredential,
  type ActorSession,
  type Assurance,
  type AttributeValue,
  anonymous,
  type CredentialLimits,
  type Decision,
  type DecisionStep,
  decisionSteps,
  type EntityRef,
  type PrincipalKind,
  type PrincipalRef,
  type Resource,
  type ResourceMembers,
} from './actor.ts'
export { bytesText, parseBytes } from './bytes.ts'
export { clientName } from './client-name.ts'
export { countriesIn, countryCodes, countryName, countryNames, isCountry } from './countries.ts'
export { parseDuration } from './duration.ts'
export { isId, prefixedId } from './ids.ts'
export { addressNetwork, type Cidr, canonicalAddress, inCidrs, networkFault, parseAddress, parseCidr } from './ip.ts'
export { askedIn, type Confirmed, type LimitQuestion, limitQuestions, questionsIn } from './limit-questions.ts'
export {
  earliest,
  type LimitFault,
  limitFaults,
  limitNetworkFault,
  limitsWithin,
  narrowedBy,
  noLimits,
  throughOf,
} from './limits.ts'
export {
  allWithin,
  anyCovers,
  covers,
  encodeSegment,
  isSubset,
  isWithin,
  maxIdSegments,
  maxPermissionLength,
  type Permission,
  type PermissionPattern,
  parsePattern,
  parsePermission,
  permissionText,
} from './permission.ts'
export { Secret } from './secret.ts'
export { systemReason } from './system-error.ts'
export { isSmallOrderPoint, weaknessOfModulus } from './weak-keys.ts'
