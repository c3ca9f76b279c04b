/**
 * Whole TLS handshakes with a client certificate, a second of the server's CPU time, at our listener and beside it at a
 * bare `node:tls` server that asks (`requestCert`), in turns in the same run, and without a certificate at both. Both
 * servers are processes of their own; per CPU second, so that a busy machine does not change the figure.
 *
 *     bin/runtime bench/mutual-tls.ts [--json]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createSecureContext, createServer } from 'node:tls'
import { createListener } from '../src/platform/listener/create-listener.ts'
import { createMetrics } from '../src/platform/metrics.ts'
import { memoryLog, type TestCertificate, testCertificate } from '../src/platform/testing.ts'
import { median, rounded } from './machine/figures.ts'
import { cpuOf } from './machine/programs.ts'

const rounds = 4
const perRound = 120
const warmUp = 300
const atOnce = 4
const hosts = ['asks.test', 'silent.test'] as const
const [role] = process.argv.slice(2)

if (role === 'bare' || role === 'ours') await serve(role)
else await measure()

async function serve(which: 'bare' | 'ours'): Promise<void> {
  const certificate = testCertificate(...hosts)
  if (which === 'bare') {
    // as bare as it gets: who asks for a certificate asks everybody, so there is a server for each
    const ports = await Promise.all(
      [true, false].map(async (requestCert) => {
        const server = createServer({ ...certificate, requestCert, rejectUnauthorized: false, minVersion: 'TLSv1.2' })
        server.on('secureConnection', (socket) => {
          if (requestCert) socket.getPeerX509Certificate()
          socket.on('error', () => undefined)
        })
        server.on('tlsClientError', () => undefined)
        server.listen(0, '127.0.0.1')
        await once(server, 'listening')
        const address = server.address()
        return typeof address === 'object' && address !== null ? address.port : 0
      }),
    )
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

interface Target {
  readonly child: ChildProcess
  readonly ports: readonly number[]
}

async function start(which: 'bare' | 'ours'): Promise<Target> {
  const child = fork(import.meta.filename, [which])
  const [ports] = (await once(child, 'message')) as [readonly number[]]
  return { child, ports }
}

async function measure(): Promise<void> {
  const targets = { bare: await start('bare'), ours: await start('ours') }
  const client = testCertificate('client')
  const rates = { bare: [[], []] as number[][], ours: [[], []] as number[][] }
  try {
    // a server that has run for a while is compiled: until then most of it is interpreted
    for (const { ports } of Object.values(targets)) {
      for (const [kind, host] of hosts.entries()) {
        await handshakes(ports[kind] ?? 0, host, kind === 0 ? client : undefined, warmUp)
      }
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const which of round % 2 === 0 ? (['bare', 'ours'] as const) : (['ours', 'bare'] as const)) {
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

function report(rates: { readonly bare: readonly number[][]; readonly ours: readonly number[][] }): void {
  const of = (kind: number) => {
    const [bare, ours] = [median(rates.bare[kind] ?? []), median(rates.ours[kind] ?? [])]
    return { bare: Math.round(bare), ours: Math.round(ours), ratio: rounded(ours / bare, 100) }
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
