import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { type AnyRoom, defineRoom, type Kernel } from './room/contract.ts'
import { startServer } from './server.ts'
import { memoryLog } from './testing.ts'

const refusal = { allowed: false, step: 'policy', code: 'not-held', reason: 'No.', policies: [] } as const

/** A room that tells what becomes of it, and keeps what it was given. */
function room(told: string[], kernels: Kernel[], start: () => Promise<void>): AnyRoom {
  return defineRoom({
    name: 'sample',
    config: z.strictObject({}).prefault({}),
    migrations: [],
    errors: {},
    permissions: [],
    needs: {},
    open: (kernel) => {
      kernels.push(kernel)
      return Promise.resolve({ face: {}, authorize: () => refusal, start, stop: async () => void told.push('stop') })
    },
  })
}

async function failing(t: TestContext, https: string, start: () => Promise<void>, code: RegExp) {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-server-'))
  t.after(() => rmSync(data, { recursive: true }))
  const told: string[] = []
  const kernels: Kernel[] = []
  const environment = { GATEHOUSE_DATA: data, GATEHOUSE_LISTEN_HTTPS: https, GATEHOUSE_LISTEN_HTTP: '127.0.0.1:0' }
  await assert.rejects(startServer({ rooms: [room(told, kernels, start)], environment, log: memoryLog() }), code)
  const [kernel] = kernels
  assert.ok(kernel)
  assert.deepEqual(told, ['stop'])
  await assert.rejects(
    kernel.database.tx(async () => undefined),
    'the database is still open',
  )
  assert.ok(!existsSync(join(data, 'admin.sock')))
  // nothing of it stands in the way of the next one
  const again = await startServer({
    rooms: [room([], [], async () => undefined)],
    environment: { ...environment, GATEHOUSE_LISTEN_HTTPS: '127.0.0.1:0' },
    log: memoryLog(),
  })
  await again.stop({ graceMs: 0 })
}

test('a start that fails in a room undoes what it had begun, and the next one succeeds', async (t) => {
  await failing(t, '127.0.0.1:0', () => Promise.reject(new RangeError('no')), /no/)
})

test('a start that fails at the last, at its ports, undoes all of it, and the next one succeeds', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  t.after(() => taken.close())
  const { port } = taken.address() as AddressInfo
  await failing(t, `127.0.0.1:${port}`, async () => undefined, /another program listens there/)
})
