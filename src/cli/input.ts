import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { exitCodes, Failure, wrongUsage } from './failure.ts'
import { codeOfFile } from './secret-file.ts'

/** What the options make of a body, judged by the API's own schema before anything is sent. @throws Failure wrong usage */
export function judged<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
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
