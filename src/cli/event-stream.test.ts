import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { eventsOf, type ReceivedEvent } from './event-stream.ts'

async function* pieces(text: string, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  const places = [...new Set(cuts.map((cut) => cut % bytes.length))].toSorted((a, b) => a - b)
  let from = 0
  for (const place of [...places, bytes.length]) {
    yield bytes.subarray(from, place)
    from = place
  }
}

async function read(text: string, cuts: readonly number[] = []): Promise<readonly ReceivedEvent[]> {
  const events: ReceivedEvent[] = []
  for await (const event of eventsOf(pieces(text, cuts))) events.push(event)
  return events
}

test('events are read whatever pieces they come in; signs of life and half an event are none', async () => {
  const text =
    'retry: 3000\n: open\n\nid: 7\nevent: record\ndata: {"name":"李"}\ndata: two\n\n: \n\ndata:x\n\nid: 8\ndata: half'
  const expected = [
    { id: '7', event: 'record', data: '{"name":"李"}\ntwo' },
    { id: undefined, event: 'message', data: 'x' },
  ]
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(500), { maxLength: 12 }), async (cuts) => {
      assert.deepEqual(await read(text, cuts), expected)
    }),
    { numRuns: 100 },
  )
})

test('an event without end is not kept for ever', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.alloc(1_048_576, 'x')
  }
  await assert.rejects(async () => {
    for await (const _ of eventsOf(endless())) assert.fail('no event')
  }, /longer than/)
})
