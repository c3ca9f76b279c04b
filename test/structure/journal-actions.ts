import { type Files, isForTests, type Violation } from './sources.ts'
import { tokensOf } from './tokens.ts'

const actionForm = /^[a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*$/

/**
 * What is journalled as a change: texts of the form `accounts.create` in files that write journal records. What begins
 * with a room's name is an error code or a job, unless it is declared.
 */
export function journalActions(
  files: Files,
  rooms: readonly string[],
  declared: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [path, text] of files) {
    if (isForTests(path) || !/\baudit(?:All)?\(/.test(text)) continue
    for (const token of tokensOf(text)) {
      if (token.kind !== 'string' || !actionForm.test(token.text)) continue
      const isOfRoom = [...rooms, 'platform', 'cli'].includes(token.text.split('.')[0] ?? '')
      if (isOfRoom && !declared.has(token.text)) continue
      found.set(token.text, `${path}:${token.line}`)
    }
  }
  return found
}

/** Journalled changes that no room declares as events, and events that nothing journals. */
export function undeclaredEvents(
  actions: ReadonlyMap<string, string>,
  declared: ReadonlySet<string>,
): readonly Violation[] {
  const missing = [...actions].filter(([action]) => !declared.has(action))
  const stale = [...declared].filter((event) => !actions.has(event))
  return [
    ...missing.map(([action, place]) => ({
      place,
      message: `${action} is journalled, and no room's events declare it`,
    })),
    ...stale.map((event) => ({ place: 'events', message: `${event} is declared, and nothing journals it` })),
  ]
}
