/** What the platform's own API speaks, for the command line. No Node imports. */
export {
  type AuditRecordJson,
  auditList,
  auditQuery,
  auditRecord,
  chainPage,
  useList,
  verdict,
  verifyBody,
} from './audit/contract.ts'
export { inWords } from './http/input-words.ts'
export { type ReloadReportJson, reloadReport } from './reload-contract.ts'
