import { posix } from 'node:path'
import { type Files, isForTests, type Violation } from './sources.ts'
import { tokensOf } from './tokens.ts'

/** Lines a source may have, and a room's face. */
const limits = { source: 500, face: 60 }

/** Names that say nothing about what a file holds. */
const vague =
  /^(?:helpers?|utils?|common|misc|shared|manager|services?|[\w-]+-(?:helpers?|utils?|manager|service))\.ts$/

// Written in pieces: these rules read their own source too.
const unfinished = new RegExp(`\\b(?:${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')})\\b`)
const ignored = new RegExp(`(?:biome|oxlint|eslint)-${'(?:ignore|disable)[\\w-]*'}(?<rest>[^\\n]*)`, 'g')
const explained = new RegExp(`@ts-${'expect-error'}\\S*\\s+\\S`)
const unchecked = new RegExp(`@ts-${'(?:ignore|nocheck|expect-error)'}`)

/** Judges sources by what a reader would stumble over, whatever they do. */
export function findHygieneViolations(files: Files): readonly Violation[] {
  const violations: Violation[] = []
  for (const [path, text] of files) {
    const lines = text.split('\n')
    if (text.endsWith('\n')) lines.pop()
    const say = (line: number, message: string): number => violations.push({ place: `${path}:${line}`, message })
    if (vague.test(posix.basename(path))) say(1, 'a file is named after what it holds')
    if (lines.length > limits.source) say(limits.source, `${lines.length} lines; split before ${limits.source}`)
    if (isFace(path) && lines.length > limits.face)
      say(limits.face, `a face of ${lines.length} lines; at most ${limits.face}`)
    for (const [index, line] of lines.entries()) {
      const fault = lineFault(line, isForTests(path))
      if (fault !== undefined) say(index + 1, fault)
    }
    for (const line of starExports(text)) say(line, 'a face names what it exports; no star')
  }
  return violations
}

/** A room's face; those of kit and platform list everything every room may use, and hold nothing else. */
function isFace(path: string): boolean {
  return /^src\/[^/]+\/index\.ts$/.test(path) && !/^src\/(?:kit|platform)\//.test(path)
}

function lineFault(line: string, forTests: boolean): string | undefined {
  if (unfinished.test(line)) return 'finish it, or write it into docs/plan.md'
  if (unchecked.test(line) && !(forTests && explained.test(line))) return 'the type checker is not silenced'
  for (const match of line.matchAll(ignored)) {
    if (!/(?::|--)\s*\S+\s+\S/.test(match.groups?.['rest'] ?? '')) return 'a suppressed lint says why'
  }
  if (forTests && /\b(?:test|it|describe)\.only\(|\bonly:\s*true\b/.test(line)) return 'one test alone hides the others'
  return undefined
}

function starExports(text: string): readonly number[] {
  const tokens = tokensOf(text)
  return tokens
    .filter((token, index) => token.kind === 'name' && token.text === 'export' && tokens[index + 1]?.text === '*')
    .map(({ line }) => line)
}

/** What a room's README must speak of, so that a reader finds it in every room. */
const readmeTopics = ['owns', 'invariant', 'threat', 'table', 'permission', 'event'] as const

/** Judges the READMEs: one per room and platform part, and in rooms with tables, all topics. */
export function findReadmeViolations(files: Files): readonly Violation[] {
  const folders = new Set(
    [...files.keys()].flatMap((path) => {
      const match = /^(src\/(?:platform\/[^/]+|[^/]+))\/[^/]+\.ts$/.exec(path)
      return match?.[1] === undefined ? [] : [match[1]]
    }),
  )
  return [...folders].flatMap((folder) => {
    const place = `${folder}/README.md`
    const text = files.get(place)
    if (text === undefined) return [{ place, message: 'missing: say what this owns and what holds in it' }]
    if (!files.has(`${folder}/store.ts`) || folder.startsWith('src/platform')) return []
    const missing = readmeTopics.filter((topic) => !new RegExp(topic, 'i').test(text))
    return missing.map((topic) => ({ place, message: `says nothing about "${topic}"` }))
  })
}
