/** Codes that an app makes for the hour before and the hour after, which is longer than any of them is looked for. */
export function codesAround(code: (at: number) => string, now: number): ReadonlySet<string> {
  const steps = Array.from({ length: 241 }, (_, index) => index - 120)
  return new Set(steps.map((step) => code(now + step * 30_000)))
}

/** Codes that are none of an app's: chosen ones would be right by chance now and then. */
export function wrongCodes(code: (at: number) => string, now: number, count: number): readonly string[] {
  const right = codesAround(code, now)
  const all = Array.from({ length: right.size + count }, (_, index) => String(index).padStart(6, '0'))
  return all.filter((one) => !right.has(one)).slice(0, count)
}

export function wrongCode(code: (at: number) => string, now: number): string {
  return wrongCodes(code, now, 1).join('')
}
