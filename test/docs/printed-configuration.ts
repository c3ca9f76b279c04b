import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** docs/forward-auth.md */
export const page = readFileSync(join(import.meta.dirname, '../../docs/forward-auth.md'), 'utf8')

/** The configuration that the page prints under this language, over TLS with the parts that take the place of others. */
export function printed(language: string, overTls = false): string {
  const found = [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, all = '']) => all)
  const [whole, others] = found
  if (whole === undefined || found.length > 2) throw new Error(`docs/forward-auth.md prints ${language} in an odd way`)
  if (!overTls) return whole
  if (others === undefined) throw new Error(`docs/forward-auth.md prints no ${language} over TLS`)
  return partsOf(others).reduce((result, part) => withPart(result, part), whole)
}

/** What a part is known by: its first two words; of what is followed by an address, the first. */
function nameOf(line: string): string {
  const [first = '', second = ''] = line.trim().split(' ')
  return first === 'forward_auth' ? first : `${first} ${second}`
}

const indentOf = (line: string): number => /^\s*/.exec(line)?.[0].length ?? 0

/** Up to the brace that closes it, else with the lines that are further in. */
function endOf(lines: readonly string[], from: number): number {
  const indent = indentOf(lines[from] ?? '')
  let end = from + 1
  while (lines[end] !== undefined && lines[end] !== '' && indentOf(lines[end] ?? '') > indent) end += 1
  return lines[end]?.trim() === '}' ? end + 1 : end
}

function partsOf(printedParts: string): readonly (readonly string[])[] {
  const lines = printedParts.split('\n')
  const parts: (readonly string[])[] = []
  for (let at = 0; at < lines.length; at += 1) {
    if (lines[at] === '') continue
    const end = endOf(lines, at)
    parts.push(lines.slice(at, end))
    at = end - 1
  }
  return parts
}

function withPart(whole: string, part: readonly string[]): string {
  const lines = whole.split('\n')
  const at = lines.findIndex((line) => line !== '' && nameOf(line) === nameOf(part[0] ?? ''))
  if (at < 0) throw new Error(`nothing to be replaced by ${part[0]}`)
  return [...lines.slice(0, at), ...part, ...lines.slice(endOf(lines, at))].join('\n')
}
