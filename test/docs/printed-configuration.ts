import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** docs/forward-auth.md */
export const page = readFileSync(join(import.meta.dirname, '../../docs/forward-auth.md'), 'utf8')

/** How proxies ask, as the page has it: what it prints first, and then what takes the place of parts of that. */
export const manners = ['over plain HTTP', 'over TLS', 'over a unix socket'] as const
export type Manner = (typeof manners)[number]

/** The configuration that the page prints under this language. */
export function printed(language: string, manner: Manner = 'over plain HTTP'): string {
  const [first = '', ...others] = page.split(/^## Over (?=TLS|a unix socket)/m)
  const whole = blockOf(first, language)
  if (whole === undefined) throw new Error(`docs/forward-auth.md prints no ${language}`)
  const changed = blockOf(others[manners.indexOf(manner) - 1] ?? '', language)
  return changed === undefined ? whole : partsOf(changed).reduce((result, part) => withPart(result, part), whole)
}

function blockOf(section: string, language: string): string | undefined {
  return new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(section)?.[1]
}

/** What a part is known by: its first two words; of what is followed by an address, the first. */
function nameOf(line: string): string {
  const [first = '', second = ''] = line.trim().split(' ')
  return first === 'forward_auth' ? first : `${first} ${second}`
}

const indentOf = (line: string): number => /^\s*/.exec(line)?.[0].length ?? 0

/** Up to the brace that closes it, else with the lines that are further in; a table of TOML ends with an empty line. */
function endOf(lines: readonly string[], from: number): number {
  const indent = indentOf(lines[from] ?? '')
  const isTable = lines[from]?.startsWith('[') === true
  let end = from + 1
  while (lines[end] !== undefined && lines[end] !== '' && (isTable || indentOf(lines[end] ?? '') > indent)) end += 1
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
