import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ErrorRow } from '#platform'
import { root } from './sources.ts'

export interface DocumentedError extends ErrorRow {
  readonly code: string
  /** `src/access/errors.ts` */
  readonly file: string
}

/** Every row of every error table: exported by files called `errors.ts` or `*-errors.ts`. */
export async function readErrorTables(): Promise<readonly DocumentedError[]> {
  const files = globSync(['src/**/errors.ts', 'src/**/*-errors.ts'], { cwd: root }).sort()
  const rows: DocumentedError[] = []
  for (const file of files) {
    const exports = (await import(pathToFileURL(resolve(root, file)).href)) as Readonly<Record<string, unknown>>
    for (const table of Object.values(exports)) {
      if (!isTable(table)) continue
      for (const [code, row] of Object.entries(table)) rows.push({ ...row, code, file })
    }
  }
  return rows.sort((a, b) => a.code.localeCompare(b.code, 'en'))
}

function isTable(value: unknown): value is Readonly<Record<string, ErrorRow>> {
  if (typeof value !== 'object' || value === null) return false
  const rows = Object.values(value) as unknown[]
  return (
    rows.length > 0 &&
    rows.every((row) => typeof row === 'object' && row !== null && 'status' in row && 'detail' in row)
  )
}
