import assert from 'node:assert/strict'
import { type ExecFileOptions, execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ConnectionOptions, connect, createSecureContext, type TLSSocket } from 'node:tls'
import { requireAll } from '#platform/testing'
import type { ListenerLimits } from './limits.ts'
import { type Fixture, readAll, startListener } from './listener-fixture.ts'

const missing = spawnSync('openssl', ['version']).error !== undefined && !requireAll()
const options = { skip: missing ? 'needs openssl: apt-get install openssl' : false }

/** RSA at `rsa.example` and `asks.example`, of which the latter asks for client certificates; the fixture's own are ECDSA. */
async function startSweep(t: TestContext, limits: Partial<ListenerLimits> = {}): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=rsa.example']
  execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  const context = createSecureContext({ cert: readFileSync(certificate), key: readFileSync(key) })
  return startListener(t, limits, (listener) => {
    listener.certificates((name) => (name.endsWith('.example') ? context : undefined))
    listener.clientCertificates((name) => name === 'asks.example')
    listener.otherHosts((_request, response) => void response.end('rsa'))
  })
}

interface Shaken {
  /** `TLSv1.3 TLS_AES_128_GCM_SHA256`, or `refused` */
  readonly agreed: string
  readonly output: string
}

/** A client of the machine's OpenSSL, with nothing of its own policy in the way. */
function shake(fixture: Fixture, name: string, more: readonly string[]): Promise<Shaken> {
  const to = ['s_client', '-connect', `127.0.0.1:${fixture.listener.httpsPort}`, '-servername', name]
  const limits: ExecFileOptions = { timeout: 20_000, maxBuffer: 1_000_000 }
  return new Promise((resolve, reject) => {
    const child = execFile('openssl', [...to, ...more], limits, (_error, stdout, stderr) => {
      const output = stdout.toString() + stderr.toString()
      const [, version, suite] = /^New, (\S+), Cipher is (\S+)$/m.exec(output) ?? []
      if (version === undefined || suite === undefined) reject(new Error(output))
      else resolve({ agreed: suite === '(NONE)' ? 'refused' : `${protocolOf(output) ?? version} ${suite}`, output })
    })
    child.stdin?.end()
  })
}

const protocolOf = (output: string): string | undefined => /Protocol {2}: (TLSv[\d.]+)/.exec(output)?.[1]

/** Four at once: each is a process of its own. */
async function sweep<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const worker = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item)
  }
  await Promise.all([worker(), worker(), worker(), worker()])
}

const everything = 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'

test('TLS sweep: each version offered alone; nothing before TLS 1.2', options, async (t) => {
  const fixture = await startSweep(t)
  for (const name of ['a.test', 'rsa.example', 'asks.example']) {
    for (const [flag, accepted] of [
      ['-tls1', false],
      ['-tls1_1', false],
      ['-tls1_2', true],
      ['-tls1_3', true],
    ] as const) {
      const { agreed, output } = await shake(fixture, name, [flag, '-cipher', everything])
      assert.equal(agreed !== 'refused', accepted, `${name} ${flag}: ${agreed}`)
      // the refusal must be the server's, not the client's own policy
      if (!accepted) assert.match(output, /alert (protocol version|handshake failure|insufficient)/i, `${name} ${flag}`)
    }
  }
})

test('SSL 2 and SSL 3 hellos are answered with nothing but an alert', async (t) => {
  const fixture = await startListener(t)
  const ssl3 = Buffer.concat([
    Buffer.from([0x16, 3, 0, 0, 45, 1, 0, 0, 41, 3, 0]),
    Buffer.alloc(32, 7),
    Buffer.from([0, 0, 2, 0, 0x2f, 1, 0]),
  ])
  const ssl2 = Buffer.concat([Buffer.from([0x80, 28, 1, 0, 2, 0, 3, 0, 0, 0, 16, 1, 0, 0x80]), Buffer.alloc(16, 7)])
  for (const hello of [ssl3, ssl2]) {
    const socket = connectTcp({ host: '127.0.0.1', port: fixture.listener.httpsPort })
    socket.on('error', () => undefined)
    socket.on('data', () => socket.end())
    const answer = Buffer.from(await readAll(socket, hello), 'latin1')
    assert.ok(answer.length <= 7 && (answer.length === 0 || answer[0] === 0x15), answer.toString('hex'))
  }
})

const ofRsa = ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-CHACHA20-POLY1305']
const accepted12 = {
  'a.test': ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  'rsa.example': ofRsa,
  'asks.example': ofRsa,
} as const
const names12 = ['a.test', 'rsa.example', 'asks.example'] as const
const accepted13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

