import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { closeFrame, FrameFollower } from './frames.ts'

/** A frame as RFC 6455 §5.2 draws it. */
function frame(opcode: number, length: number, masked: boolean): Buffer {
  const mask = masked ? Buffer.from([1, 2, 3, 4]) : Buffer.alloc(0)
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head.writeUInt8(0x80 | opcode, 0)
  head.writeUInt8((masked ? 0x80 : 0) | (length < 126 ? length : length < 65_536 ? 126 : 127), 1)
  if (head.length === 4) head.writeUInt16BE(length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, mask, Buffer.alloc(length, 0x88)])
}

test('a Close fits between frames, whatever pieces they come in, and never into one', () => {
  const one = fc.record({
    opcode: fc.constantFrom(0, 1, 2, 9, 10),
    length: fc.oneof(fc.nat(130), fc.constantFrom(65_535, 65_536, 70_000)),
    masked: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.array(one, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(70_000), { maxLength: 8 }),
      (all, cuts) => {
        const bytes = Buffer.concat(all.map(({ opcode, length, masked }) => frame(opcode, length, masked)))
        const ends = new Set<number>([0])
        let at = 0
        for (const { opcode, length, masked } of all) {
          at += frame(opcode, length, masked).length
          ends.add(at)
        }
        const follower = new FrameFollower()
        const places = [...new Set(cuts.map((cut) => cut % bytes.length))].toSorted((a, b) => a - b)
        let from = 0
        for (const place of [...places, bytes.length]) {
          follower.pass(bytes.subarray(from, place))
          from = place
          assert.equal(follower.takesClose, ends.has(place), `at ${place}`)
        }
        assert.equal(follower.dataFrames, all.filter(({ opcode }) => opcode < 8).length)
      },
    ),
    { numRuns: 200 },
  )
})

test('after a Close no other is added', () => {
  const follower = new FrameFollower()
  const frames = closeFrame(1001, 'going away')
  follower.pass(frames)
  assert.equal(follower.takesClose, false)
  assert.deepEqual([...frames.subarray(0, 4)], [0x88, 12, 0x03, 0xe9])
  assert.equal(closeFrame(1008, 'x'.repeat(200)).length, 127)
})
