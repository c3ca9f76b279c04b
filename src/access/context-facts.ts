import { type Actor, type AttributeValue, inCidrs, parseAddress } from '#kit'
import type { Bearings } from './bearings.ts'
import type { ContextFact } from './context-wants.ts'
import type { Facts } from './facts.ts'
import type { Until } from './holding.ts'
import type { PolicyContext } from './policy-engine.ts'
import type { Question } from './question.ts'

const minuteMs = 60_000

/**
 * The facts of the context that policies look at, and no others. Time stands still for a minute: `now` is the minute's
 * beginning and an answer that saw it is good until the next.
 */
export function contextFactsFor(
  wanted: ReadonlySet<ContextFact>,
  { actor, now }: Question,
  facts: Facts,
  until: Until,
  { zone, regionOf }: Bearings,
): PolicyContext {
  if (wanted.size === 0) return {}
  const found: Record<string, AttributeValue> = {}
  const minute = now - (now % minuteMs)
  const address = actor.address !== undefined && parseAddress(actor.address) !== undefined ? actor.address : undefined
  if (wanted.has('assurance')) found['assurance'] = factorsOf(actor)
  if (wanted.has('phishingResistant')) found['phishingResistant'] = actor.assurance?.phishingResistant ?? false
  if (wanted.has('address') && address !== undefined) found['address'] = { __extn: { fn: 'ip', arg: address } }
  const region = wanted.has('region') ? regionOf(address) : undefined
  if (region !== undefined) found['region'] = region
  if (wanted.has('networks')) found['networks'] = networksAround(address, facts)
  if (wanted.has('now')) {
    found['now'] = { __extn: { fn: 'datetime', arg: new Date(minute).toISOString() } }
  }
  if (wanted.has('time')) found['time'] = timeIn(zone, minute)
  if (wanted.has('now') || wanted.has('time')) until.note(minute + minuteMs, now)
  return found
}

/** How many independent factors were proven: 0 where no credential is involved, 1 unless more is known. */
function factorsOf({ credential, assurance }: Actor): number {
  return credential === undefined ? 0 : (assurance?.factors ?? 1)
}

/** Names of the named networks the address lies in. */
function networksAround(address: string | undefined, facts: Facts): readonly string[] {
  const networks = facts.networks() ?? []
  if (address === undefined) return []
  return networks.filter(({ cidrs }) => inCidrs(address, cidrs)).map(({ name }) => name)
}

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const formats = new Map<string, Intl.DateTimeFormat>()

/** @returns weekday 1 (Monday) to 7, hour 0 to 23, minute 0 to 59 and the date as 2026-12-31 */
function timeIn(zone: string, instant: number): Readonly<Record<string, AttributeValue>> {
  const parts = new Map(
    formatFor(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  )
  return {
    weekday: weekdays.indexOf(parts.get('weekday') ?? '') + 1,
    hour: Number(parts.get('hour')),
    minute: Number(parts.get('minute')),
    date: `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`,
  }
}

function formatFor(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  })
  formats.set(zone, made)
  return made
}
