import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, createSecureContext } from 'node:tls'
import { createListener } from '#platform'
import { createMetrics, memoryLog, testCertificate } from '#platform/testing'
import { Exchange } from '../proxy/exchange.ts'
import { startUpstream } from '../testing.ts'
import { reached, testUpstreams } from '../upstreams/testing.ts'
import { rulesFor } from './testing.ts'

const host = 'a.test'

for (const bodyBytes of [undefined, 1_000_000]) {
  const kind = bodyBytes === undefined ? 'an upload' : 'an upload that is counted'
  test(`attack 11: ${kind} that stops coming gives its place at the app back, over both protocols`, async (t) => {
    const ends: string[] = []
    const upstream = await startUpstream(t, (request) => {
      request.on('error', () => undefined).resume()
      request.on('aborted', () => ends.push('aborted')).on('end', () => ends.push('whole'))
    })
    const balance = testUpstreams(t).upstreams.balanceOf(reached([upstream.origin]))
    const directory = mkdtempSync(join(tmpdir(), 'gatehouse-slow-'))
    const certificate = createSecureContext(testCertificate(host))
    const listener = createListener({
      https: '127.0.0.1:0',
      http: '127.0.0.1:0',
      adminSocket: join(directory, 'admin.sock'),
      log: memoryLog(),
      metrics: createMetrics(),
      limits: { bodyIdleMs: 1_000, checkMs: 50 },
    })
    listener.certificates(() => certificate)
    const done: unknown[] = []
    listener.otherHosts((request, response) => {
      new Exchange(request, response, {
        balance,
        target: request.url ?? '/',
        headers: ['host', host],
        rules: rulesFor({}),
        bodyBytes,
        headersMs: 60_000,
        bodyMs: 60_000,
        failed: (code) => done.push(code),
        done: (status) => done.push(status),
      }).start()
    })
    await listener.start()
    t.after(async () => {
      await listener.stop({ graceMs: 0 })
      rmSync(directory, { recursive: true, force: true })
    })
    const seen = async (begin: () => void): Promise<void> => {
      const arrived = once(upstream.server, 'request') as Promise<[IncomingMessage]>
      begin()
      const [request] = await arrived
      if (!request.closed) await new Promise((resolve) => request.once('close', resolve))
    }
    const at = { host: '127.0.0.1', port: listener.httpsPort, servername: host, rejectUnauthorized: false }
    await seen(() => {
      const socket = connect(at)
      socket.on('error', () => undefined)
      socket.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`)
    })
    const session = connectHttp2(`https://${host}:${at.port}`, {
      createConnection: () => connect({ ...at, ALPNProtocols: ['h2'] }),
    })
    session.on('error', () => undefined)
    t.after(() => session.destroy())
    await seen(() => {
      const stream = session.request({ ':method': 'POST', ':path': '/' })
      stream.on('error', () => undefined)
      stream.write('hello')
    })
    assert.deepEqual(ends, ['aborted', 'aborted'])
    assert.deepEqual(done, [0, 0])
    assert.equal(balance.only?.inFlight, 0)
  })
}
