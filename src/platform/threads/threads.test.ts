import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLog } from '../testing/log.ts'
import { joinThreads, noOtherThreads } from './threads.ts'
import { newChannel } from './workers.ts'

function sorted(answers: readonly unknown[]): readonly string[] {
  return answers.map(String).toSorted()
}

function three() {
  const log = memoryLog()
  const channel = newChannel()
  const threads = [0, 1, 2].map((place) => joinThreads({ channel, place, others: 2 }, log))
  const [main, one, two] = threads
  assert.ok(main !== undefined && one !== undefined && two !== undefined)
  const leave = () => {
    for (const thread of threads) thread.leave()
  }
  return { main, one, two, log, leave }
}

test('all others answer, whoever asks, and nobody hears another server', async (t) => {
  const { main, one, two, leave } = three()
  const elsewhere = three()
  t.after(leave)
  t.after(elsewhere.leave)
  for (const [name, thread] of Object.entries({ main, one, two })) {
    thread.answer('name', (about) => Promise.resolve(`${name} of ${String(about)}`))
  }
  elsewhere.one.answer('name', () => 'elsewhere')
  assert.deepEqual(sorted(await main.ask('name', 'a')), ['one of a', 'two of a'])
  assert.deepEqual(sorted(await one.ask('name', 'b')), ['main of b', 'two of b'])
  const [first, second] = await Promise.all([two.ask('name', 1), two.ask('name', 2)])
  assert.deepEqual(
    [sorted(first), sorted(second)],
    [
      ['main of 1', 'one of 1'],
      ['main of 2', 'one of 2'],
    ],
  )
  assert.throws(() => main.answer('name', () => 1), TypeError)
})

test('one that fails, or cannot answer yet, is left out; whoever waits when all leave is told what there is', async (t) => {
  const { main, one, two, log, leave } = three()
  t.after(leave)
  one.answer('count', () => {
    throw new Error('a fault')
  })
  two.answer('count', () => 2)
  assert.deepEqual(await main.ask('count'), [2])
  assert.ok(log.entries.some(({ message }) => message === 'another thread asked, and could not be answered'))
  assert.deepEqual(await main.ask('never heard of'), [])
  assert.equal(log.entries.length, 1, 'that one has no answer is nothing to tell')
  two.leave()
  const waiting = main.ask('count')
  main.leave()
  assert.deepEqual(await waiting, [])
  assert.deepEqual(await main.ask('count'), [])
})

test('one that leaves while it looks for its answer says nothing more', async (t) => {
  const { main, one, leave } = three()
  t.after(leave)
  const asked = Promise.withResolvers<void>()
  const found = Promise.withResolvers<number>()
  one.answer('slow', () => {
    asked.resolve()
    return found.promise
  })
  const answers = main.ask('slow')
  await asked.promise
  one.leave()
  found.resolve(1)
  // what it would say, or fail in saying, is said by now
  await new Promise(setImmediate)
  main.leave()
  assert.deepEqual(await answers, [])
})

test('where there is one thread only nobody answers', async () => {
  const alone = noOtherThreads()
  alone.answer('count', () => 1)
  assert.throws(() => alone.answer('count', () => 1), TypeError)
  assert.deepEqual(await alone.ask('count'), [])
  assert.equal(alone.others, 0)
})
