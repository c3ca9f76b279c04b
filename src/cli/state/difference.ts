import type { PlannedItem, PlanView } from '#state/contract'
import { visible } from '../text.ts'

/** How a mark is shown; plain where nothing is coloured. */
export type Paint = (text: string, mark: '+' | '-' | '~' | '!') => string

const marks = { create: '+', update: '~', delete: '-' } as const

/** A plan as a person reads it: what comes, changes and goes, and what that brings with it. */
export function differenceText({ items, kept }: Pick<PlanView, 'items' | 'kept'>, paint: Paint): string {
  const changes = items.flatMap((item) =>
    item.action === 'unchanged' ? [] : itemText(item, marks[item.action], paint),
  )
  const left = kept.map(({ kind, name, reason }) => `  kept: ${visible(`${kind}/${name}`)} (${visible(reason)})`)
  return [...changes, ...left, ...(changes.length > 0 ? [''] : []), summary(items)].join('\n')
}

/** `2 to create, 1 to delete, 5 unchanged.` */
export function summary(items: readonly PlannedItem[]): string {
  const parts = (['create', 'update', 'delete'] as const).flatMap((action) => {
    const count = items.filter((item) => item.action === action).length
    return count === 0 ? [] : [`${count} to ${action}`]
  })
  const unchanged = items.filter(({ action }) => action === 'unchanged').length
  return parts.length === 0 ? `Nothing to do: ${unchanged} unchanged.` : `${parts.join(', ')}, ${unchanged} unchanged.`
}

function itemText(item: PlannedItem, mark: '+' | '~' | '-', paint: Paint): readonly string[] {
  const lines = [paint(`${mark} ${visible(`${item.kind}/${item.name}`)}`, mark)]
  const fields = item.fields.flatMap(({ field, before, after }) => flat(field, before, after))
  const width = Math.max(0, ...fields.map(({ name }) => name.length))
  for (const { name, before, after } of fields) {
    const [first, ...more] = valueLines(before, after, mark, paint)
    lines.push(`    ${name.padEnd(width)}  ${first ?? ''}`, ...more.map((line) => `    ${' '.repeat(width)}  ${line}`))
  }
  for (const consequence of item.consequences) lines.push(paint(`    ! ${visible(consequence)}`, '!'))
  return lines
}

interface Leaf {
  readonly name: string
  readonly before: unknown
  readonly after: unknown
}

/** Members of a record apart, so that only what differs is shown: `holders.accounts`. */
function flat(name: string, before: unknown, after: unknown): readonly Leaf[] {
  if (!isRecord(before) && !isRecord(after)) return [{ name, before, after }]
  if ((before !== undefined && !isRecord(before)) || (after !== undefined && !isRecord(after)))
    return [{ name, before, after }]
  const members = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
  return members.flatMap((member) => {
    const [from, to] = [before?.[member], after?.[member]]
    if (JSON.stringify(from) === JSON.stringify(to) || (isEmpty(from) && isEmpty(to))) return []
    return flat(`${name}.${member}`, from, to)
  })
}

function valueLines(before: unknown, after: unknown, mark: '+' | '~' | '-', paint: Paint): readonly string[] {
  if (isList(before) || isList(after))
    return listLines(isList(before) ? before : [], isList(after) ? after : [], mark, paint)
  if (isText(before) || isText(after)) return textLines(before, after, paint)
  if (mark !== '~') return [shown(mark === '+' ? after : before)]
  return [before === undefined ? shown(after) : `${shown(before)} → ${shown(after)}`]
}

function listLines(
  before: readonly unknown[],
  after: readonly unknown[],
  mark: '+' | '~' | '-',
  paint: Paint,
): readonly string[] {
  const from = before.map(shown)
  const to = after.map(shown)
  if (mark !== '~') return [[...from, ...to].join(', ') || 'none']
  return [
    ...from.filter((text) => !to.includes(text)).map((text) => paint(`- ${text}`, '-')),
    ...to.filter((text) => !from.includes(text)).map((text) => paint(`+ ${text}`, '+')),
  ]
}

/** A text of several lines: what goes, what comes, without the lines that stay at both ends. */
function textLines(before: unknown, after: unknown, paint: Paint): readonly string[] {
  const from = typeof before === 'string' ? before.split('\n') : []
  const to = typeof after === 'string' ? after.split('\n') : []
  let start = 0
  while (start < from.length && start < to.length && from[start] === to[start]) start += 1
  let end = 0
  while (end < from.length - start && end < to.length - start && from.at(-1 - end) === to.at(-1 - end)) end += 1
  return [
    ...from.slice(start, from.length - end).map((line) => paint(`- ${visible(line)}`, '-')),
    ...to.slice(start, to.length - end).map((line) => paint(`+ ${visible(line)}`, '+')),
  ]
}

function shown(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'none'
  return visible(typeof value === 'string' ? value : JSON.stringify(value))
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\n')
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (isList(value) && value.length === 0)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
