import type { AuditEntry, Ctx } from '#platform'

/** The same context, telling of every record as it is written. */
export function observed(ctx: Ctx, told: (entry: AuditEntry) => void): Ctx {
  return {
    actor: ctx.actor,
    db: ctx.db,
    now: ctx.now,
    signal: ctx.signal,
    requestId: ctx.requestId,
    newId: (prefix) => ctx.newId(prefix),
    tx: (work) => ctx.tx((inner) => work(observed(inner, told))),
    audit: async (entry) => {
      await ctx.audit(entry)
      told(entry)
    },
    auditAll: async (entries) => {
      await ctx.auditAll(entries)
      for (const entry of entries) told(entry)
    },
    refused: (refusal) => ctx.refused(refusal),
    emit: (event, payload) => ctx.emit(event, payload),
    as: (actor) => observed(ctx.as(actor), told),
  }
}

/** What a record says that its change does not: how many sessions ended, how many lose a role. */
export function consequencesOf({ action, detail = {} }: AuditEntry): readonly string[] {
  const counts = Object.entries(detail).flatMap(([name, value]) =>
    typeof value === 'number' && value > 0 && isCount(name) ? `${value} ${wordsOf(name)}` : [],
  )
  return counts.length === 0 ? [] : [`${action}: ${counts.join(', ')}`]
}

/** Counts are named in the plural: `sessionsEnded`, `holders`; times are not. */
function isCount(name: string): boolean {
  return !/(At|Ms)$/.test(name) && /^[a-z]+s(?=[A-Z]|$)/.test(name)
}

function wordsOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
