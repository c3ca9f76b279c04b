import type { Dice } from '../oracle/dice.ts'
import type { Schema } from './operations.ts'

/** Where a value stands in a body: names of members, and 0 for the first of a list. */
export type Place = readonly (string | number)[]

/** A body as it goes over the wire, and what it is called where something comes of it. */
export interface DeformedBody {
  readonly about: string
  readonly text: string
  /** What JSON must not hold is in it, wherever that stands: no operation may take it. */
  readonly isNoBody: boolean
}

/** Values as JSON writes them, which few fields expect and none may fail at. */
const oddValues = [
  ...'null true false 0 -0 -1 1.5 1e308 1e999 9007199254740994 [] {} [null] [[]] [{}] {"":0}'.split(' '),
  ...'{"__proto__":{"a":1}} {"constructor":{"prototype":{"a":1}}} {"toString":null}'.split(' '),
  ...'"\\u0000" "a\\u0000b" "\\u001b[31m\\r\\nset-cookie:a=b"'.split(' '),
  '9'.repeat(40),
  `${'['.repeat(25)}${']'.repeat(25)}`,
  JSON.stringify(Array.from({ length: 5_000 }, () => 'a')),
]

/** Half characters, and lists in lists without end. */
const noValues = ['"\\ud800"', '"\\udc00a"', '["\\ud800"]', '{"\\udfff":0}', `${'['.repeat(1_000)}${']'.repeat(1_000)}`]

const oddTexts = [
  ...'__proto__ constructor toString hasOwnProperty null undefined NaN -1 1e309 İıß ٣ 😀 \u{202e}abc'.split(' '),
  ...`* *:* : :: a:b: a:b:c a:b:* @ @nobody % _ \\ " ' %00 {name} AAAA ZZ { gat_ acc_ acc_${'0'.repeat(32)}`.split(' '),
  ...'../../etc/passwd file:///etc/passwd http://[::1 javascript:alert(1) https://user:word@localhost/'.split(' '),
  ...'2030-13-45T00:00:00Z 9999-12-31T23:59:59.999Z 0000-01-01T00:00:00Z 1970-01-01T00:00:00Z'.split(' '),
  ...'+275760-09-13T00:00:00.001Z 2016-12-31T23:59:60Z 2030-01-01T00:00:00.123456789+23:59'.split(' '),
  ...'0.0.0.0/0 ::/0 1.2.3.4/33 10.0.0.1/8 999.1.1.1 ::ffff:10.0.0.1 [::1]:443'.split(' '),
  '',
  ' ',
  '\t',
  '\u{feff}',
  "' OR 1=1 --",
  'ssh-ed25519 AAAA',
  '---\n- &a [*a]',
  '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
  'e\u{301}'.repeat(20),
  'x'.repeat(30_000),
]

const odd: readonly string[] = [...oddValues, ...oddTexts.map((text) => JSON.stringify(text))]

/** What stands in the place of an id in a path, or of a value in a query, as it is written there. */
export const oddSegments: readonly string[] = [
  ...'%00 a%00b ..%2f..%2fetc %2e%2e %20 % %zz %ff %ed%a0%80 %0d%0aa:b %25 %2A %5c %22 %27 a%3Ab a:b:c'.split(' '),
  ...'__proto__ constructor null * %F0%9F%98%80 %E2%80%AE ;a=b AAAA 1.2.3.4/99 2030-13-45T00:00:00Z'.split(' '),
  ...'0 -1 1e9 0x10 1.5 NaN Infinity 9007199254740993'.split(' '),
  '',
  '9'.repeat(40),
  'x'.repeat(6_000),
  `acc_${'0'.repeat(32)}`,
  `rol_${'f'.repeat(32)}`,
]

/** Bodies that are no body of the operation, whichever it is, with what their senders call them. */
export const oddBodies: readonly { readonly body: string; readonly type?: string }[] = [
  ...'{ "\\ null 1 "a" [] {"a":NaN} \u{feff}{} {"__proto__":{"a":1}}'
    .split(' ')
    .map((body) => ({ body, type: 'application/json' })),
  { body: '', type: 'application/json' },
  { body: '{"a":'.repeat(1_000) + '1'.padEnd(1_001, '}'), type: 'application/json' },
  { body: `${']'.repeat(2_000)}${'['.repeat(2_000)}`, type: 'application/json' },
  { body: JSON.stringify({ a: 'x'.repeat(300_000) }), type: 'application/json' },
  { body: 'a=b', type: 'application/x-www-form-urlencoded' },
  { body: '{}', type: 'text/plain' },
  { body: '{}', type: ';;,application/json' },
  { body: 'no type' },
]

