import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Secret } from '#kit'
import { systemRandom } from '#platform'
import { createHasher } from '../password-hash.ts'
import { createHashLanes, lanesOf } from './hash-lanes.ts'

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
    end: async (n: number) => {
      ends[n]?.resolve(`right ${n}`)
      await turn()
    },
    failAt: async (n: number) => {
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

test('lanes are those of the whole process, and leave a thread of its pool to others unless told otherwise', () => {
  assert.deepEqual(
    [1, 2, 4, 5, 64].map((cores) => lanesOf(undefined, cores, 1)),
    [1, 1, 3, 3, 3],
  )
  assert.equal(lanesOf(undefined, 64, 2), 1)
  assert.equal(lanesOf(8, 2, 1), 8)
  assert.equal(lanesOf(8, 64, 3), 2)
  assert.equal(lanesOf(2, 64, 8), 1)
})

test('on a machine of many cores a file is read while a crowd signs in, not behind it', async () => {
  const crowd = 40
  const hasher = createHasher({ lanes: lanesOf(undefined, 64, 1), queue: crowd, random: systemRandom })
  let hashed = 0
  const all = Array.from({ length: crowd }, () =>
    hasher.queued(async (queue) => {
      await queue.hash(new Secret('violet harbour 17'))
      hashed += 1
    }),
  )
  await turn()
  await readFile(import.meta.filename)
  // every read takes the pool some turns; behind all of the crowd it would take the crowd's time each
  assert.ok(hashed < crowd / 2, `${hashed} of ${crowd} came first`)
  await Promise.all(all)
})
