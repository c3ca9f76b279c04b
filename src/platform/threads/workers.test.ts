import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BroadcastChannel } from 'node:worker_threads'
import { ThreadMemory } from '../db/thread-memory.ts'
import { TicketKeys } from '../listener/ticket-keys.ts'
import type { WorkerStart } from './worker-messages.ts'
import { newChannel, startWorkers } from './workers.ts'

const program = new URL('worker-fixture.ts', import.meta.url)

function starts(...places: readonly number[]): readonly WorkerStart[] {
  const common = { channel: newChannel(), memory: new ThreadMemory().memory, ticketKeys: new TicketKeys().pair }
  const others = places.length
  return places.map((place) => ({ ...common, place, others, https: '', environment: {}, configFile: undefined }))
}

test('workers that listen are stopped together, and stopping is no failure', async () => {
  const workers = await startWorkers(program, starts(1, 1))
  await workers.stop({ graceMs: 0 })
  await workers.stop({ graceMs: 0 })
  const after = await Promise.race([workers.failed.catch(() => 'failed'), Promise.resolve('nothing')])
  assert.equal(after, 'nothing')
})

test('what one could not write as it stopped is told when each has ended', async () => {
  const workers = await startWorkers(program, starts(6, 1))
  const unwritten = { code: 'platform.storage-full', message: 'gatehouse worker 6: no room' }
  await assert.rejects(workers.stop({ graceMs: 0 }), unwritten)
  await assert.rejects(workers.stop({ graceMs: 0 }), unwritten)
})

test('one that cannot start stops the others, and says why', async () => {
  await assert.rejects(startWorkers(program, starts(1, 2)), {
    code: 'platform.worker-failed',
    message: /gatehouse worker 2 ended: the port is taken/,
  })
})

test('one that does not stop while another could not start is ended, so that the failure is told', async () => {
  await assert.rejects(startWorkers(program, starts(5, 2), 50), {
    code: 'platform.worker-failed',
    message: /gatehouse worker 2 ended: the port is taken/,
  })
})

test('one that ends by itself, by a fault or without a word, is told', async (t) => {
  for (const [place, message] of [
    [3, /a fault of the program/],
    [4, /exit code 0/],
  ] as const) {
    const threads = starts(1, place)
    const workers = await startWorkers(program, threads)
    const line = new BroadcastChannel(threads[0]?.channel ?? '')
    t.after(() => {
      line.close()
      return workers.stop({ graceMs: 0 })
    })
    line.postMessage('end')
    await assert.rejects(workers.failed, (error: Error) => {
      assert.match(error.message, message)
      // where it happened
      if (place === 3) assert.match(String((error.cause as Error).stack), /worker-fixture/)
      return true
    })
  }
})
