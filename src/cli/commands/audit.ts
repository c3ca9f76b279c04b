import { isId, parseDuration } from '#kit'
import { type AuditRecordJson, auditList } from '#platform/contract'
import { findAccount } from '../account-lookup.ts'
import { connect } from '../client.ts'
import { wrongUsage } from '../failure.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { print } from '../terminal.ts'
import { table, time } from '../text.ts'

export interface AuditListOptions extends TargetOptions {
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly outcome?: string
  readonly since?: string
  readonly until?: string
  readonly limit: string
}

export async function listRecords(options: AuditListOptions): Promise<void> {
  if (options.outcome !== undefined && !['done', 'refused'].includes(options.outcome)) {
    throw wrongUsage('--outcome takes done or refused.')
  }
  const client = await connect(options)
  const query = {
    actor: options.actor === undefined ? undefined : await principalId(options.actor),
    action: options.action,
    targetId: options.target,
    outcome: options.outcome,
    from: instant(options.since),
    to: instant(options.until),
  }
  const list = await fetchAll(client, '/api/v1/audit-records', auditList, query, options.limit)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'Nothing of this kind in the journal.'
      : table(['WHEN', 'WHO', 'WHAT', 'TO WHAT', 'TIMES', 'WHY OR HOW'], list.items.map(row)) + list.more,
  )

  async function principalId(text: string): Promise<string> {
    const known = ['local', 'system', 'anonymous'].includes(text) || /^[a-z]+_[0-9a-f]{32}$/.test(text)
    return known || isId('acc', text) ? text : (await findAccount(client, text)).id
  }
}

function row(record: AuditRecordJson): readonly string[] {
  const { at, actor, action, target, outcome, count, detail } = record
  return [
    time(at),
    actor.name,
    outcome === 'refused' ? `refused ${action}` : action,
    target === null ? '' : `${target.type} ${target.name ?? target.id}`,
    count === 1 ? '' : String(count),
    detail === null
      ? ''
      : shortened(
          Object.entries(detail)
            .map(([key, value]) => `${key} ${plain(value)}`)
            .join(', '),
        ),
  ]
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}

/** `24h` ago, or a time as it stands. */
function instant(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const ago = parseDuration(text)
  const at = ago === undefined ? Date.parse(text) : Date.now() - ago
  if (Number.isNaN(at)) throw wrongUsage(`Not a time: ${text}. Write 24h, 7d, or 2026-01-31T12:00:00Z.`)
  return new Date(at).toISOString()
}
