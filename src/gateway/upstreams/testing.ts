/** Upstreams without a gate around them. For tests. */
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { type FakeClock, fakeClock } from '#platform/testing'
import type { GatewayCode } from '../errors.ts'
import { type Reached, type UpstreamParts, Upstreams } from '../proxy/upstreams.ts'
import { balanceSettings } from '../settings/balance-settings.ts'
import { MachinePaths } from './machine-paths.ts'

export interface TestUpstreams {
  readonly upstreams: Upstreams
  readonly clock: FakeClock
  /** What was noted, in words: `ejected http://… gateway.upstream-closed`. */
  readonly notes: string[]
  /** Work that waits for its time, in the order it was scheduled. */
  readonly waiting: { readonly ms: number; readonly work: () => void }[]
  /** Says `scheduled` whenever something is. */
  readonly scheduled: EventEmitter
}

/** Closed when the test ends. Time stands still, and nothing scheduled runs by itself. */
export function testUpstreams(t: TestContext, parts: Partial<UpstreamParts> = {}): TestUpstreams {
  const clock = fakeClock()
  const notes: string[] = []
  const scheduled = new EventEmitter()
  const waiting: { ms: number; work: () => void }[] = []
  const upstreams = new Upstreams({
    own: () => assert.fail('nothing is presented'),
    paths: new MachinePaths({ sockets: [], folders: [], data: import.meta.dirname }),
    kind: () => undefined,
    clock,
    schedule: (ms, work) => {
      const entry = { ms, work }
      waiting.push(entry)
      scheduled.emit('scheduled')
      return () => {
        const at = waiting.indexOf(entry)
        if (at >= 0) waiting.splice(at, 1)
      }
    },
    notes: {
      ejected: ({ text }, code: GatewayCode) => notes.push(`ejected ${text} ${code}`),
      movedOn: (from, to, code) => notes.push(`moved from ${from.text} to ${to.text} ${code}`),
      turned: (text, { passed }) => notes.push(`${text} ${passed ? 'passes' : 'fails'}`),
    },
    ...parts,
  })
  t.after(() => upstreams.close())
  return { upstreams, clock, notes, waiting, scheduled }
}

/** A TCP server that does as told with every connection. */
export async function startRaw(t: TestContext, serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Waits for the request and then does or says so. */
export const onRequest = (answer: string | ((socket: Socket) => void)) => (socket: Socket) => {
  socket.once('data', () => (typeof answer === 'string' ? socket.end(answer) : answer(socket)))
}

/** A route as far as its upstreams go. */
export function reached(upstreams: readonly string[], balance: Partial<Reached['balance']> = {}): Reached {
  return {
    host: 'app.localhost',
    upstreams,
    presentCertificate: false,
    timeouts: { connectMs: 1_000, headersMs: 1_000, bodyMs: 1_000, socketIdleMs: 1_000 },
    balance: { ...balanceSettings.defaults, ...balance },
  }
}
