import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { parseDuration } from '#kit'
import { inWords } from '#platform/contract'
import { exitCodes, Failure, wrongUsage } from './failure.ts'
import { codeOfFile } from './secret-file.ts'

/** What the options make of a body, judged by the API's own schema before anything is sent. @throws Failure wrong usage */
export function judged<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { error: inWords })
  if (result.success) return result.data
  throw new Failure({
    exit: exitCodes.usage,
    code: 'cli.usage',
    title: 'The input has faults',
    detail: 'Nothing was sent. Correct what is named and try again.',
    faults: result.error.issues.map(({ path, message }) => ({ field: path.map(String).join('.') || 'input', message })),
  })
}

/** What stands in a file, or with `-` what comes on stdin. @throws Failure wrong usage */
export function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw wrongUsage(`${file} cannot be read (${codeOfFile(error)}).`)
  }
}

/** A duration in milliseconds. @throws Failure wrong usage */
export function milliseconds(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw wrongUsage(`Not a duration: ${text}. Write 500ms, 5s or 10m.`)
  return ms
}

/** `Name: value` each, by name. @throws Failure wrong usage, with the example */
export function headersIn(lines: readonly string[], example: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      if (colon < 1) throw wrongUsage(`Not a header: ${line}. Write '${example}'.`)
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]
    }),
  )
}
