import assert from 'node:assert/strict'
import { Session } from 'node:inspector'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { bodyPassed, collectedBytes, giveBackMemory } from './memory.ts'
import { countCollections } from './testing/collections.ts'

test('what bodies leave behind is collected after so many bytes, however they are cut', async (t) => {
  const collected = countCollections(t)
  for (let at = 0; at < 8; at += 1) bodyPassed(collectedBytes / 8 - 1)
  await setImmediate()
  assert.equal(collected(), 0)
  bodyPassed(8)
  for (let at = 0; at < 4; at += 1) bodyPassed(collectedBytes)
  while (collected() < 5) await setImmediate()
  assert.equal(collected(), 5)
})

test('threads that collect for the first time at once do not take the collector from each other', async () => {
  const memory = JSON.stringify(new URL('./memory.ts', import.meta.url).href)
  const program = `
    const { arrived, many } = require('node:worker_threads').workerData
    import(${memory}).then(({ giveBackMemory }) => {
      if (Atomics.add(arrived, 0, 1) === many - 1) Atomics.notify(arrived, 0)
      for (let here; (here = Atomics.load(arrived, 0)) < many; ) Atomics.wait(arrived, 0, here)
      giveBackMemory()
    })`
  const many = 6
  for (let round = 0; round < 8; round++) {
    const arrived = new Int32Array(new SharedArrayBuffer(4))
    const ended = Array.from({ length: many }, () => {
      const thread = new Worker(program, { eval: true, workerData: { arrived, many } })
      return new Promise<void>((resolve, reject) => thread.once('error', reject).once('exit', () => resolve()))
    })
    await Promise.all(ended)
  }
})

test('the shape of ticks is held when memory is given back: compiled code that made them would go through the runtime', async () => {
  await setImmediate()
  assert.equal(livingTicks(), 0)
  giveBackMemory()
  await setImmediate()
  assert.equal(livingTicks(), 1)
})

/** What `process.nextTick` made and somebody still holds, collected before it is counted. */
function livingTicks(): number {
  const session = new Session()
  session.connect()
  try {
    const { result: prototype } = asked(session, 'Runtime.evaluate', { expression: 'Object.prototype' })
    const { objects } = asked(session, 'Runtime.queryObjects', { prototypeObjectId: prototype?.objectId })
    const isTick = 'Object.getOwnPropertySymbols(one).some((key) => key.description === "async_id_symbol")'
    const { result } = asked(session, 'Runtime.callFunctionOn', {
      objectId: objects?.objectId,
      functionDeclaration: `function () { return this.filter((one) => Object.getPrototypeOf(one) === Object.prototype && ${isTick}).length }`,
      returnByValue: true,
    })
    return result?.value ?? Number.NaN
  } finally {
    session.disconnect()
  }
}

interface Remote {
  readonly objectId?: string
  readonly value?: number
}

/** A session of this thread answers before `post` returns. */
function asked(session: Session, method: string, params: object) {
  let answer: { readonly result?: Remote; readonly objects?: Remote } = {}
  session.post(method, params, (error, told?: object) => {
    if (error !== null) throw error
    answer = told ?? {}
  })
  return answer
}
