/** An event pattern: `*`, all of a noun (`accounts.*`), or one event (`accounts.disable`). */
export const patternForm = /^(?:\*|[a-z]+(?:-[a-z]+)*\.(?:\*|[a-z]+(?:-[a-z]+)*))$/

/** Whether any pattern covers the event. */
export function wants(patterns: readonly string[], event: string): boolean {
  return patterns.some((pattern) => covers(pattern, event))
}

/** Patterns that cover no event there is: they were mistyped. */
export function idlePatterns(patterns: readonly string[], events: readonly string[]): readonly string[] {
  return patterns.filter((pattern) => !events.some((event) => covers(pattern, event)))
}

function covers(pattern: string, event: string): boolean {
  if (pattern === '*' || pattern === event) return true
  return pattern.endsWith('.*') && event.startsWith(pattern.slice(0, -1))
}
