/** Turns the target that was matched into the one the app sees; `undefined` where it cannot be read in one way only. */
export type Rewrite = (target: string) => string | undefined

/** What of a route's path stands before the first `*`: `/app` where a `*` follows it, empty for `/`. */
export function literalPrefix(path: string): string {
  const star = path.indexOf('*')
  const literal = star < 0 ? path : path.slice(0, star)
  return literal.endsWith('/') ? literal.slice(0, -1) : literal
}

/**
 * Puts `replacement` where the literal prefix of a route's path stood. Both and what is left are canonical, so the result is,
 * but for one case: what follows the prefix may begin with `;parameters` of its last segment, and behind `/` these would
 * be a segment of nothing else.
 */
export function prefixRewrite(path: string, replacement: string): Rewrite {
  const literal = literalPrefix(path)
  const base = replacement === '/' ? '' : replacement
  return (target) => {
    if (!target.startsWith(literal)) return undefined
    const rest = target.slice(literal.length)
    if (rest === '' || rest.startsWith('?')) return base === '' ? `/${rest}` : base + rest
    if (rest.startsWith('/') || base !== '') return base + rest
    return undefined
  }
}
