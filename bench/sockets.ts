/**
 * What the gate costs where a connection stays open: echoes over WebSockets and events to many readers, through a
 * signed-in, permission-checked route that is judged again every second, beside a bare `undici` pipe, in one run and in
 * turn. The clients run in this process and take most of the machine: compare the CPU a message costs the proxy.
 *
 * Needs openssl (Debian package of the same name).
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { WebSocket } from 'ws'
import { startOurs } from './gateway/ours.ts'
import { median, rounded } from './machine/figures.ts'
import { cpuOf, type Program, start } from './machine/programs.ts'

const run = promisify(execFile)
const host = 'bench.localhost'
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 4)
const seconds = Number(process.env['BENCH_SECONDS'] ?? 1)
const sockets = 32
const readers = 96
const here = import.meta.dirname
const node = process.execPath

interface Target {
  readonly name: string
  readonly program: Program
  readonly port: number
  readonly cookie: string
}

interface Round {
  readonly perSecond: number
  /** Of the proxy, for one message. */
  readonly cpuUs: number
}

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
const programs: Program[] = []
try {
  const targets = await startTargets()
  const figures: Record<string, { perSecond: number; cpuUs: number }> = {}
  for (const [what, measure] of [
    ['WebSocket echo', echo],
    ['events to readers', fanOut],
  ] as const) {
    const measured = new Map<string, Round[]>(targets.map(({ name }) => [name, []]))
    for (const target of targets) await measure(target)
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 === 0 ? targets : targets.toReversed()
      for (const target of order) measured.get(target.name)?.push(await measure(target))
    }
    for (const [name, all] of measured) {
      figures[`${what}, ${name}`] = {
        perSecond: Math.round(median(all.map((one) => one.perSecond))),
        cpuUs: rounded(median(all.map((one) => one.cpuUs)), 10),
      }
    }
  }
  console.table(figures)
  console.log(JSON.stringify({ bench: 'sockets', sockets, readers, rounds, seconds, figures }))
} finally {
  await Promise.all(programs.map((program) => program.stop()))
  rmSync(directory, { recursive: true, force: true })
}

async function startTargets(): Promise<readonly Target[]> {
  const certFile = join(directory, 'cert.pem')
  const keyFile = join(directory, 'key.pem')
  await run('openssl', [
    ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout'.split(' '),
    keyFile,
    ...`-out ${certFile} -subj /CN=${host} -addext subjectAltName=DNS:${host}`.split(' '),
  ])
  const talker = await begin(node, [join(here, 'gateway/talker.ts')])
  const upstream = `http://127.0.0.1:${talker.firstLine.trim()}`
  const bare = await begin(node, [join(here, 'gateway/bare.ts'), certFile, keyFile, upstream])
  const data = join(directory, 'data')
  mkdirSync(data, { mode: 0o700 })
  const { program, port, cookie } = await startOurs({ begin, data, upstream, host })
  return [
    { name: 'bare undici', program: bare, port: Number(bare.firstLine), cookie },
    { name: 'gatehouse', program, port, cookie },
  ]
}

async function begin(...args: Parameters<typeof start>): Promise<Program> {
  const program = await start(...args)
  programs.push(program)
  return program
}

/** Each of 32 sockets says 100 bytes, hears them, and says them again. */
async function echo({ program, port, cookie }: Target): Promise<Round> {
  const message = 'm'.repeat(100)
  let count = 0
  const open = await Promise.all(
    Array.from({ length: sockets }, async () => {
      const socket = new WebSocket(`wss://127.0.0.1:${port}/socket`, [], {
        servername: host,
        rejectUnauthorized: false,
        perMessageDeflate: false,
        headers: { host: `${host}:${port}`, cookie, origin: `https://${host}:${port}` },
      } as WebSocket.ClientOptions)
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
      socket.on('message', () => {
        count += 1
        socket.send(message)
      })
      return socket
    }),
  )
  for (const socket of open) socket.send(message)
  const round = await during(program, () => count)
  for (const socket of open) socket.terminate()
  return round
}

/** 96 readers take what the app tells all of them; counted are events that arrived. */
async function fanOut({ program, port, cookie }: Target): Promise<Round> {
  let bytes = 0
  const open = await Promise.all(
    Array.from({ length: readers }, async (): Promise<TLSSocket> => {
      const socket = connect({ host: '127.0.0.1', port, servername: host, rejectUnauthorized: false })
      socket.on('error', () => undefined)
      await new Promise((resolve) => socket.once('secureConnect', resolve))
      socket.write(`GET /events HTTP/1.1\r\nHost: ${host}:${port}\r\nCookie: ${cookie}\r\n\r\n`)
      await new Promise((resolve) => socket.once('data', resolve))
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      return socket
    }),
  )
  const round = await during(program, () => Math.floor(bytes / 256))
  for (const socket of open) socket.destroy()
  return round
}

async function during(program: Program, count: () => number): Promise<Round> {
  const begun = performance.now()
  const [before, cpuBefore] = [count(), cpuOf(program.pid)]
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  const [passed, cpu] = [count() - before, cpuOf(program.pid) - cpuBefore]
  if (passed === 0) throw new Error('nothing passed')
  return { perSecond: passed / ((performance.now() - begun) / 1_000), cpuUs: cpu / passed }
}
