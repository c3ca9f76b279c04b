import { type Html, html } from './html.ts'

const units: readonly (readonly [string, number])[] = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

/**
 * An instant, relative to `now`, with the exact one in UTC behind it. The script keeps it current and adds the
 * reader's own zone to the title.
 *
 * @param at milliseconds since the epoch; `undefined` reads `never`
 * @param now the request's `ctx.now`
 */
export function time(at: number | undefined, now: number): Html {
  if (at === undefined) return html`<span class="faint">never</span>`
  return html`<time datetime="${iso(at)}" title="${utc(at)}" data-relative>${relative(at, now)}</time>`
}

/** An instant written out in UTC, for records where the exact one matters. */
export function exactTime(at: number): Html {
  return html`<time datetime="${iso(at)}">${utc(at)}</time>`
}

/** `3 minutes ago`, `in 2 days`, `just now` within 45 seconds either way. */
export function relative(at: number, now: number): string {
  const distance = Math.abs(at - now)
  if (distance < 45_000) return 'just now'
  const [unit, size] = units.find(([, length]) => distance >= length * 0.95) ?? ['minute', 60_000]
  const count = Math.max(1, Math.round(distance / size))
  const span = `${count} ${unit}${count === 1 ? '' : 's'}`
  return at > now ? `in ${span}` : `${span} ago`
}

/** `2026-11-22 01:05:07 UTC`; an instant no calendar holds reads `unknown time`. */
export function utc(at: number): string {
  const text = iso(at)
  return text === '' ? 'unknown time' : `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`
}

function iso(at: number): string {
  return Math.abs(at) <= 8_640_000_000_000_000 ? new Date(at).toISOString() : ''
}
