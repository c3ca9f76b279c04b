/**
 * A lexer for TypeScript sources, exact enough to tell code from comments, strings, templates and regular expressions.
 * The compiler we check with is native and offers no JavaScript API, and a search by regular expression alone would
 * trip over an import in a comment or miss one broken over lines.
 */
export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'template' | 'regex' | 'mark'
  /** Names and marks as written; strings and templates without their quotes, each `${…}` of a template as `hole`. */
  readonly text: string
  readonly line: number
}

/** What stands for `${…}` in a template's text. */
export const hole = '\0'

const beforeRegex = new Set(['return', 'typeof', 'case', 'in', 'of', 'delete', 'void', 'throw', 'new', 'else', 'await'])
const afterValue = new Set([')', ']', '}'])

/** The tokens of a source in order, comments and white space left out. A template stands before the code in its holes. */
export function tokensOf(source: string): readonly Token[] {
  const lexer = new Lexer(source)
  lexer.code(undefined)
  return lexer.tokens
}

class Lexer {
  readonly tokens: Token[] = []
  readonly #source: string
  #at = 0
  #line = 1

  constructor(source: string) {
    this.#source = source
  }

  /** Reads code up to the end, or up to the brace that closes a template's hole. */
  code(until: '}' | undefined): void {
    let depth = 0
    while (this.#at < this.#source.length) {
      const character = this.#source.charAt(this.#at)
      if (until !== undefined && character === '}' && depth === 0) {
        this.#at += 1
        return
      }
      if (character === '{') depth += 1
      if (character === '}') depth -= 1
      this.#next(character)
    }
  }

  #next(character: string): void {
    if (/\s/.test(character)) this.#skip(1)
    else if (this.#source.startsWith('//', this.#at)) this.#skip(lengthTo(this.#source, '\n', this.#at))
    else if (this.#source.startsWith('/*', this.#at)) this.#skip(lengthTo(this.#source, '*/', this.#at + 2) + 4)
    else if (character === "'" || character === '"') this.#string(character)
    else if (character === '`') this.#template()
    else if (character === '/' && this.#regexMayStand())
      this.#match('regex', /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/\w*/y)
    else if (/[\p{ID_Start}$_#]/u.test(character)) this.#match('name', /#?[\p{ID_Continue}$]+|#/uy)
    else if (/\d/.test(character)) this.#match('number', /[\w.]+/y)
    else this.#match('mark', /=>|\.\.\.|[\s\S]/y)
  }

  #regexMayStand(): boolean {
    const last = this.tokens.at(-1)
    if (last === undefined) return true
    if (last.kind === 'mark') return !afterValue.has(last.text)
    return last.kind === 'name' && beforeRegex.has(last.text)
  }

  #match(kind: Token['kind'], pattern: RegExp): void {
    pattern.lastIndex = this.#at
    const text = pattern.exec(this.#source)?.[0] ?? this.#source.charAt(this.#at)
    this.tokens.push({ kind, text, line: this.#line })
    this.#skip(text.length)
  }

  #string(quote: string): void {
    const line = this.#line
    let end = this.#at + 1
    while (end < this.#source.length && this.#source.charAt(end) !== quote) {
      end += this.#source.charAt(end) === '\\' ? 2 : 1
    }
    this.tokens.push({ kind: 'string', text: this.#source.slice(this.#at + 1, end), line })
    this.#skip(end + 1 - this.#at)
  }

  #template(): void {
    const place = this.tokens.length
    const line = this.#line
    let text = ''
    this.#skip(1)
    while (this.#at < this.#source.length && this.#source.charAt(this.#at) !== '`') {
      if (this.#source.charAt(this.#at) === '$' && this.#source.charAt(this.#at + 1) === '{') {
        text += hole
        this.#skip(2)
        this.code('}')
      } else {
        const length = this.#source.charAt(this.#at) === '\\' ? 2 : 1
        text += this.#source.slice(this.#at, this.#at + length)
        this.#skip(length)
      }
    }
    this.#skip(1)
    this.tokens.splice(place, 0, { kind: 'template', text, line })
  }

  #skip(length: number): void {
    for (const character of this.#source.slice(this.#at, this.#at + length)) if (character === '\n') this.#line += 1
    this.#at += length
  }
}

function lengthTo(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from)
  return (found === -1 ? source.length : found) - from
}
