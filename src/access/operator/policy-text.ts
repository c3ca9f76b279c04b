/** What a policy's text looks like before Cedar sees it: where statements end, and how deep it goes. */

/** Bytes of a policy's text at most, in UTF-8. */
export const maxPolicyBytes = 16_384
/** Statements in one policy at most. */
export const maxStatements = 64
/**
 * Open brackets at once at most. Cedar follows them by recursion in memory of fixed size: at 130 it reads past its end,
 * and from then on every decision of the process fails.
 */
export const maxDepth = 32
/** Operators and clauses in one statement at most: a chain of 400 ends like 130 brackets. */
export const maxOperators = 100

/** Something wrong at a place. Lines and columns count from 1, columns in characters as editors count them. */
export interface TextFault {
  readonly line: number
  readonly column: number
  readonly message: string
  readonly help?: string
}

/** A statement by where it begins and ends; offsets count UTF-16 units. */
export interface Statement {
  readonly start: number
  readonly end: number
}

export type ScannedText =
  | { readonly readable: true; readonly statements: readonly Statement[] }
  | { readonly readable: false; readonly faults: readonly TextFault[] }

// in the order in which they are tried at every place; a comment ends where Cedar ends it, at a CR too
const token =
  /\s+|\/\/[^\r\n]*|"(?:\\[\s\S]|[^"\\])*"|(?<open>[([{])|(?<close>[)\]}])|(?<end>;)|(?<operator>&&|\|\||[=!<>]=|[<>+\-*!.]|\b(?:when|unless|if|then|else|has|like|in|is)\b)|[A-Za-z_0-9]+|[\s\S]/gu

/**
 * Finds the statements and refuses what Cedar could not survive. What passes may still be no Cedar: that is said by
 * Cedar itself.
 */
export function scanPolicyText(text: string): ScannedText {
  const refused = (offset: number, message: string): ScannedText => {
    return { readable: false, faults: [{ ...placeOf(text, offset), message }] }
  }
  if (new TextEncoder().encode(text).length > maxPolicyBytes)
    return refused(0, `The text is longer than ${maxPolicyBytes} bytes.`)
  const statements: Statement[] = []
  let start: number | undefined
  let depth = 0
  let operators = 0
  for (const { 0: word, index, groups } of text.matchAll(token)) {
    if (/^(?:\s|\/\/)/.test(word)) continue
    if (word === '\0') return refused(index, 'A NUL character is no part of a policy.')
    start ??= index
    if (groups?.['open'] !== undefined) depth++
    if (groups?.['close'] !== undefined) depth--
    if (groups?.['operator'] !== undefined) operators++
    if (depth > maxDepth) return refused(index, `Brackets may be open ${maxDepth} deep at most.`)
    if (operators > maxOperators) {
      return refused(index, `A statement may hold ${maxOperators} operators at most. Split it into several.`)
    }
    if (groups?.['end'] === undefined || depth > 0) continue
    statements.push({ start, end: index + 1 })
    if (statements.length > maxStatements) {
      return refused(start, `A policy may hold ${maxStatements} statements at most.`)
    }
    start = undefined
    operators = 0
  }
  if (start !== undefined) statements.push({ start, end: text.length })
  return { readable: true, statements }
}

/** The place of an offset in UTF-16 units. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: Array.from(before.at(-1) ?? '').length + 1 }
}

/** An offset in UTF-8 bytes, as Cedar counts, in UTF-16 units. */
export function offsetOfByte(text: string, bytes: number): number {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text).subarray(0, bytes)).length
}