test(
  'TLS sweep: of TLS 1.2 three suites for each kind of key, each offered alone; of all others none',
  options,
  async (t) => {
    const fixture = await startSweep(t)
    const listed = execFileSync('openssl', ['ciphers', '-tls1_2', everything]).toString().trim().split(':')
    for (const name of names12) {
      const accepted: readonly string[] = accepted12[name]
      const others = listed.filter((suite) => !suite.startsWith('TLS_') && !accepted.includes(suite))
      assert.ok(others.length > 60, `${others.length} suites`)
      const { agreed } = await shake(fixture, name, ['-tls1_2', '-cipher', `${others.join(':')}:@SECLEVEL=0`])
      assert.equal(agreed, 'refused', name)
      for (const suite of accepted) {
        assert.equal((await shake(fixture, name, ['-tls1_2', '-cipher', suite])).agreed, `TLSv1.2 ${suite}`)
      }
    }
  },
)

test('TLS sweep: of every suite of TLS 1.3 offered alone, three are accepted', options, async (t) => {
  const fixture = await startSweep(t)
  for (const suite of [...accepted13, 'TLS_AES_128_CCM_SHA256', 'TLS_AES_128_CCM_8_SHA256']) {
    for (const name of ['a.test', 'asks.example']) {
      const { agreed } = await shake(fixture, name, ['-tls1_3', '-ciphersuites', suite])
      assert.equal(agreed, accepted13.includes(suite) ? `TLSv1.3 ${suite}` : 'refused', `${name} ${suite}`)
    }
  }
})

test("TLS sweep: of what a client offers, the server's order decides", options, async (t) => {
  const fixture = await startSweep(t)
  for (const name of names12) {
    const offered = accepted12[name].toReversed().join(':')
    const { agreed } = await shake(fixture, name, ['-tls1_2', '-cipher', offered])
    assert.equal(agreed, `TLSv1.2 ${accepted12[name][0]}`)
  }
  const { agreed } = await shake(fixture, 'a.test', ['-tls1_3', '-ciphersuites', accepted13.toReversed().join(':')])
  assert.equal(agreed, `TLSv1.3 ${accepted13[0]}`)
})

test('TLS sweep: each group offered alone, in both versions', options, async (t) => {
  const fixture = await startSweep(t)
  const accepted = ['X25519', 'P-256', 'P-384']
  const refused = ['P-521', 'X448', 'ffdhe2048', 'ffdhe3072', 'ffdhe4096', 'ffdhe6144', 'ffdhe8192']
  // curves that TLS 1.3 no longer knows
  const former = ['P-224', 'secp256k1', 'brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1']
  // the key of the ECDSA certificate is on P-256, which a TLS 1.2 client then has to know too
  const cases = ['rsa.example', 'asks.example'].flatMap((name) => [
    ...[...accepted, ...refused].map((group) => [name, '-tls1_3', group] as const),
    ...[...accepted, ...former, 'P-521', 'X448'].map((group) => [name, '-tls1_2', group] as const),
  ])
  await sweep(cases, async ([name, version, group]) => {
    const { agreed, output } = await shake(fixture, name, [version, '-groups', group, '-cipher', everything])
    assert.equal(agreed !== 'refused', accepted.includes(group), `${name} ${version} ${group}: ${agreed}\n${output}`)
  })
})

test('TLS sweep: signatures with SHA-1 are refused, as is PKCS #1 v1.5 in TLS 1.3', options, async (t) => {
  const fixture = await startSweep(t)
  const cases = [
    ['rsa.example', '-tls1_2', 'RSA+SHA1', false],
    ['a.test', '-tls1_2', 'ECDSA+SHA1', false],
    ['a.test', '-tls1_2', 'ECDSA+SHA224', false],
    ['rsa.example', '-tls1_2', 'RSA+SHA224', false],
    ['rsa.example', '-tls1_2', 'RSA+SHA256', true],
    ['rsa.example', '-tls1_2', 'RSA-PSS+SHA256', true],
    ['a.test', '-tls1_2', 'ECDSA+SHA256', true],
    ['asks.example', '-tls1_2', 'RSA+SHA1', false],
    ['rsa.example', '-tls1_3', 'RSA+SHA256', false],
    ['rsa.example', '-tls1_3', 'RSA-PSS+SHA256:RSA+SHA256', true],
    ['a.test', '-tls1_3', 'ECDSA+SHA256', true],
  ] as const
  await sweep(cases, async ([name, version, signature, accepted]) => {
    const { agreed } = await shake(fixture, name, [version, '-sigalgs', signature, '-cipher', everything])
    assert.equal(agreed !== 'refused', accepted, `${name} ${version} ${signature}: ${agreed}`)
  })
})

