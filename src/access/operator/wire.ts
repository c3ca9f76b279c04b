import type { z } from 'zod'
import type { PolicyDifferenceRow, PolicyVersionRow } from '../tables.ts'
import type {
  accessChange,
  dryRunResult,
  policy,
  policyDifference,
  policyInList,
  policyNote,
  policyStatement,
  policyVersion,
} from './contract.ts'
import type { AccessChange, DryRun } from './dry-run.ts'
import type { PolicyWithText } from './policies-store.ts'
import type { CheckedStatement, CheckedText } from './policy-check.ts'
import type { TextFault } from './policy-text.ts'

const time = (milliseconds: number) => new Date(milliseconds).toISOString()

export function policyInListJson(row: PolicyWithText): z.infer<typeof policyInList> {
  const { id, name, title, state, version, revision } = row
  const saved = { author: row.author_name, reason: row.reason, savedAt: time(row.saved_at) }
  const times = { createdAt: time(row.created_at), updatedAt: time(row.updated_at) }
  return { id, name, title, state, version, revision, ...saved, ...times }
}

export function policyJson(row: PolicyWithText, checked: CheckedText): z.infer<typeof policy> {
  return {
    ...policyInListJson(row),
    text: row.text,
    statements: checked.statements.map(statementJson),
    faults: checked.faults.map(noteJson),
    warnings: checked.warnings.map(noteJson),
  }
}

export function versionJson(row: PolicyVersionRow): z.infer<typeof policyVersion> {
  const { version, text, reason } = row
  return { version, text, author: { id: row.author_id, name: row.author_name }, reason, at: time(row.at) }
}

export function differenceJson(row: PolicyDifferenceRow): z.infer<typeof policyDifference> {
  return {
    principal: { id: row.principal_id, name: row.principal_name },
    permission: row.permission,
    resource: row.resource_type === '' ? null : { type: row.resource_type, id: row.resource_id },
    would: row.would,
    count: row.count,
    firstAt: time(row.first_at),
    lastAt: time(row.last_at),
  }
}

export function dryRunJson(result: DryRun, checked: CheckedText): z.infer<typeof dryRunResult> {
  const { lockOut, own, changes, ...counts } = result
  return {
    statements: checked.statements.map(statementJson),
    warnings: checked.warnings.map(noteJson),
    ...counts,
    lockOut: lockOut ?? null,
    own: own ?? null,
    changes: changes.map(changeJson),
  }
}

function statementJson({ id, effect, line, policy }: CheckedStatement): z.infer<typeof policyStatement> {
  return { id, effect, line, text: policy.text }
}

function noteJson({ line, column, message, help }: TextFault): z.infer<typeof policyNote> {
  return { line, column, message, help: help ?? null }
}

function changeJson({ resource, address, ...change }: AccessChange): z.infer<typeof accessChange> {
  return { ...change, resource: resource ?? null, address: address ?? null }
}
