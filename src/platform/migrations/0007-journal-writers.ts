import type { Migration } from '../db/database.ts'

/** How far each process has written its journal, so that what it kept in a file meanwhile is imported once. */
export const journalWriters: Migration = {
  id: '0007-journal-writers',
  statements: ({ text, int, strict }) => [
    `create table platform_journal_writers (
      writer ${text} primary key,
      batch ${int} not null
    ) ${strict}`,
  ],
}
