import { StatementSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { Client } from 'pg'
import type { Dialect } from '#platform'

/** Every statement about this room's tables or the journal that runs from now on, as text. */
export function countStatements(t: TestContext, dialect: Dialect): string[] {
  const seen: string[] = []
  const note = (text: string) => {
    if (/identity_|insert into .?platform_audit/.test(text)) seen.push(text)
  }
  if (dialect === 'sqlite') {
    for (const method of ['all', 'run'] as const) {
      const real = StatementSync.prototype[method] as (...args: unknown[]) => unknown
      t.mock.method(StatementSync.prototype, method, function (this: StatementSync, ...args: unknown[]) {
        note(this.sourceSQL)
        return real.apply(this, args)
      })
    }
  } else {
    const real = Reflect.get(Client.prototype, 'query') as (...args: unknown[]) => unknown
    t.mock.method(Client.prototype, 'query', function (this: Client, ...args: unknown[]) {
      const [query] = args
      note(typeof query === 'string' ? query : String((query as { text?: string }).text))
      return real.apply(this, args)
    })
  }
  return seen
}
