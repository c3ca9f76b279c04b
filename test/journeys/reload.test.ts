import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { Agent, request } from 'node:https'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { WebSocket, WebSocketServer } from 'ws'
import { testCertificate } from '#platform/testing'
import { runCommand } from '../product/command.ts'
import { ask, askLocally } from '../product/http.ts'
import { cleanUp, newDirectory, type Product, startProduct } from '../product/start.ts'

const host = 'gatehouse.localhost'
const app = 'blog.localhost'
const names = [host, '*.localhost'] as const

function writeCertificate(directory: string): string {
  const { cert, key } = testCertificate(...names)
  writeFileSync(join(directory, 'live.key'), key)
  writeFileSync(join(directory, 'live.pem'), cert)
  chmodSync(join(directory, 'live.key'), 0o600)
  return cert
}

function writeConfig(directory: string, more = ''): void {
  const pair = `{ certificate = "${join(directory, 'live.pem')}", key = "${join(directory, 'live.key')}" }`
  writeFileSync(join(directory, 'gatehouse.toml'), `[listen]\ncertificates = [${pair}]\n${more}`)
}

/** The certificate of a new handshake, as PEM. */
async function shown({ port }: Product, servername: string): Promise<string> {
  const socket: TLSSocket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const pem = socket.getPeerX509Certificate()?.toString() ?? ''
  socket.destroy()
  return pem.trim()
}

async function startWithCertificate(more = ''): Promise<{ product: Product; directory: string; pem: string }> {
  const directory = newDirectory()
  const pem = writeCertificate(directory)
  writeConfig(directory, more)
  return { product: await startProduct({ directory }), directory, pem }
}

/** Asks again and again until told to stop; how often it was answered well, and what was answered badly. */
interface Load {
  readonly answered: () => number
  readonly failures: string[]
  stop(): Promise<void>
}

function load(one: () => Promise<string>): Load {
  let running = true
  let answered = 0
  const failures: string[] = []
  const loop = async (): Promise<void> => {
    while (running) {
      const answer = await one().catch((error: unknown) => String(error))
      if (answer === '200') answered += 1
      else failures.push(answer)
    }
  }
  const ended = loop()
  return {
    answered: () => answered,
    failures,
    stop: () => {
      running = false
      return ended
    },
  }
}

/** @param used gets the connections that were used */
function get(
  { port }: Product,
  servername: string,
  path: string,
  agent: Agent | false,
  used = new Set<Socket>(),
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, servername, path, agent, rejectUnauthorized: false }
    const asked = request({ ...options, headers: { host: `${servername}:${port}` } }, (response) => {
      response.on('error', reject)
      response.on('end', () => resolve(String(response.statusCode)))
      response.resume()
    })
    asked.on('socket', (socket) => used.add(socket))
    asked.on('error', reject)
    asked.end()
  })
}

/** A WebSocket that answers what it is told, and has to last. */
async function openSocket({ port }: Product, servername: string) {
  const socket = new WebSocket(`wss://127.0.0.1:${port}/`, {
    servername,
    headers: { host: `${servername}:${port}` },
    rejectUnauthorized: false,
  } as WebSocket.ClientOptions)
  await once(socket, 'open')
  const say = async (text: string): Promise<string> => {
    const heard = once(socket, 'message') as Promise<[Buffer]>
    socket.send(text)
    return (await heard)[0].toString()
  }
  return { socket, say }
}

/** Over one HTTP/2 connection, which has to last. */
function openHttp2({ port }: Product, servername: string) {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { servername, rejectUnauthorized: false })
  const get2 = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':path': path, ':authority': `${servername}:${port}` })
      let status = ''
      stream.on('response', (headers) => {
        status = String(headers[':status'])
      })
      stream.on('error', reject)
      stream.on('end', () => resolve(status))
      stream.resume()
    })
  session.on('error', () => undefined)
  return { session, get: get2 }
}

interface ReloadRecord {
  readonly actor: { readonly kind: string; readonly name?: string }
  readonly detail?: { readonly applied: readonly string[] }
}

