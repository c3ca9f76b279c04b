import { hole, type Token } from './tokens.ts'

export interface Import {
  /** `undefined`: computed at run time, so nobody can tell what it reaches. */
  readonly specifier: string | undefined
  /** `file`: a path beside the source, which need not be a module. */
  readonly how: 'module' | 'file'
  readonly line: number
}

/**
 * Everything a source reaches for by name: static, type, side-effect and dynamic imports, re-exports, `import('…')`
 * types, `require`, `import.meta.resolve`, and `new URL('…', import.meta.url)` (workers and files beside the source).
 */
export function importsOf(tokens: readonly Token[]): readonly Import[] {
  const found: Import[] = []
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'name' || tokens[index - 1]?.text === '.') continue
    if (token.text === 'import') found.push(...importAt(tokens, index))
    else if (token.text === 'export') found.push(...reexportAt(tokens, index))
    else if (token.text === 'require') found.push(...requireAt(tokens, index + 1))
    else if (token.text === 'URL' && isBesideSource(tokens, index)) found.push(...callAt(tokens, index + 1, 'file'))
  }
  return found
}

function importAt(tokens: readonly Token[], index: number): readonly Import[] {
  const next = tokens[index + 1]
  if (next?.text === '(') return callAt(tokens, index + 1, 'module')
  if (next?.text === '.') return tokens[index + 4]?.text === 'resolve' ? callAt(tokens, index + 5, 'module') : []
  if (next?.kind === 'string') return [{ specifier: next.text, how: 'module', line: next.line }]
  return fromAfter(tokens, index + 1)
}

function reexportAt(tokens: readonly Token[], index: number): readonly Import[] {
  const first = tokens[index + 1]?.text === 'type' ? index + 2 : index + 1
  const opens = tokens[first]?.text
  return opens === '*' || opens === '{' ? fromAfter(tokens, first) : []
}

/** `… from 'specifier'`, as far as only an import clause stands between. */
function fromAfter(tokens: readonly Token[], start: number): readonly Import[] {
  for (let index = start; index < tokens.length; index += 1) {
    const token = tokens[index]
    const source = tokens[index + 1]
    if (token === undefined) break
    if (token.text === 'from' && source?.kind === 'string') {
      return [{ specifier: source.text, how: 'module', line: source.line }]
    }
    if (token.text === '}' && source?.text !== 'from') break
    const isClause = token.kind === 'name' || token.kind === 'string' || ['{', '}', ',', '*'].includes(token.text)
    if (!isClause) break
  }
  return []
}

function callAt(tokens: readonly Token[], open: number, how: Import['how']): readonly Import[] {
  const argument = tokens[open + 1]
  if (tokens[open]?.text !== '(' || argument === undefined) return []
  const isLiteral = argument.kind === 'string' || (argument.kind === 'template' && !argument.text.includes(hole))
  return [{ specifier: isLiteral ? argument.text : undefined, how, line: argument.line }]
}

/** A computed `require(…)` is some function of that name: ES modules have none of their own. */
function requireAt(tokens: readonly Token[], open: number): readonly Import[] {
  return callAt(tokens, open, 'module').filter(({ specifier }) => specifier !== undefined)
}

function isBesideSource(tokens: readonly Token[], index: number): boolean {
  const rest = tokens.slice(index + 1, index + 8).map((token) => token.text)
  return rest[0] === '(' && rest.slice(2).join('').startsWith(',import.meta')
}
