import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AttributeValue, PrincipalKind } from '#kit'

export type Answer = 'allow' | 'deny' | 'error'
export type Request = readonly [
  principal: string,
  situation: string,
  action: string,
  book: string | null,
  answer: Answer,
  policies: readonly string[],
]

export interface Situation {
  readonly credential: string
  readonly app?: string
  readonly address: string
  readonly at: string
}

export interface Book {
  readonly attributes: Readonly<Record<string, AttributeValue>>
  readonly owner?: string
  readonly parents?: readonly string[]
  readonly members?: { readonly principals: readonly string[]; readonly groups: readonly string[] }
}

/** The corpus as README.md describes it. */
export interface Corpus {
  readonly permission: {
    readonly type: string
    readonly ids: 'exact'
    readonly actions: Readonly<Record<string, string>>
  }
  readonly networks: Readonly<Record<string, readonly string[]>>
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly roles: Readonly<
    Record<string, { readonly permissions: readonly string[]; readonly holders: readonly string[] }>
  >
  readonly principals: Readonly<Record<string, { readonly kind: PrincipalKind; readonly id: string }>>
  readonly situations: Readonly<Record<string, Situation>>
  readonly books: Readonly<Record<string, Book>>
  readonly requests: readonly Request[]
}

export const corpus = JSON.parse(text('library.json')) as Corpus
export const policyText = text('library.cedar')
export const schemaText = text('library.cedarschema')

function text(name: string): string {
  return readFileSync(join(import.meta.dirname, name), 'utf8')
}

export function found<T>(all: Readonly<Record<string, T>>, name: string): T {
  const value = all[name]
  if (value === undefined) throw new TypeError(`the corpus names ${name}, which it does not hold`)
  return value
}
