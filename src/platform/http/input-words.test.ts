import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { readInput } from './input.ts'
import { route } from './route.ts'

/** What the door says of one value in a field. */
function said(schema: z.ZodType, value: unknown): string {
  const of = route({
    method: 'POST',
    path: '/',
    door: 'api',
    access: { public: 'test' },
    body: z.strictObject({ of: schema }),
    handler: () => Promise.reject(new TypeError('not asked')),
  })
  const read = readInput(of, {}, new URLSearchParams(), { of: value })
  return 'faults' in read ? read.faults.map(({ message }) => message).join('; ') : 'taken'
}

test('what is wrong with a field is said in the words of people, not of the library', () => {
  const faults: readonly (readonly [z.ZodType, unknown, string])[] = [
    [z.string().min(1), '', 'is empty'],
    [z.string().min(3), 'ab', 'at least 3 characters'],
    [z.string().max(3), 'abcd', 'at most 3 characters'],
    [z.string(), undefined, 'is missing'],
    [z.string(), ['a', 'b'], 'one value, not several'],
    [z.array(z.string()).min(1), [], 'at least one'],
    [z.array(z.string()).max(2), ['a', 'b', 'c'], 'at most 2'],
    [z.coerce.number(), 'x', 'a number'],
    [z.coerce.number().int(), '1.5', 'a whole number'],
    [z.coerce.number().int().min(1).max(9), '0', 'at least 1'],
    [z.coerce.number().int().min(1).max(9), '10', 'at most 9'],
    [z.enum(['on', 'off']), 'x', 'one of: on, off'],
    [z.string().min(1, 'say what for'), '', 'say what for'],
    [z.string().min(1), 'a', 'taken'],
  ]
  for (const [schema, value, words] of faults) assert.equal(said(schema, value), words)
})
