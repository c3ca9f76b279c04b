/**
 * What large bodies and idle WebSockets cost the gate in memory: a gigabyte down and one up on a public route, then 5,000
 * WebSockets that say nothing, beside a bare `undici` proxy in the same run. Growth is resident memory of the proxy's
 * process, at most while it works, over what it had after one of a mebibyte. Linux only (`/proc`).
 *
 * Needs openssl (Debian package of the same name).
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { startOurs } from './gateway/ours.ts'
import { rounded } from './machine/figures.ts'
import { cpuOf, type Program, start } from './machine/programs.ts'

const run = promisify(execFile)
const bytes = Number(process.env['BENCH_BYTES'] ?? 1_073_741_824)
const wanted = Number(process.env['BENCH_SOCKETS'] ?? 5_000)
const hosts = ['public-bench.localhost', 'more-bench.localhost'] as const
const here = import.meta.dirname
const node = process.execPath
const mib = 1_048_576

interface Target {
  readonly name: string
  readonly program: Program
  readonly port: number
}

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
const programs: Program[] = []
try {
  const figures: Record<string, Readonly<Record<string, object>>> = {}
  for (const target of await startTargets()) {
    const down = await stream(target, download)
    const up = await stream(target, upload)
    figures[target.name] = { down, up, sockets: await idle(target) }
    await target.program.stop()
  }
  console.table(
    Object.fromEntries(
      Object.entries(figures).map(([name, kinds]) => [
        name,
        Object.assign({}, ...Object.entries(kinds).map(([kind, values]) => prefixed(kind, values))) as object,
      ]),
    ),
  )
  console.log(JSON.stringify({ bench: 'streaming', bytes, sockets: wanted, figures }))
} finally {
  await Promise.all(programs.map((program) => program.stop()))
  rmSync(directory, { recursive: true, force: true })
}

function prefixed(prefix: string, values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix} ${name}`, value]))
}

async function startTargets(): Promise<readonly Target[]> {
  const certFile = join(directory, 'cert.pem')
  const keyFile = join(directory, 'key.pem')
  await run('openssl', [
    ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout'.split(' '),
    keyFile,
    ...`-out ${certFile} -subj /CN=bench -addext subjectAltName=DNS:${hosts[0]}`.split(' '),
  ])
  const app = await begin(node, [join(here, 'gateway/streamer.ts')])
  const upstream = `http://127.0.0.1:${app.firstLine.trim()}`
  const bare = await begin(node, [join(here, 'gateway/bare.ts'), certFile, keyFile, upstream])
  const data = join(directory, 'data')
  mkdirSync(data, { mode: 0o700 })
  const { program, port } = await startOurs({ begin, data, upstream, host: 'bench.localhost' })
  await addRoute(data, upstream)
  return [
    { name: 'bare undici', program: bare, port: Number(bare.firstLine) },
    { name: 'gatehouse', program, port },
  ]
}

/** A second public route: one keeps at most 4,096 WebSockets. */
async function addRoute(data: string, upstream: string): Promise<void> {
  const access = { kind: 'public', reason: 'a bench' }
  const request = httpRequest({
    socketPath: join(data, 'admin.sock'),
    method: 'POST',
    path: '/api/v1/routes',
    headers: { host: 'localhost', 'content-type': 'application/json' },
  })
  request.end(JSON.stringify({ name: 'more', host: hosts[1], upstreams: [upstream], access }))
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  if (response.statusCode !== 201) throw new Error(`the second route: ${response.statusCode}`)
  response.resume()
}

async function begin(...args: Parameters<typeof start>): Promise<Program> {
  const program = await start(...args)
  programs.push(program)
  return program
}

async function stream(target: Target, pass: (target: Target, size: number) => Promise<void>) {
  await pass(target, mib)
  const before = residentOf(target.program.pid)
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, residentOf(target.program.pid))
  }, 10)
  const begun = performance.now()
  const cpu = cpuOf(target.program.pid)
  await pass(target, bytes)
  clearInterval(watch)
  return {
    grownMiB: rounded((most - before) / mib, 10),
    mibPerSecond: Math.round(bytes / mib / ((performance.now() - begun) / 1_000)),
    cpuMsPerGiB: Math.round(((cpuOf(target.program.pid) - cpu) / 1_000) * (1_073_741_824 / bytes)),
  }
}

async function download(target: Target, size: number): Promise<void> {
  const socket = await open(target, hosts[0])
  socket.write(`GET /${size} HTTP/1.1\r\nHost: ${hosts[0]}:${target.port}\r\n\r\n`)
  let got = 0
  for await (const chunk of socket) {
    got += (chunk as Buffer).length
    if (got > size) break
  }
  socket.destroy()
}

async function upload(target: Target, size: number): Promise<void> {
  const socket = await open(target, hosts[0])
  const head = `POST / HTTP/1.1\r\nHost: ${hosts[0]}:${target.port}\r\nContent-Length: ${size}\r\n\r\n`
  const answered = once(socket, 'data')
  socket.write(head)
  const piece = Buffer.alloc(65_536)
  for (let left = size; left > 0; left -= piece.length) {
    if (!socket.write(left < piece.length ? piece.subarray(0, left) : piece)) await once(socket, 'drain')
  }
  const [answer] = (await answered) as [Buffer]
  if (!answer.toString().startsWith('HTTP/1.1 200')) throw new Error(`upload: ${answer.toString().slice(0, 100)}`)
  socket.destroy()
}

/** Opened from addresses in turn: the gate keeps 512 of strangers from one. */
async function idle(target: Target) {
  const before = residentOf(target.program.pid)
  const sockets: TLSSocket[] = []
  const batch = 50
  for (let done = 0; done < wanted; done += batch) {
    const opened = Array.from({ length: Math.min(batch, wanted - done) }, async (_, at) => {
      const place = done + at
      const host = hosts[place % 2] ?? hosts[0]
      const socket = await open(target, host, `127.0.1.${1 + (place % 20)}`)
      socket.write(
        `GET / HTTP/1.1\r\nHost: ${host}:${target.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
      )
      const [answer] = (await once(socket, 'data')) as [Buffer]
      if (!answer.toString().startsWith('HTTP/1.1 101')) throw new Error(answer.toString().slice(0, 300))
      sockets.push(socket)
    })
    await Promise.all(opened)
  }
  // what opening left behind is collected while nothing happens
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const cpu = cpuOf(target.program.pid)
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  const each = (residentOf(target.program.pid) - before) / sockets.length
  const idleCpu = (cpuOf(target.program.pid) - cpu) / 2_000
  for (const socket of sockets) socket.destroy()
  return { count: sockets.length, kibEach: rounded(each / 1_024, 10), idleCpuMsPerSecond: rounded(idleCpu, 10) }
}

async function open({ port }: Target, host: string, localAddress = '127.0.0.1'): Promise<TLSSocket> {
  const options = { host: '127.0.0.1', port, localAddress, servername: host, rejectUnauthorized: false }
  const socket = connect({ ...options, ALPNProtocols: ['http/1.1'] })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

/** Resident memory in bytes. */
function residentOf(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1_024
}
