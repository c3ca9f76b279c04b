import { lazyDigestList } from './digest-list.ts'
import { foldPassword } from './fold.ts'

/**
 * What is tried first after the lists themselves:
 * - `repeated`: one piece of at most six characters, or a common word, over and over
 * - `runs`: nothing but neighbours of keyboard, alphabet or number row, and repeated characters, in runs of three or more,
 *   with at most three others between
 * - `word`: one common word, the handle or a name of this host, with at most ten digits or signs around it, or any
 *   number that are themselves runs; `0` for o, `@` for a and their like count as the letters
 */
export type Guessable = 'repeated' | 'runs' | 'word'

const longestPiece = 6
const fewestInRun = 3
const mostStray = 3
const mostAround = 10
const shortestContext = 3

const words = lazyDigestList(new URL('common-words.bin', import.meta.url))

/** Rows and columns of the keyboards that most people type on; German and French ones where they differ. */
const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop[]',
  'qwertzuiopü',
  'azertyuiop',
  "asdfghjkl;'",
  'asdfghjklöä',
  'qsdfghjklm',
  'zxcvbnm,./',
  'yxcvbnm,.-',
  'wxcvbn',
  '!@#$%^&*()_+',
  '!"§$%&/()=',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/',
  '1qay2wsx3edc4rfv5tgb6zhn7ujm8ik,9ol.0pö-',
]
const neighbours = new Set(
  rows.flatMap((row) =>
    Array.from(row)
      .slice(1)
      .flatMap((next, at) => [`${row[at]}${next}`, `${next}${row[at]}`]),
  ),
)

const lookalikes: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '!': 'i',
  '|': 'l',
  '3': 'e',
  '4': 'a',
  '@': 'a',
  '5': 's',
  $: 's',
  '7': 't',
  '+': 't',
  '8': 'b',
  '9': 'g',
}

/**
 * Judges a password of the right length; `undefined` when none of the three rules finds it. That says nothing about its
 * strength, only that it is not among the cheapest guesses.
 *
 * @param context handle and host names: cheap for whoever attacks this person here
 */
export function findGuessable(password: string, context: readonly string[]): Guessable | undefined {
  const text = foldPassword(password).replaceAll(/\s+/g, '')
  const own = new Set(
    context
      .map(foldPassword)
      .flatMap((name) => [name, ...name.split(/[^\p{L}\p{N}]+/u)])
      .filter((name) => name.length >= shortestContext),
  )
  const isWord = (word: string): boolean => own.has(word) || words().has(word)
  const piece = pieceOf(text)
  if (piece !== undefined && (Array.from(piece).length <= longestPiece || isAroundWord(piece, isWord)))
    return 'repeated'
  if (strayBesideRuns(text) <= mostStray) return 'runs'
  return isAroundWord(text, isWord) ? 'word' : undefined
}

/** The shortest piece that makes the text when repeated at least twice, the last time perhaps in part. */
function pieceOf(text: string): string | undefined {
  for (let length = 1; length <= text.length / 2; length += 1) {
    if (text.startsWith(text.slice(length))) return text.slice(0, length)
  }
  return undefined
}

/** How many characters no run covers, at best. */
function strayBesideRuns(text: string): number {
  const characters = Array.from(text)
  // fewest strays among the first n characters
  const fewest = [0]
  for (let end = 1; end <= characters.length; end += 1) {
    let best = (fewest[end - 1] ?? 0) + 1
    for (let start = end - 1; start > 0 && isStep(characters[start - 1], characters[start]); start -= 1) {
      if (end - start + 1 >= fewestInRun) best = Math.min(best, fewest[start - 1] ?? 0)
    }
    fewest.push(best)
  }
  return fewest.at(-1) ?? 0
}

function isStep(one: string | undefined, next: string | undefined): boolean {
  return one !== undefined && (one === next || neighbours.has(`${one}${next}`))
}

function isAroundWord(text: string, isWord: (word: string) => boolean): boolean {
  const [, before = '', rest = ''] = /^(\P{L}*)(.*)$/su.exec(text) ?? []
  const [, core = '', after = ''] = /^(.*\p{L})(\P{L}*)$/su.exec(rest) ?? []
  if (core === '') return isWord(text)
  const readings: readonly (readonly [string, string])[] = [
    [core, before + after],
    [before + core, after],
    [core + after, before],
    [text, ''],
  ]
  // of most passwords all readings are one and the same
  const judged = new Set<string>()
  return readings.some(([word, around]) => {
    if (judged.has(word) || !isFew(around)) return false
    judged.add(word)
    const letters = asLetters(word)
    return isWord(word) || (letters !== word && isWord(letters))
  })
}

function isFew(around: string): boolean {
  return around.length <= mostAround || strayBesideRuns(around) <= mostStray
}

function asLetters(word: string): string {
  return Array.from(word, (character) => lookalikes[character] ?? character).join('')
}
