/**
 * Whole TLS handshakes with a client certificate, a second of the server's CPU time, at our listener and beside it at a
 * bare `node:tls` server that asks (`requestCert`), in turns in the same run, and without a certificate at both. A third,
 * `alike`, is a bare server of the kind ours is: `node:http2` with HTTP/1 beside it, its certificate chosen by name. What it
 * costs more than the bare one is Node's; what ours costs more than it is ours. Each server is a process of its own; per CPU
 * second, so that a busy machine changes the figure less.
 *
 *     bin/runtime bench/pki/mutual-tls.ts [--json]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createSecureContext, createServer, type SecureContext, type TLSSocket } from 'node:tls'
import { createListener } from '../../src/platform/listener/create-listener.ts'
import { createMetrics } from '../../src/platform/metrics.ts'
import { memoryLog, type TestCertificate, testCertificate } from '../../src/platform/testing.ts'
import { median, rounded } from '../machine/figures.ts'
import { cpuOf } from '../machine/programs.ts'

const rounds = 10
const perRound = 120
const warmUp = 300
const atOnce = 4
const hosts = ['asks.test', 'silent.test'] as const
const kinds = ['bare', 'alike', 'ours'] as const
type Kind = (typeof kinds)[number]
const role = kinds.find((kind) => kind === process.argv[2])

if (role !== undefined) await serve(role)
else await measure()

async function serve(which: Kind): Promise<void> {
  const certificate = testCertificate(...hosts)
  if (which !== 'ours') {
    // as bare as it gets: who asks for a certificate asks everybody, so there is a server for each
    const ports = await Promise.all([true, false].map((asks) => openBare(which, certificate, asks)))
    process.send?.(ports)
    return
  }
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  process.once('SIGTERM', () => process.exit())
  const context = createSecureContext(certificate)
  const listener = createListener({
    https: '127.0.0.1:0',
    http: '127.0.0.1:0',
    adminSocket: join(directory, 'admin.sock'),
    log: memoryLog(),
    metrics: createMetrics(),
  })
  listener.certificates(() => context)
  listener.clientCertificates((name) => name === 'asks.test')
  await listener.start()
  process.send?.([listener.httpsPort, listener.httpsPort])
}

async function openBare(which: Kind, certificate: TestCertificate, requestCert: boolean): Promise<number> {
  const common = { requestCert, rejectUnauthorized: false, minVersion: 'TLSv1.2' } as const
  const context = createSecureContext(certificate)
  const byName = (_name: string, done: (error: null, found: SecureContext) => void): void => done(null, context)
  const server =
    which === 'bare'
      ? createServer({ ...common, ...certificate })
      : createSecureServer({ ...common, allowHTTP1: true, SNICallback: byName })
  server.on('secureConnection', (socket: TLSSocket) => {
    if (requestCert) socket.getPeerX509Certificate()
    socket.on('error', () => undefined)
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

interface Target {
  readonly child: ChildProcess
  readonly ports: readonly number[]
}

async function start(which: Kind): Promise<Target> {
  const child = fork(import.meta.filename, [which])
  const [ports] = (await once(child, 'message')) as [readonly number[]]
  return { child, ports }
}

async function measure(): Promise<void> {
  const targets = { bare: await start('bare'), alike: await start('alike'), ours: await start('ours') }
  const client = testCertificate('client')
  const rates: Rates = { bare: [[], []], alike: [[], []], ours: [[], []] }
  try {
    // a server that has run for a while is compiled: until then most of it is interpreted
    for (const { ports } of Object.values(targets)) {
      for (const [kind, host] of hosts.entries()) {
        await handshakes(ports[kind] ?? 0, host, kind === 0 ? client : undefined, warmUp)
      }
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const which of round % 2 === 0 ? kinds : kinds.toReversed()) {
        for (const [kind, host] of hosts.entries()) {
          const { child, ports } = targets[which]
          const before = cpuOf(child.pid ?? 0)
          await handshakes(ports[kind] ?? 0, host, kind === 0 ? client : undefined, perRound)
          rates[which][kind]?.push((perRound * 1e6) / (cpuOf(child.pid ?? 0) - before))
        }
      }
    }
  } finally {
    for (const { child } of Object.values(targets)) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
  report(rates)
}

type Rates = Readonly<Record<Kind, readonly number[][]>>

function report(rates: Rates): void {
  const of = (kind: number) => {
    const [bare = 0, alike = 0, ours = 0] = kinds.map((which) => median(rates[which][kind] ?? []))
    return {
      bare: Math.round(bare),
      alike: Math.round(alike),
      ours: Math.round(ours),
      ratio: rounded(ours / bare, 100),
      ratioToAlike: rounded(ours / alike, 100),
    }
  }
  const measured = { mutual: of(0), plain: of(1) }
  const json = JSON.stringify({ bench: 'mutual-tls', handshakesPerCpuSecond: measured, load: loadavg() })
  if (!process.argv.includes('--json')) console.table(measured)
  console.log(json)
}

/** Whole handshakes, each over when the server's first ticket arrives: it has verified the client by then. */
async function handshakes(
  port: number,
  host: string,
  client: TestCertificate | undefined,
  count: number,
): Promise<void> {
  let left = count
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, servername: host, rejectUnauthorized: false, ...client }
      const socket = connect({ ...options, ALPNProtocols: ['http/1.1'] })
      socket.once('session', () => socket.destroy())
      socket.once('error', reject)
      socket.once('close', () => resolve())
    })
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await one()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}
