/**
 * Time from process start to `/readyz` 200 on an existing data directory, and resident memory once idle, beside a bare
 * Node program of the same runtime that opens SQLite and serves HTTPS.
 *
 *     bin/runtime bench/startup.ts [--json]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const rounds = 7
const idleMs = 3_000
const root = join(import.meta.dirname, '..')
const directory = mkdtempSync(join(root, '.bench-'))

interface Figure {
  readonly name: string
  readonly readyMs: number
  /** Processor time to readiness: what an idle machine comes down to. */
  readonly cpuMs: number
  readonly idleMiB: number
}

type Command = readonly [string, readonly string[]]

try {
  makeCertificate()
  const port = await freePort()
  const bareFile = join(import.meta.dirname, 'startup', 'bare.ts')
  const bare: Command = [join(root, 'bin', 'runtime'), [bareFile, String(port), directory]]
  const ours: Command = [join(root, 'bin', 'gatehouse'), ['serve']]
  await measure('first start, not counted', ours, port)
  const figures = [await median('gatehouse serve', ours, port), await median('bare Node: SQLite and HTTPS', bare, port)]
  if (!process.argv.includes('--json')) {
    console.table(Object.fromEntries(figures.map(({ name, ...rest }) => [name, rest])))
  }
  const targets = { readyMs: 1000, idleMiB: 120 }
  console.log(JSON.stringify({ bench: 'startup', rounds, idleAfterMs: idleMs, targets, figures }))
} finally {
  rmSync(directory, { recursive: true })
}

async function median(name: string, command: Command, port: number): Promise<Figure> {
  const runs: Figure[] = []
  for (let round = 0; round < rounds; round += 1) runs.push(await measure(name, command, port))
  return {
    name,
    readyMs: middle(runs.map((run) => run.readyMs)),
    cpuMs: middle(runs.map((run) => run.cpuMs)),
    idleMiB: middle(runs.map((run) => run.idleMiB)),
  }
}

async function measure(name: string, [command, args]: Command, port: number): Promise<Figure> {
  const begun = performance.now()
  const child = spawn(command, args, {
    cwd: directory,
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'] ?? '',
      GATEHOUSE_DATA: join(directory, 'data'),
      GATEHOUSE_LISTEN_HTTPS: `127.0.0.1:${port}`,
      GATEHOUSE_LISTEN_HTTP: '127.0.0.1:0',
    },
  })
  while (!(await isReady(port))) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`)
    await sleep(5)
  }
  const readyMs = Math.round(performance.now() - begun)
  const cpuMs = processorMs(child)
  await sleep(idleMs)
  const idleMiB = residentMiB(child)
  child.kill('SIGTERM')
  await once(child, 'exit')
  return { name, readyMs, cpuMs, idleMiB }
}

/** The launcher is a shell that replaces itself, so the child is the server. */
function residentMiB(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024)
}

/** User and system time of all its threads; the kernel counts in ticks of 10 ms. */
function processorMs(child: ChildProcess): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { servername: 'localhost', headers: { host: 'localhost' }, rejectUnauthorized: false }
    request({ ...options, host: '127.0.0.1', port, path: '/readyz', agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
      .on('error', () => resolve(false))
      .end()
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return address.port
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** The bare peer's certificate; made outside the measured time. */
function makeCertificate(): void {
  const key = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const out = ['-subj', '/CN=localhost', '-keyout', 'key.pem', '-out', 'cert.pem']
  execFileSync('openssl', [...key, ...out], { cwd: directory, stdio: 'ignore' })
}
