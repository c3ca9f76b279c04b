/** A content coding (RFC 9110 §8.4.1) that lies beside a file, under the file's name with an ending more. */
export interface Coding {
  readonly name: 'br' | 'gzip'
  readonly ending: '.br' | '.gz'
}

const codings: readonly Coding[] = [
  { name: 'br', ending: '.br' },
  { name: 'gzip', ending: '.gz' },
]

const weightPattern = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/

/**
 * Which codings a client takes rather than the file itself, the dearest first; of equals Brotli. `*` names none: whoever
 * can read one says so. A weight that is none counts as a refusal.
 *
 * @param accepted `Accept-Encoding` (RFC 9110 §12.5.3)
 */
export function codingsFor(accepted: string): readonly Coding[] {
  const weights = new Map<string, number>()
  for (const item of accepted.toLowerCase().split(',', 32)) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim())
    const [weight = 'q=1', ...more] = parameters
    const value = more.length > 0 ? undefined : weightPattern.exec(weight)?.[1]
    weights.set(name, value === undefined ? 0 : Number(value))
  }
  const weightOf = (name: string): number => weights.get(name) ?? 0
  return codings
    .filter(({ name }) => weightOf(name) > 0 && weightOf(name) >= weightOf('identity'))
    .toSorted((a, b) => weightOf(b.name) - weightOf(a.name))
}
