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
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median } from './machine/figures.ts'
import { cpuOf, freePort } from './machine/programs.ts'

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
  const figures = [
    await figureOf('gatehouse serve', ours, port),
    await figureOf('bare Node: SQLite and HTTPS', bare, port),
  ]
  if (!process.argv.includes('--json')) {
    console.table(Object.fromEntries(figures.map(({ name, ...rest }) => [name, rest])))
  }
  const targets = { readyMs: 1000, idleMiB: 120 }
  console.log(JSON.stringify({ bench: 'startup', rounds, idleAfterMs: idleMs, targets, figures }))
} finally {
  rmSync(directory, { recursive: true })
}

async function figureOf(name: string, command: Command, port: number): Promise<Figure> {
  const runs: Figure[] = []
  for (let round = 0; round < rounds; round += 1) runs.push(await measure(name, command, port))
  return {
    name,
    readyMs: median(runs.map((run) => run.readyMs)),
    cpuMs: median(runs.map((run) => run.cpuMs)),
    idleMiB: median(runs.map((run) => run.idleMiB)),
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
  const cpuMs = cpuOf(child.pid ?? 0) / 1_000
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

/** The bare peer's certificate; made outside the measured time. */
function makeCertificate(): void {
  const key = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const out = ['-subj', '/CN=localhost', '-keyout', 'key.pem', '-out', 'cert.pem']
  execFileSync('openssl', [...key, ...out], { cwd: directory, stdio: 'ignore' })
}
