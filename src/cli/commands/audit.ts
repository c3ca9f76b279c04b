import { setTimeout as pause } from 'node:timers/promises'
import { parseDuration } from '#kit'
import { type AuditRecordJson, auditList, auditRecord } from '#platform/contract'
import { principalIdOf } from '../account-lookup.ts'
import { connect } from '../client.ts'
import { Failure, wrongUsage } from '../failure.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { note, print, printText } from '../terminal.ts'
import { table, time, visible, visibleJson } from '../text.ts'

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
  requireOutcome(options.outcome)
  const client = await connect(options)
  const query = {
    actor: await principalIdOf(client, options.actor),
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
}

export interface AuditTailOptions extends TargetOptions {
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly outcome?: string
  readonly after?: string
  readonly limit?: string
}

/** How long to wait before a lost connection is tried again, in milliseconds. */
const retryMs = 2_000

/** Prints records as they come, until it is ended, `limit` are printed, or the server refuses. */
export async function tailRecords(options: AuditTailOptions): Promise<void> {
  requireOutcome(options.outcome)
  const most = options.limit === undefined ? Number.POSITIVE_INFINITY : count(options.limit)
  const client = await connect(options)
  const query = {
    actor: await principalIdOf(client, options.actor),
    action: options.action,
    targetId: options.target,
    outcome: options.outcome,
    after: options.after === undefined ? undefined : count(options.after),
  }
  let last: string | undefined
  let printed = 0
  for (;;) {
    const headers: Record<string, string> = last === undefined ? {} : { 'last-event-id': last }
    try {
      for await (const { id, event, data } of client.follow('/api/v1/audit-records/events', { query, headers })) {
        last = id ?? last
        if (event !== 'record') continue
        printLine(options, recordOf(data))
        printed += 1
        if (printed >= most) return
      }
      note('The connection ended; connecting again…')
    } catch (error) {
      // before the first answer it is not known whether there is anything to come back to
      if (last === undefined || !(error instanceof Failure) || error.details.code !== 'cli.unreachable') throw error
      note(`${error.details.title}; connecting again…`)
    }
    await pause(retryMs)
  }
}

function recordOf(data: string): AuditRecordJson {
  const judged = auditRecord.safeParse(JSON.parse(data))
  if (!judged.success) throw new TypeError('a journal record of another shape than this version knows')
  return judged.data
}

function printLine(options: TargetOptions, record: AuditRecordJson): void {
  const line =
    options.json === true
      ? visibleJson(record, 0)
      : row(record)
          .filter((cell) => cell !== '')
          .map(visible)
          .join('  ')
  printText(`${line}\n`)
}

function count(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw wrongUsage(`Not a number: ${text}.`)
  return Number(text)
}

function requireOutcome(outcome: string | undefined): void {
  if (outcome !== undefined && !['done', 'refused'].includes(outcome)) {
    throw wrongUsage('--outcome takes done or refused.')
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
