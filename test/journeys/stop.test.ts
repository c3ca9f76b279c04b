import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, type TestContext, test } from 'node:test'
import { runCommand } from '../product/command.ts'
import { ask, askLocally } from '../product/http.ts'
import { cleanUp, newDirectory, type Product, startProduct } from '../product/start.ts'

const app = 'app.localhost'

describe('a stop signal', { timeout: 240_000 }, () => {
  let directory: string
  before(() => {
    directory = newDirectory()
  })
  after(cleanUp)

  /** The product with an app whose answer to whoever asks has begun and ends when the test says so. */
  async function startAnswering(t: TestContext) {
    const asked = Promise.withResolvers<ServerResponse>()
    const upstream = createServer((_, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('begun')
      asked.resolve(response)
    })
    t.after(() => upstream.closeAllConnections())
    t.after(() => upstream.close())
    upstream.listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const product = await startProduct({ directory })
    const { port } = upstream.address() as AddressInfo
    const access = { kind: 'public', reason: 'a test of stopping' }
    const name = `app-${port}`
    const body = JSON.stringify({ name, host: app, upstreams: [`http://127.0.0.1:${port}`], access })
    const made = await askLocally(product, '/api/v1/routes', { method: 'POST', body })
    assert.equal(made.status, 201, made.text)
    const answer = ask(product, '/', { host: app })
    answer.catch(() => undefined)
    return { product, name, answer, response: await asked.promise }
  }

  async function stopping(product: Product): Promise<void> {
    product.process.kill('SIGTERM')
    while (!product.output().includes('stopping; requests in flight are finished first')) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  test('finishes what is in flight, takes nothing new, ends with 0, and keeps what it acknowledged', async (t) => {
    const { product, name, answer, response } = await startAnswering(t)
    const ended = once(product.process, 'exit')
    await stopping(product)
    await assert.rejects(async () => {
      for (;;) await ask(product, '/healthz')
    }, /ECONNREFUSED|ECONNRESET|hang up|socket disconnected/)
    assert.equal(product.process.exitCode, null, 'it ended before its answer did')
    response.end('ended')
    assert.equal((await answer).text, 'begunended')
    assert.deepEqual(await ended, [0, null])

    const again = await startProduct({ directory })
    assert.equal((await askLocally(again, `/api/v1/routes/${name}`)).status, 200)
    assert.equal((await runCommand(directory, ['audit', 'verify'])).code, 0)
    await askLocally(again, `/api/v1/routes/${name}`, { method: 'DELETE' })
    assert.equal(await again.stop(), 0, 'with nothing in flight')
  })

  test('given twice ends the process at once', async (t) => {
    const { product, answer } = await startAnswering(t)
    const ended = once(product.process, 'exit')
    await stopping(product)
    product.process.kill('SIGTERM')
    assert.deepEqual(await ended, [null, 'SIGTERM'])
    await assert.rejects(answer)
  })
})