/** Every place of a schema with what stands there; of alternatives those of each. */
export function* placesOf(schema: Schema, at: Place = []): Generator<{ readonly at: Place; readonly schema: Schema }> {
  if (at.length > 5) return
  if (at.length > 0) yield { at, schema }
  for (const one of schema.anyOf ?? schema.oneOf ?? []) {
    for (const place of placesOf(one, at)) if (place.at.length > at.length || at.length === 0) yield place
  }
  for (const [name, inner] of Object.entries(schema.properties ?? {})) yield* placesOf(inner, [...at, name])
  if (schema.items !== undefined) yield* placesOf(schema.items, [...at, 0])
  if (typeof schema.additionalProperties === 'object') yield* placesOf(schema.additionalProperties, [...at, 'x-odd'])
}

/** Bodies that differ from a sound one in one place: too much of what is expected there, some odd value, or nothing. */
export function deformedBodies(schema: Schema, sound: () => unknown, dice: Dice): readonly DeformedBody[] {
  const bodies: DeformedBody[] = []
  const put = (at: Place, value: string, isNoBody = false) =>
    bodies.push({ about: `${at.join('.')} = ${value.slice(0, 60)}`, text: withValue(sound(), at, value), isNoBody })
  for (const { at, schema: there } of placesOf(schema)) {
    for (const value of dice.some(outside(there), 2)) put(at, value)
    for (const value of dice.times(2, () => dice.pick(odd))) put(at, value)
    if (dice.once(4)) put(at, dice.pick(noValues), true)
    if (typeof at.at(-1) === 'string' && dice.once(2))
      bodies.push({ about: `no ${at.join('.')}`, text: without(sound(), at), isNoBody: false })
  }
  put(['no-such-field'], '1')
  return bodies
}

/** Values at the bounds that a schema tells and just beyond. */
function outside({ enum: words, maximum, minimum, maxItems, maxLength, format, items }: Schema): readonly string[] {
  return [
    ...(words === undefined ? [] : ['"no-such-word"']),
    ...(maximum === undefined ? [] : [String(maximum), String(maximum + 1)]),
    ...(minimum === undefined ? [] : [String(minimum - 1)]),
    ...(maxLength === undefined || maxLength > 20_000
      ? []
      : [JSON.stringify('x'.repeat(maxLength)), JSON.stringify('😀'.repeat(maxLength))]),
    ...(maxItems === undefined ? [] : [JSON.stringify(Array.from({ length: maxItems + 1 }, () => itemOf(items)))]),
    ...(format === 'date-time' ? ['"2030-02-30T00:00:00Z"', '"0000-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"'] : []),
  ]
}

function itemOf(items: Schema | undefined): unknown {
  return items?.enum?.[0] ?? (items?.type === 'object' ? {} : 'a')
}

const mark = 'the value'

/** JSON of a body with a value put into a place; members and lists on the way are made where there are none. */
function withValue(body: unknown, at: Place, value: string): string {
  const within = (whole: unknown, [step, ...rest]: Place): unknown => {
    if (step === undefined) return mark
    if (typeof step === 'number') return [within(Array.isArray(whole) ? whole[step] : undefined, rest)]
    const members = isMembers(whole) ? whole : {}
    return { ...members, [step]: within(members[step], rest) }
  }
  return JSON.stringify(within(body, at)).replace(JSON.stringify(mark), () => value)
}

function without(body: unknown, at: Place): string {
  const less = (whole: unknown, [first, ...others]: Place): unknown => {
    if (!isMembers(whole) || typeof first !== 'string') return whole
    const { [first]: gone, ...left } = whole
    return others.length === 0 || gone === undefined ? left : { ...left, [first]: less(gone, others) }
  }
  return JSON.stringify(less(body, at))
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
