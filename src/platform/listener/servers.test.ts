import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest, ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { memoryLog, requireAll } from '#platform/testing'
import { createMetrics } from '../metrics.ts'
import { createListener } from './create-listener.ts'
import type { ServedResponse } from './listener.ts'
import {
  ask,
  exchange,
  exchangePlain,
  type Fixture,
  get,
  openHttp2,
  openTls,
  readAll,
  startListener,
  statusOf,
} from './listener-fixture.ts'

const run = promisify(execFile)

test('plain HTTP serves its prefixes and sends the rest to HTTPS, never to a host a request made up', async (t) => {
  const fixture = await startListener(t, {}, (listener) => {
    listener.plain('/.well-known/acme-challenge/', (request, response) => void response.end(`acme ${request.url}`))
    listener.otherHosts(
      (_request, response) => void response.end(),
      undefined,
      (host) => host === 'c.test',
    )
  })
  const { httpsPort } = fixture.listener
  const location = async (host: string, path = '/'): Promise<string | undefined> =>
    /^location: (.*)\r$/im.exec(await exchangePlain(fixture, get(host, path)))?.[1]
  assert.match(await exchangePlain(fixture, get('any.example', '/.well-known/acme-challenge/x')), /acme \/.well-known/)
  assert.equal(await location('A.test:8080', '/p?q=1'), `https://a.test:${httpsPort}/p?q=1`)
  assert.equal(await location('c.test', '//evil.example'), `https://c.test:${httpsPort}//evil.example`)
  assert.equal(await location('a.test', 'http://a.test/p'), `https://a.test:${httpsPort}/p`)
  assert.equal(statusOf(await exchangePlain(fixture, get('a.test'))), 308)
  assert.equal(statusOf(await exchangePlain(fixture, get('evil.example'))), 421)
  for (const host of ['a.test.', 'x@a.test', 'a.test\r\nHost: a.test']) {
    assert.equal(statusOf(await exchangePlain(fixture, get(host))), 400, host)
  }
  assert.equal(statusOf(await exchangePlain(fixture, get('a.test', 'http://evil.example/'))), 400)
})

test("attack 35: the admin socket is its owner's alone and knows no address", async (t) => {
  const fixture = await startListener(t, {}, (listener) => {
    listener.adminHandler((request, response) => void response.end(`admin ${listener.addressOf(request)}`))
  })
  assert.equal(lstatSync(fixture.adminSocket).mode & 0o777, 0o600)
  assert.equal(await askAdmin(fixture), 'admin undefined')
})

function askAdmin({ adminSocket }: Fixture): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath: adminSocket, path: '/' }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      response.on('end', () => resolve(body))
    })
    request.on('error', reject)
    request.end()
  })
}

function optionsIn(directory: string, changes: object = {}) {
  const adminSocket = join(directory, 'admin.sock')
  const common = { https: '127.0.0.1:0', http: '127.0.0.1:0', adminSocket, log: memoryLog(), metrics: createMetrics() }
  return { ...common, ...changes }
}

function temporary(): string {
  return mkdtempSync(join(tmpdir(), 'gatehouse-listener-'))
}

test('a second server on the same data stops, says so, and leaves the first alone', async (t) => {
  const fixture = await startListener(t, {}, (listener) =>
    listener.adminHandler((_request, response) => void response.end('first')),
  )
  const second = createListener({ ...optionsIn('/unused'), adminSocket: fixture.adminSocket })
  await assert.rejects(second.start(), { code: 'platform.already-running', message: /nothing was started/ })
  assert.equal(await askAdmin(fixture), 'first')
  assert.equal(statusOf(await exchange(fixture, get('a.test'))), 200)
})

test('the socket of a dead process is replaced; a file that is no socket is kept', async (t) => {
  const directory = temporary()
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'admin.sock')
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', program])
  assert.ok(lstatSync(path).isSocket())
  const listener = createListener(optionsIn(directory))
  await listener.start()
  await listener.stop({ graceMs: 0 })
  assert.equal(lstatSync(path, { throwIfNoEntry: false }), undefined)
  writeFileSync(path, 'kept')
  await assert.rejects(createListener(optionsIn(directory)).start(), { code: 'platform.admin-socket-unavailable' })
  assert.equal(lstatSync(path).size, 4)
  const long = createListener(optionsIn(directory, { adminSocket: join(directory, 'x'.repeat(120)) }))
  await assert.rejects(long.start(), { code: 'platform.admin-socket-unavailable', message: /choose a shorter/ })
})

test('a port that cannot be opened names the setting to change, and nothing stays open', async (t) => {
  const directory = temporary()
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await once(other, 'listening')
  const address = other.address()
  const taken = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const refused = (changes: object, message: RegExp) =>
    assert.rejects(createListener(optionsIn(directory, changes)).start(), {
      code: 'platform.port-unavailable',
      message,
    })
  await refused({ https: taken }, /another program listens there\. Change \[listen\] https \(GATEHOUSE_LISTEN_HTTPS\)/)
  await refused({ http: taken }, /Change \[listen\] http \(GATEHOUSE_LISTEN_HTTP\)/)
  await refused({ https: '192.0.2.1:0' }, /not one of this machine/)
  const listener = createListener(optionsIn(directory))
  await listener.start()
  await listener.stop({ graceMs: 0 })
  await listener.stop({ graceMs: 0 })
})

test('links use the public port where it is set', async (t) => {
  const directory = temporary()
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const listener = createListener(optionsIn(directory, { publicPort: 443 }))
  t.after(() => listener.stop({ graceMs: 0 }))
  listener.host('a.test', () => undefined)
  await listener.start()
  assert.equal(listener.httpsPort, 443)
  const log = memoryLog()
  const answer = await exchangePlain({ listener, log, metrics: createMetrics(), adminSocket: '' }, get('a.test', '/p'))
  assert.match(answer, /^location: https:\/\/a\.test\/p\r$/m)
})

