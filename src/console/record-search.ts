import { findAudit, type SearchSource } from '#platform'

/** Finds a record by its id, as it stands in errors, logs and apps' own journals. */
export const recordSearch: SearchSource = {
  title: 'Journal',
  order: 90,
  find: async (ctx, text) => {
    const record = text.startsWith('aud_') ? await findAudit(ctx.db, text) : undefined
    return record === undefined ? [] : [{ title: record.action, note: record.id, href: `/journal/${record.id}` }]
  },
}
