import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createHashLanes } from './hash-lanes.ts'

/** Works that end when told, in lanes; `answered` are those whose caller went on, in order. */
function works(lanes: number, count: number) {
  const inLane = createHashLanes(lanes)
  const begun: number[] = []
  const answered: string[] = []
  const ends: PromiseWithResolvers<string>[] = Array.from({ length: count }, () => Promise.withResolvers())
  for (const [n, end] of ends.entries()) {
    inLane(() => {
      begun.push(n)
      return end.promise
    }).then(
      (text) => answered.push(text),
      (fault: Error) => answered.push(fault.message),
    )
  }
  return {
    begun,
    answered,
    async end(n: number) {
      ends[n]?.resolve(`right ${n}`)
      await turn()
    },
    async failAt(n: number) {
      ends[n]?.reject(new Error(`wrong ${n}`))
      await turn()
    },
  }
}

test('while others wait, hashes are answered three at a time, failed ones among them, and the last ones at once', async () => {
  const { begun, answered, end, failAt } = works(1, 5)
  await end(0)
  await failAt(1)
  assert.deepEqual([begun, answered], [[0, 1, 2], []])
  await end(2)
  assert.deepEqual(answered.toSorted(), ['right 0', 'right 2', 'wrong 1'])
  await end(3)
  assert.equal(answered.length, 3)
  // nobody waits for the lane any more: whoever is held goes on with the last
  await end(4)
  assert.deepEqual(begun, [0, 1, 2, 3, 4])
  assert.deepEqual(answered.slice(3).toSorted(), ['right 3', 'right 4'])
})

test('where nobody waits for a lane, nobody is held', async () => {
  const { begun, answered, end } = works(2, 2)
  assert.deepEqual(begun, [0, 1])
  await end(1)
  assert.deepEqual(answered, ['right 1'])
  await end(0)
  assert.deepEqual(answered, ['right 1', 'right 0'])
})

test('a hash held behind one lane goes on with the next from whichever lane', async () => {
  const { begun, answered, end } = works(2, 3)
  await end(1)
  assert.deepEqual([begun, answered], [[0, 1, 2], []])
  await end(0)
  assert.deepEqual(answered.toSorted(), ['right 0', 'right 1'])
})

test('a lane is free again once everything was answered', async () => {
  const inLane = createHashLanes(1)
  const all = await Promise.all(Array.from({ length: 7 }, (_, n) => inLane(async () => n)))
  assert.deepEqual(all, [0, 1, 2, 3, 4, 5, 6])
  assert.equal(await inLane(async () => 'again'), 'again')
})