test('TLS sweep: no compression, no early data, no protocol but ours', options, async (t) => {
  const fixture = await startSweep(t)
  for (const name of ['a.test', 'asks.example']) {
    const { output } = await shake(fixture, name, ['-tls1_2', '-comp', '-cipher', everything])
    assert.match(output, /^Compression: NONE$/m)
    // how long a session resumes without proving anew who we are
    assert.match(output, /lifetime hint: 7200 \(seconds\)/)
  }
  const session = await shake(fixture, 'a.test', ['-tls1_3'])
  assert.match(session.output, /Early data was not sent/)
  assert.ok(!/Max Early Data: [1-9]/.test(session.output))
  for (const [protocol, pattern] of [
    ['h2', /^ALPN protocol: h2$/m],
    ['http/1.1', /^ALPN protocol: http\/1\.1$/m],
    ['http/1.1,h2', /^ALPN protocol: h2$/m],
    ['ftp', /alert no application protocol/],
  ] as const) {
    assert.match((await shake(fixture, 'a.test', ['-alpn', protocol])).output, pattern, protocol)
  }
})

test('TLS sweep: a client that asks to renegotiate is refused', options, async (t) => {
  const fixture = await startSweep(t)
  for (const name of ['a.test', 'asks.example']) {
    const to = ['s_client', '-connect', `127.0.0.1:${fixture.listener.httpsPort}`, '-servername', name, '-tls1_2']
    const child = spawn('openssl', to, { stdio: ['pipe', 'pipe', 'pipe'] })
    const output: string[] = []
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => output.push(chunk.toString()))
    }
    while (!output.join('').includes('Verify return code')) await once(child.stdout, 'data')
    child.stdin.write('R\n')
    await once(child, 'close')
    assert.match(output.join(''), /RENEGOTIATING[\s\S]*no renegotiation/, name)
  }
})

function connectTo(fixture: Fixture, more: ConnectionOptions): TLSSocket {
  const common = { host: '127.0.0.1', port: fixture.listener.httpsPort, servername: 'a.test' }
  const socket = connect({ ...common, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], ...more })
  socket.on('error', () => undefined)
  return socket
}

function groupOf(fixture: Fixture, offered: string): Promise<string> {
  const socket = connectTo(fixture, { ecdhCurve: offered })
  return new Promise((resolve) => {
    socket.once('error', () => resolve('refused'))
    socket.once('secureConnect', () => {
      const { name } = socket.getEphemeralKeyInfo() as { readonly name?: string }
      socket.destroy()
      resolve(name ?? 'none')
    })
  })
}

test('a client that can do X25519MLKEM768 gets it, whatever it likes better or sent ahead', async (t) => {
  const fixture = await startListener(t)
  for (const [offered, agreed] of [
    ['X25519MLKEM768', 'X25519MLKEM768'],
    ['X25519:X25519MLKEM768', 'X25519MLKEM768'],
    ['P-256:P-384:X25519MLKEM768', 'X25519MLKEM768'],
    ['X25519', 'X25519'],
    ['P-384:X25519', 'secp384r1'],
    ['SecP256r1MLKEM768', 'refused'],
    ['SecP384r1MLKEM1024', 'refused'],
    ['MLKEM768', 'refused'],
  ] as const) {
    assert.equal(await groupOf(fixture, offered), agreed, offered)
  }
})

/** A session that may be resumed; TLS 1.3 hands its tickets out behind the handshake. */
async function sessionOf(fixture: Fixture, servername: string, version: 'TLSv1.2' | 'TLSv1.3'): Promise<Buffer> {
  const socket = connectTo(fixture, { servername, minVersion: version, maxVersion: version })
  const [session] = (await once(socket, 'session')) as [Buffer]
  socket.destroy()
  return session
}

async function isResumed(
  fixture: Fixture,
  servername: string,
  version: 'TLSv1.2' | 'TLSv1.3',
  session: Buffer,
): Promise<boolean> {
  const socket = connectTo(fixture, { servername, minVersion: version, maxVersion: version, session })
  await once(socket, 'secureConnect')
  const resumed = socket.isSessionReused()
  socket.destroy()
  return resumed
}

test('a ticket resumes until its key is changed; then a full handshake is made, and nobody is refused', async (t) => {
  const asking = (listener: Fixture['listener']) => listener.clientCertificates((name) => name === 'b.test')
  const fixture = await startListener(t, {}, asking)
  const changing = await startListener(t, { ticketKeyMs: 20 }, asking)
  // the server that asks for client certificates has keys of its own
  for (const name of ['a.test', 'b.test']) {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      assert.ok(await isResumed(fixture, name, version, await sessionOf(fixture, name, version)), `${name} ${version}`)
      const session = await sessionOf(changing, name, version)
      const untilForgotten = async (left: number): Promise<void> => {
        if (await isResumed(changing, name, version, session)) {
          assert.ok(left > 0, `${name} ${version}: the key is not changed`)
          await untilForgotten(left - 1)
        }
      }
      await untilForgotten(500)
    }
  }
})