/** What the journal says of reloads. */
async function reloads(product: Product): Promise<readonly ReloadRecord[]> {
  const { json } = await askLocally(product, '/api/v1/audit-records?action=configuration.reload')
  return (json as { readonly items: readonly ReloadRecord[] }).items
}

describe('reloading', { timeout: 240_000 }, () => {
  after(cleanUp)

  test('200 reloads of certificates and configuration under load fail no request and drop no connection', async (t) => {
    const { product, directory } = await startWithCertificate()
    const upstream = createServer((_request, response) => response.end('app')).listen(0, '127.0.0.1')
    const sockets = new WebSocketServer({ server: upstream })
    sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(text)))
    t.after(() => upstream.close())
    await once(upstream, 'listening')
    const address = upstream.address()
    const upstreamPort = typeof address === 'object' && address !== null ? address.port : 0
    const route = ['routes', 'create', 'blog', '--host', app, '--upstream', `http://127.0.0.1:${upstreamPort}`]
    const made = await runCommand(product.directory, [...route, '--public', 'a test'])
    assert.equal(made.code, 0, made.stderr)

    const kept = new Agent({ keepAlive: true, maxSockets: 1 })
    const [console2, app2] = [openHttp2(product, host), openHttp2(product, app)]
    let ended = 0
    for (const { session } of [console2, app2]) session.once('close', () => ended++)
    const { socket, say } = await openSocket(product, app)
    socket.once('close', () => ended++)
    const used = new Set<Socket>()
    const loads = [
      load(() => get(product, host, '/healthz', kept, used)),
      load(() => get(product, host, '/healthz', false)),
      load(() => get(product, app, '/', false)),
      load(() => console2.get('/healthz')),
      load(() => app2.get('/')),
    ]
    for (let round = 0; round < 200; round++) {
      const pem = writeCertificate(directory)
      writeConfig(
        directory,
        `trusted-proxies = ["10.0.0.${round}"]\n[log]\naccess = ${round % 2 === 0}\nlevel = "warn"\n`,
      )
      const answer = await askLocally(product, '/api/v1/configuration/reload', { method: 'POST', body: '{}' })
      assert.equal(answer.status, 200, answer.text)
      const { applied } = answer.json as { readonly applied: readonly string[] }
      assert.ok(applied.includes('[listen] trusted-proxies'), answer.text)
      assert.equal(await shown(product, round % 2 === 0 ? host : app), pem.trim())
    }
    for (const each of loads) {
      await each.stop()
      assert.deepEqual(each.failures, [])
      assert.ok(each.answered() > 20, `${each.answered()} answers`)
    }
    assert.equal(await say('still here'), 'still here')
    assert.equal(ended, 0, 'an open connection was dropped')
    assert.equal(used.size, 1, 'a kept connection was dropped')
    socket.terminate()
    for (const { session } of [console2, app2]) session.destroy()
    kept.destroy()
  })

  test('the command says what changed, what needs a restart, and which certificate could not be read', async () => {
    const { product, directory, pem } = await startWithCertificate()
    const unchanged = await runCommand(directory, ['reload'])
    assert.equal(unchanged.code, 0, unchanged.stderr)
    assert.match(
      unchanged.stdout,
      /^No setting changed\.\nCertificate \S+live\.pem: unchanged, for gatehouse\.localhost/,
    )

    writeConfig(directory, '[log]\nlevel = "debug"\n[console]\ncontact = "mailto:a@example.org"\n')
    writeFileSync(join(directory, 'live.pem'), testCertificate(...names).cert)
    const broken = await runCommand(directory, ['reload'])
    assert.equal(broken.code, 1)
    assert.match(broken.stdout, /^Changed: \[log\] level$/m)
    assert.match(broken.stdout, /^Needs a restart, as before until then: \[console\] contact$/m)
    assert.match(broken.stdout, /NOT read; the one before is served on/)
    assert.match(broken.stdout, /live\.key is not the key of the certificate in \S+live\.pem/)
    assert.match(broken.stderr, /cli\.certificate-not-read/)
    assert.equal(await shown(product, host), pem.trim())

    // what changed, and who asked; the reload that changed nothing is no change
    const [record, ...others] = await reloads(product)
    assert.deepEqual(others, [])
    assert.deepEqual(record?.detail, {
      applied: ['[log] level'],
      needRestart: ['[console] contact'],
      certificates: [],
    })
    assert.equal(record?.actor.kind, 'local')

    writeFileSync(join(directory, 'gatehouse.toml'), '[log]\nlevel = "loud"\n[lissen]\nx = 1\n')
    const faulty = await runCommand(directory, ['reload'])
    assert.equal(faulty.code, 1)
    assert.match(faulty.stderr, /platform\.configuration-not-reloaded/)
    assert.match(faulty.stderr, /\[log\] level/)
    assert.match(faulty.stderr, /lissen/)
    assert.equal(await shown(product, host), pem.trim())
  })

  test('a certificate that is renewed in its files is served without a word from anybody; so it is after SIGHUP', async () => {
    const { product, directory, pem } = await startWithCertificate('[log]\nlevel = "info"\n')
    const renewed = writeCertificate(directory).trim()
    assert.notEqual(renewed, pem.trim())
    while ((await shown(product, host)) !== renewed) await new Promise((resolve) => setTimeout(resolve, 100))
    const before = product.output().length
    product.process.kill('SIGHUP')
    while (!product.output().slice(before).includes('the configuration was read again')) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.equal((await ask(product, '/healthz')).status, 200)
    writeConfig(directory, '[log]\nlevel = "debug"\n')
    product.process.kill('SIGHUP')
    let found = await reloads(product)
    while (found.length === 0) found = await reloads(product)
    assert.deepEqual(found[0]?.detail?.applied, ['[log] level'])
    assert.equal(found[0]?.actor.name, 'signal')
    writeFileSync(join(directory, 'gatehouse.toml'), 'nonsense')
    product.process.kill('SIGHUP')
    while (!product.output().includes('the configuration was not reloaded; nothing was changed')) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.equal((await ask(product, '/healthz')).status, 200)
  })

  test('a start with certificates that cannot be served names every fault, with exit code 78', async () => {
    const directory = newDirectory()
    writeFileSync(join(directory, 'no.key'), 'nonsense')
    const pair = (name: string): string => `{ certificate = "${name}.pem", key = "${name}.key" }`
    writeFileSync(join(directory, 'gatehouse.toml'), `[listen]\ncertificates = [${pair('no')}, ${pair('none')}]\n`)
    await assert.rejects(startProduct({ directory }), (error: Error) => {
      assert.match(error.message, /ended with 78/)
      assert.match(
        error.message,
        /\[listen\.certificates\.0\] certificate: no\.pem cannot be read: there is no such file/,
      )
      assert.match(error.message, /\[listen\.certificates\.0\] key: no\.key holds no private key in PEM/)
      assert.match(error.message, /\[listen\.certificates\.1\] key: none\.key cannot be read/)
      return true
    })
  })

  test('a console for some networks only is not there for others: sign-in, API, assets, health; commands work', async () => {
    const product = await startProduct({ environment: { GATEHOUSE_CONSOLE_NETWORKS: '192.0.2.0/24, @vpn' } })
    assert.match(product.output(), /reached from 192\.0\.2\.0\/24, @vpn only/)
    for (const path of ['/', '/sign-in', '/setup', '/api/v1/openapi.json', '/healthz', '/readyz', '/ca.pem']) {
      await assert.rejects(ask(product, path), /alert handshake failure/, path)
      await assert.rejects(ask(product, path, { host: 'localhost' }), /alert handshake failure/, path)
    }
    const command = (...args: readonly string[]) => runCommand(product.directory, args)
    const created = await command('networks', 'create', 'vpn', '--cidr', '127.0.0.0/8')
    assert.equal(created.code, 0, created.stderr)
    assert.equal((await ask(product, '/sign-in')).status, 200)
  })
})
