import type { Ctx, Found } from '#platform'
import { type Console, permitted } from './console.ts'

/** Finds of one kind, best first. */
export interface Finds {
  readonly title: string
  readonly finds: readonly Found[]
  /** Whether there are more than are shown. */
  readonly more: boolean
}

/** A search is answered from at most this many matches of a kind; each is asked about until enough may be seen. */
const candidates = 25
const shown = 6
export const maxSearchText = 80

/** What was typed as sources get it: lower case, one space between words, at most 80 characters; empty finds nothing. */
export function searchText(typed: string): string {
  return typed
    .toLowerCase()
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, maxSearchText)
    .trim()
}

/**
 * Everything that has the text and whose page would open for the person, by kind: the console's pages first, then what
 * rooms find.
 */
export async function search(console: Console, ctx: Ctx, typed: string): Promise<readonly Finds[]> {
  const text = searchText(typed)
  if (text === '') return []
  const kinds = await Promise.all([
    pagesAndActions(console, ctx, text),
    ...console.contributed().search.map(async (source) => {
      const found = await source.find(ctx, text, candidates)
      return openable(console, ctx, source.title, found.slice(0, candidates))
    }),
  ])
  return kinds.filter(({ finds }) => finds.length > 0)
}

async function pagesAndActions(console: Console, ctx: Ctx, text: string): Promise<Finds> {
  const { navigation, searchActions } = console.contributed()
  const words = text.split(' ')
  const fits = ({ title }: { readonly title: string }) => words.every((word) => title.toLowerCase().includes(word))
  const rooms = await permitted(console, ctx, navigation.filter(fits))
  const overview = { title: 'Overview', href: '/' }
  const actions = await openable(console, ctx, '', searchActions.filter(fits))
  return {
    title: 'Pages',
    finds: [...[overview].filter(fits), ...rooms.map(({ title, href }) => ({ title, href })), ...actions.finds],
    more: false,
  }
}

async function openable(console: Console, ctx: Ctx, title: string, found: readonly Found[]): Promise<Finds> {
  const finds: Found[] = []
  for (const find of found) {
    // one after the other, since the first few usually are enough
    if (!(await console.opens(ctx, find.href))) continue
    if (finds.length === shown) return { title, finds, more: true }
    finds.push(find)
  }
  return { title, finds, more: false }
}
