import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { openHttp2, startGate, startUpstream } from '../testing.ts'

const host = 'app.localhost'

async function start(t: TestContext) {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({
    name: 'app',
    host,
    upstreams: [upstream.origin],
    access: { kind: 'public', reason: 'a test of raw bytes' },
    request: {
      identityHeaders: { 'X-WEBAUTH-USER': '{handle}' },
      setHeaders: { 'X-Tenant': 'acme' },
    },
  })
  return { gate, upstream }
}

/** Every name that an upstream got, as a CGI-like server reads it. */
function namesOf(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '_'))
}

test('attacks 5 and 6, raw: no spelling, repetition, folding, trailer or Connection makes a client’s word one of ours', async (t) => {
  const { gate, upstream } = await start(t)
  const lines = [
    'X-WEBAUTH-USER: root',
    'x_webauth_user: root',
    'X.Webauth.User: root',
    'x-webauth-user: root\r\nX-Webauth-User: root',
    "x'webauth!user: root",
    'X-Webauth-User:root\r\nConnection: x-webauth-user, x-tenant',
    'X-Webauth-User : root',
    'X-Ok: 1\r\n X-Webauth-User: root',
    'X-Webauth-User\t: root',
    'X-Tenant: evil\r\nx_tenant: evil',
  ]
  for (const line of lines) {
    const before = upstream.seen.length
    const answer = await gate.raw(host, `GET / HTTP/1.1\r\nHost: ${host}\r\n${line}\r\nConnection: close\r\n\r\n`)
    const seen = upstream.seen.slice(before)
    assert.match(answer, /^HTTP\/1\.1 (?:200|400) /, line)
    for (const { rawHeaders } of seen) {
      const names = namesOf(rawHeaders)
      assert.ok(!names.includes('x_webauth_user'), line)
      assert.equal(names.filter((name) => name === 'x_tenant').length, 1, line)
      assert.doesNotMatch(rawHeaders.join('\n'), /root|evil/, line)
    }
  }
  const before = upstream.seen.length
  await gate.raw(
    host,
    `POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Webauth-User\r\nConnection: close\r\n\r\n` +
      '2\r\nok\r\n0\r\nX-Webauth-User: root\r\nX-Tenant: evil\r\n\r\n',
  )
  const last = upstream.seen.at(-1)
  assert.equal(upstream.seen.length, before + 1)
  assert.equal(last?.body, 'ok')
  assert.doesNotMatch(JSON.stringify(last), /root|evil/)
})

test('attacks 5 and 6 over HTTP/2', async (t) => {
  const { gate, upstream } = await start(t)
  const session = openHttp2(t, gate, host)
  const stream = session.request({
    ':path': '/',
    ':authority': `${host}:${gate.port}`,
    'x-webauth-user': 'root',
    x_webauth_user: 'root',
    'x.tenant': 'evil',
  })
  const [headers] = (await once(stream, 'response')) as [Readonly<Record<string, unknown>>]
  stream.resume()
  assert.equal(headers[':status'], 200)
  const raw = upstream.seen.at(-1)?.rawHeaders ?? []
  assert.deepEqual(
    namesOf(raw).filter((name) => /webauth|tenant/.test(name)),
    ['x_tenant'],
  )
  assert.doesNotMatch(raw.join('\n'), /root|evil/)
})
