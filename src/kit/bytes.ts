const units: readonly (readonly [unit: string, bytes: number])[] = [
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
  ['B', 1],
]

/** Bytes of `500`, `64kB`, `10 MB`, `2GB` (powers of ten, as the units say; letters in any case); `undefined` for anything else. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,16}) ?([kmgt]?b)?$/i.exec(text)
  if (match?.[1] === undefined) return undefined
  const wanted = (match[2] ?? 'b').toLowerCase()
  const factor = units.find(([unit]) => unit.toLowerCase() === wanted)?.[1] ?? 1
  const bytes = Number(match[1]) * factor
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** The shortest text that `parseBytes` reads as exactly this many. */
export function bytesText(bytes: number): string {
  const [unit, factor] = units.find(([, size]) => bytes >= size && bytes % size === 0) ?? ['B', 1]
  return `${bytes / factor} ${unit}`
}