test('a drain lets what is in flight end, on both protocols, and closes what is idle', async (t) => {
  const waiting: ServedResponse[] = []
  const fixture = await startListener(t, {}, (listener) => {
    listener.otherHosts((_request, response) => void waiting.push(response))
  })
  const idle = openTls(fixture)
  const kept = openTls(fixture)
  const inFlight = openTls(fixture, { serverName: 'b.test' })
  await Promise.all([idle, kept, inFlight].map((socket) => once(socket, 'secureConnect')))
  kept.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
  await once(kept, 'data')
  const closed = [readAll(idle), readAll(kept)]
  const first = readAll(inFlight, 'GET / HTTP/1.1\r\nHost: b.test\r\n\r\n')
  const session = openHttp2(t, fixture, 'b.test')
  const goaway = once(session, 'goaway')
  const second = ask(session, { ':authority': 'b.test' })
  await until('both requests arrive', () => waiting.length === 2)
  const stopped = fixture.listener.stop({ graceMs: 60_000 })
  await Promise.all(closed)
  await goaway
  assert.equal(await exchange(fixture, get('a.test')), '')
  for (const response of waiting) {
    if (response instanceof ServerResponse) response.end('finished')
    else response.end('finished')
  }
  assert.match(await first, /connection: close[\s\S]*finished/i)
  assert.deepEqual(await second, { status: 200, body: 'finished' })
  await stopped
})

test('a drain does not cut an answer that is ended but not yet sent', async (t) => {
  const size = 8_000_000
  const fixture = await startListener(t, {}, (listener) => {
    listener.otherHosts((_request, response) => {
      const body = Buffer.alloc(size, 'x')
      if (response instanceof ServerResponse) response.end(body)
    })
  })
  const socket = openTls(fixture, { serverName: 'b.test' })
  socket.write('GET / HTTP/1.1\r\nHost: b.test\r\n\r\n')
  await once(socket, 'readable')
  const stopped = fixture.listener.stop({ graceMs: 60_000 })
  const answer = await readAll(socket)
  assert.ok(answer.length > size, `${answer.length} of ${size} bytes`)
  await stopped
})

test('a WebSocket ends with the drain, not with the grace', async (t) => {
  const fixture = await startListener(t, {}, (listener) => {
    listener.otherHosts(
      () => undefined,
      (_request, socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\nlast words'),
    )
  })
  const socket = openTls(fixture, { serverName: 'b.test' })
  const read = readAll(socket, 'GET / HTTP/1.1\r\nHost: b.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await once(socket, 'data')
  await fixture.listener.stop({ graceMs: 60_000 })
  assert.match(await read, /last words/)
})

test('an answer that outlives the grace is destroyed, on both protocols', async (t) => {
  let waiting = 0
  const fixture = await startListener(t, {}, (listener) => {
    listener.otherHosts(() => {
      waiting += 1
    })
  })
  const stuck = exchange(fixture, get('b.test'), { serverName: 'b.test' })
  const stream = ask(openHttp2(t, fixture, 'b.test'), { ':authority': 'b.test' })
  await until('both requests arrive', () => waiting === 2)
  await fixture.listener.stop({ graceMs: 50 })
  assert.equal(await stuck, '')
  assert.equal((await stream).status, 0)
})

/** @param what is waited for, told when it does not come in real time that nobody on a busy machine needs */
async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!condition()) {
    assert.ok(performance.now() < deadline, `waited in vain: ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const missing = (program: string, debian: string): string | false =>
  spawnSync(program, ['--version']).error === undefined && spawnSync(program, ['version']).error === undefined
    ? false
    : requireAll()
      ? false
      : `needs ${program}: apt-get install ${debian}`

test('curl speaks both protocols and follows the redirect', { skip: missing('curl', 'curl') }, async (t) => {
  const fixture = await startListener(t)
  const { httpsPort, httpPort } = fixture.listener
  const common = ['-sk', '--resolve', `a.test:${httpsPort}:127.0.0.1`, '--resolve', `a.test:${httpPort}:127.0.0.1`]
  const curl = async (...more: readonly string[]): Promise<string> => (await run('curl', [...common, ...more])).stdout
  assert.equal(await curl(`https://a.test:${httpsPort}/x`), 'a 2.0 GET /x 127.0.0.1')
  assert.equal(await curl('--http1.1', `https://A.TEST:${httpsPort}/x`), 'a 1.1 GET /x 127.0.0.1')
  assert.equal(await curl('-L', `http://a.test:${httpPort}/x`), 'a 2.0 GET /x 127.0.0.1')
  await assert.rejects(curl('--tls-max', '1.1', `https://a.test:${httpsPort}/x`))
})

test('openssl sees the certificate, no renegotiation, and an alert for a name that is not ours', {
  skip: missing('openssl', 'openssl'),
}, async (t) => {
  const fixture = await startListener(t)
  const client = async (name: string, ...more: readonly string[]): Promise<string> => {
    const args = ['s_client', '-connect', `127.0.0.1:${fixture.listener.httpsPort}`, '-servername', name, ...more]
    const child = spawn('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const output: string[] = []
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => output.push(chunk.toString()))
    await once(child, 'close')
    return output.join('')
  }
  assert.match(await client('a.test', '-alpn', 'h2'), /CN = Gatehouse test[\s\S]*ALPN protocol: h2/)
  assert.match(await client('a.test', '-tls1_2'), /Secure Renegotiation IS supported/)
  assert.match(await client('a.example'), /alert handshake failure/)
})
