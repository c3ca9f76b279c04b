import type { Database, Db } from '../db/database.ts'
import { makeHandle, tables } from '../db/handle.ts'
import type { Bindable } from '../db/values.ts'

/**
 * How SQLite would go about the queries of `ask`, a line for each table it reads and each sorting, without running them:
 * every one of them is answered with no rows.
 */
export async function plansOf(database: Database, ask: (db: Db) => Promise<unknown>): Promise<readonly string[]> {
  if (database.dialect !== 'sqlite') throw new TypeError('plansOf is for SQLite')
  const asked: { readonly text: string; readonly parameters: readonly Bindable[] }[] = []
  const deaf = makeHandle(
    'sqlite',
    async (text, parameters) => {
      asked.push({ text, parameters })
      return { rows: [] }
    },
    undefined,
  )
  await ask(deaf)
  if (asked.length === 0) throw new TypeError('nothing was asked')
  const plans: string[] = []
  for (const { text, parameters } of asked) {
    const explained = await tables(database.db).raw<{ readonly detail: string }>(
      `explain query plan ${text}`,
      parameters,
    )
    plans.push(...explained.rows.map(({ detail }) => detail))
  }
  return plans
}
