/** The platform's face: what every room may use. Pages import `#platform/ui`, tests `#platform/testing`. */
export type { AuditEntry, Journal, JournalValue, Refusal, Use } from './audit/audit.ts'
export type { AuditFilter } from './audit/audit-store.ts'
export { type AuditRecord, type ChainedAuditRecord, findAudit, listAudit } from './audit/list.ts'
export { listUses, type UseRecord } from './audit/list-uses.ts'
export { followFrom } from './audit/routes.ts'
export { auditPosition, followAudit } from './audit/tail.ts'
export {
  type AuditHead,
  type AuditVerdict,
  type BrokenRecord,
  type VerifyOptions,
  verifyAudit,
} from './audit/verify.ts'
export { type Clock, type Random, systemClock, systemRandom } from './clock.ts'
export { type CoreConfig, coreConfig } from './config/core.ts'
export type {
  ColumnTypes,
  Database,
  Db,
  Dialect,
  EpochName,
  Migration,
  Queries,
  RoomMigrations,
  TxOptions,
} from './db/database.ts'
export { prepared } from './db/dialect.ts'
export { isReferenceViolation, isUniqueViolation } from './db/failures.ts'
export { type FixedQuery, fixedQuery } from './db/fixed-query.ts'
export { tables, touch } from './db/handle.ts'
export { closeness, contains } from './db/search.ts'
export { createEgress, type EgressSettings } from './egress/create-egress.ts'
export type { Egress, EgressOptions, EgressResponse } from './egress/egress.ts'
export {
  type ErrorRow,
  type ErrorTable,
  errorsOf,
  type FieldFault,
  GateError,
  type GateErrorOptions,
} from './errors.ts'
export type { Announcement, EventDeclaration, EventTable } from './events/announcement.ts'
export {
  countDeadEvents,
  deleteEvent as dropEvent,
  findDeadEvent,
  pageOfDeadEvents,
  retryDeadEvent,
  type StoredEvent,
  setEventReader,
} from './events/outbox-store.ts'
export { refusedForm, refusedInputOf } from './http/bad-input.ts'
export { serializeCookie } from './http/cookies.ts'
export { type CursorPosition, type CursorQuery, decodeCursor, encodeCursor } from './http/cursor.ts'
export { lastEventId, type SentEvent } from './http/event-streams.ts'
export { doors, lateRoutes, wholeRoute } from './http/late-routes.ts'
export { type PageOpenerParts, pageOpener } from './http/page-opener.ts'
export { requireUnchanged, revisionTag } from './http/precondition.ts'
export { Refused } from './http/problem.ts'
export {
  type AnyRoute,
  consistencyHeader,
  type Door,
  type Input,
  type RefusedInput,
  type RejectedForm,
  type Reply,
  type RequestView,
  type Route,
  type RouteAccess,
  type RouteHead,
  type RouteSpec,
  route,
  type SetCookie,
} from './http/route.ts'
export { forgetLease } from './jobs/job-store.ts'
export { fileSeal } from './keyring/file-seal.ts'
export type { Keyring, Place, Seal } from './keyring/keyring.ts'
export { type KeyringOptions, type OpenKeyring, openKeyring } from './keyring/open-keyring.ts'
export { createListener, type ListenerOptions } from './listener/create-listener.ts'
export { type CertificateOutcome, endsSoon } from './listener/file-certificates.ts'
export { clientBehind } from './listener/forwarded-for.ts'
export { cachedHost, canonicalHost } from './listener/host-name.ts'
export type {
  CertificateSource,
  ClientCertificate,
  Listener,
  ServedHandler,
  ServedRequest,
  ServedResponse,
  StartedListener,
  UpgradeHandler,
} from './listener/listener.ts'
export { createLog, jsonText, type Log, type LogFields, type LogOptions } from './log.ts'
export { bodyPassed } from './memory.ts'
export { createMetrics, type Metrics } from './metrics.ts'
export { OngoingFaults } from './ongoing-faults.ts'
export { consoleOrigin, originOf } from './origin.ts'
export { isSecretName, pathOnly } from './redact.ts'
export { openRegions, type Regions } from './regions/regions.ts'
export {
  type AnyRoom,
  type AppLink,
  type AppLinks,
  type Authenticator,
  type Authorize,
  type Contributions,
  type Ctx,
  type DecisionContext,
  defineRoom,
  type Explain,
  type Faces,
  type ForeAnswer,
  type ForeCheck,
  type Found,
  type FreshProof,
  type HeldCredential,
  type InNetworks,
  type Job,
  type Kernel,
  type NavigationEntry,
  type NavigationGroup,
  type Notice,
  type Opened,
  type Pending,
  type PendingList,
  type PermissionType,
  type PolicyContribution,
  type ProofPurpose,
  type ResourceLoader,
  type Room,
  type SearchAction,
  type SearchSource,
  type SetupStep,
  type Shell,
  type ShellPage,
  type SignInCredential,
  type SignInCredentials,
  type UpstreamKind,
} from './room/contract.ts'
export type {
  GatewayAnswer,
  GatewayAuthenticator,
  GatewayDenial,
  GatewayPresented,
  GatewayProof,
} from './room/gateway-authenticator.ts'
export { loadMany } from './room/load-many.ts'
export {
  type AnyStateKind,
  givenFields,
  type StateChange,
  type StateFault,
  type StateFields,
  type StateItem,
  type StateKind,
  type StatePath,
  type StateReference,
  type StateSecret,
  type StateStage,
  type StateStep,
  type StateSteps,
  type StateSurroundings,
  sortedTexts,
  stateFaults,
  stateKind,
  stateStages,
  stateStep,
} from './room/state.ts'
export { noOtherThreads, type Threads } from './threads/threads.ts'
