import { importsOf } from './imports.ts'
import { type Files, isForTests, roomOf, type Violation } from './sources.ts'
import { type Token, tokensOf } from './tokens.ts'

/** What only stores, migrations and platform may import. */
const databasePackages = new Set(['kysely', 'pg', 'node:sqlite'])

/** Texts that begin like a statement. Written in capitals: a sentence for people may well begin with "Select". */
const statement =
  /^\s*(?:SELECT\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|(?:CREATE|ALTER|DROP)\s+(?:UNIQUE\s+)?(?:TABLE|INDEX|VIEW)\s|PRAGMA\s|WITH\s+\w+\s+AS\s)/

/** Kysely's methods whose first argument names a table. */
const tableMethods = new Set([
  'selectFrom',
  'insertInto',
  'updateTable',
  'deleteFrom',
  'innerJoin',
  'leftJoin',
  'rightJoin',
  'fullJoin',
])

/** Judges every source under src: SQL stays in stores, stores take a `Db` first, and no room touches another's tables. */
export function findSqlViolations(files: Files): readonly Violation[] {
  const violations: Violation[] = []
  for (const [path, text] of files) {
    const room = roomOf(path)
    if (room === undefined || room === 'platform' || isForTests(path)) continue
    const tokens = tokensOf(text)
    const found = isStore(path) ? storeFaults(tokens, room, path) : sqlOutside(tokens)
    for (const { line, message } of found) violations.push({ place: `${path}:${line}`, message })
  }
  return violations
}

interface Fault {
  readonly line: number
  readonly message: string
}

function isStore(path: string): boolean {
  return /(?:^|\/)(?:store\.ts|[\w-]+-store\.ts|migrations\/[^/]+\.ts|migrations\.ts)$/.test(path)
}

function sqlOutside(tokens: readonly Token[]): readonly Fault[] {
  const faults: Fault[] = []
  for (const { specifier, line } of importsOf(tokens)) {
    if (specifier !== undefined && databasePackages.has(specifier)) {
      faults.push({ line, message: `${specifier} belongs to stores, migrations and platform` })
    }
  }
  for (const [index, token] of tokens.entries()) {
    const what = sqlAt(token, tokens[index + 1], tokens[index - 1], tokens[index - 2])
    if (what !== undefined)
      faults.push({ line: token.line, message: `${what} belongs to stores, migrations and platform` })
  }
  return faults
}

function sqlAt(token: Token, next: Token | undefined, before: Token | undefined, of?: Token): string | undefined {
  if ((token.kind === 'string' || token.kind === 'template') && statement.test(token.text)) return 'a SQL statement'
  if (token.kind !== 'name') return undefined
  const isCall = next?.text === '(' || next?.text === '<'
  if (token.text === 'tables' && isCall && before?.text !== '.' && before?.text !== 'function') return 'tables()'
  if (token.text === 'sql' && (next?.kind === 'template' || next?.text === '<')) return 'a sql template'
  if (tableMethods.has(token.text) && isCall) return `${token.text}()`
  // pki's face prepares certificates
  if (of?.text === 'pki') return undefined
  return token.text === 'prepare' && before?.text === '.' && isCall && next?.text === '(' ? 'prepare()' : undefined
}

function storeFaults(tokens: readonly Token[], room: string, path: string): readonly Fault[] {
  const faults: Fault[] = []
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'name') continue
    const table = tables(tokens, index)
    if (table !== undefined && !table.startsWith(`${room}_`)) {
      faults.push({ line: token.line, message: `${table} is not a table of ${room}` })
    }
    const loose = path.includes('migrations') ? undefined : queryWithoutDb(tokens, index)
    if (loose !== undefined) {
      faults.push({ line: token.line, message: `${loose} queries and takes no Db first` })
    }
  }
  return faults
}

/** The table a query names at this token, without its alias. */
function tables(tokens: readonly Token[], index: number): string | undefined {
  if (!tableMethods.has(tokens[index]?.text ?? '') || tokens[index + 1]?.text !== '(') return undefined
  const argument = tokens[index + 2]
  return argument?.kind === 'string' ? argument.text.split(' ')[0] : undefined
}

/** The name of an exported function that starts here and queries something other than the handle it is given. */
function queryWithoutDb(tokens: readonly Token[], index: number): string | undefined {
  if (tokens[index]?.text !== 'export') return undefined
  const keyword = tokens[index + 1]?.text === 'async' ? index + 2 : index + 1
  if (tokens[keyword]?.text !== 'function') return undefined
  let open = keyword + 2
  while (open < tokens.length && tokens[open]?.text !== '(') open += 1
  if (tokens[open + 2]?.text === ':' && tokens[open + 3]?.text === 'Db') return undefined
  const body = tokens.slice(open, endOfFunction(tokens, open))
  const queries = body.some((token, at) => sqlAt(token, body[at + 1], body[at - 1]) !== undefined)
  return queries ? (tokens[keyword + 1]?.text ?? '') : undefined
}

/** Where the next declaration of the file begins. */
function endOfFunction(tokens: readonly Token[], open: number): number {
  let depth = 0
  for (let index = open; index < tokens.length; index += 1) {
    const text = tokens[index]?.text ?? ''
    if (['(', '{', '['].includes(text)) depth += 1
    if ([')', '}', ']'].includes(text)) depth -= 1
    if (depth === 0 && ['export', 'function', 'async', 'const', 'interface'].includes(text)) return index
  }
  return tokens.length
}
