import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads'
import type { WorkerStart } from './worker-messages.ts'

/** A program for worker threads that does what its place says, those that end by themselves when they are told to. */
const { place, channel } = workerData as WorkerStart
// the fifth waits for something that never comes, the sixth has something to say first
let told = false
parentPort?.on('message', () => {
  if (place === 5) return
  if (place !== 6 || told) process.exit(0)
  told = true
  parentPort?.postMessage({ kind: 'unwritten', code: 'platform.storage-full', message: 'no room' })
})
const line = new BroadcastChannel(channel)
line.onmessage = () => {
  if (place === 3) throw new Error('a fault of the program')
  if (place === 4) process.exit(0)
}
if (place === 2) parentPort?.postMessage({ kind: 'failed', message: 'the port is taken' })
else parentPort?.postMessage({ kind: 'listening' })
