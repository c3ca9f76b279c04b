/**
 * Webhooks: events delivered a second to a receiver on this machine (each read from the queue, asked whether its owner may
 * read it, signed, posted, and what came of it written durably), beside bare signed `undici` posts of the same body in
 * the same run and in turn; and what a change waits for when a hundred webhooks want to hear of it.
 *
 *     bin/runtime bench/webhooks.ts
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { median, quantile, rounded } from './machine/figures.ts'
import { cpuOf, freePort, type Program, start } from './machine/programs.ts'

const events = 300
const rounds = 3
const changes = 60
const root = join(import.meta.dirname, '..')
const directory = mkdtempSync(join(root, '.bench-'))
const socketPath = join(directory, 'data', 'admin.sock')

let received = 0
let waiting: { readonly count: number; readonly done: () => void } | undefined
let sample = ''
const receiver = createServer((asked, response) => {
  let body = ''
  asked.setEncoding('utf8')
  asked.on('data', (chunk: string) => {
    body += chunk
  })
  asked.on('end', () => {
    sample = body
    received += 1
    response.writeHead(204).end()
    if (waiting !== undefined && received >= waiting.count) waiting.done()
  })
}).listen(0, '127.0.0.1')
await once(receiver, 'listening')
const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`

let server: Program | undefined
let bare: ReturnType<typeof spawn> | undefined
try {
  server = await serve()
  const alone = await timed(changes, 'alone')
  const begun = new Date().toISOString()
  for (let n = 0; n < events; n += 1) await call('POST', '/networks', network(`n${n}`))
  await call('POST', '/webhooks', { name: 'receiver', url, events: ['networks.*'] })
  // the first message gives the body that the peer posts
  await arrived(1, () => call('POST', '/networks', network('first')))
  for (let n = 0; n < events; n += 1) {
    await call('PATCH', `/networks/n${n}`, { title: `Network ${n}` })
  }
  await quiet()
  bare = spawn(process.execPath, [join(import.meta.dirname, 'webhooks', 'bare.ts'), url, sample], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(bare.stdout as NodeJS.EventEmitter, 'data')
  const ours: Rate[] = []
  const theirs: Rate[] = []
  const { stdin, pid = 0 } = bare
  for (let round = 0; round < rounds; round += 1) {
    theirs.push(await rated(pid, () => Promise.resolve(void stdin?.write(`${events}\n`))))
    ours.push(await rated(server.pid, () => call('POST', '/webhooks/receiver/replay', { since: begun })))
    await quiet()
  }
  for (let n = 2; n < 100; n += 1) await call('POST', '/webhooks', { name: `w${n}`, url, events: ['networks.*'] })
  const told = await timed(changes, 'told')
  report(ours, theirs, alone, told)
} finally {
  bare?.stdin?.end()
  await server?.stop()
  receiver.closeAllConnections()
  receiver.close()
  rmSync(directory, { recursive: true, maxRetries: 5 })
}

interface Rate {
  readonly perSecond: number
  /** Of the sender, for one message. */
  readonly cpuUs: number
}

async function serve(): Promise<Program> {
  return start(join(root, 'bin', 'gatehouse'), ['serve'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: directory,
      GATEHOUSE_DATA: join(directory, 'data'),
      GATEHOUSE_LISTEN_HTTPS: `127.0.0.1:${await freePort()}`,
      GATEHOUSE_LISTEN_HTTP: '127.0.0.1:0',
      GATEHOUSE_HOOKS_ALLOW_NETWORKS: '127.0.0.0/8',
      GATEHOUSE_HOOKS_ALLOW_HTTP: '127.0.0.1',
    },
    ready: async () => {
      await call('GET', '/networks')
      return true
    },
  })
}

function network(name: string) {
  return { name, title: name, cidrs: ['192.0.2.0/24'] }
}

/** As the machine's owner, on the admin socket. */
function call(method: string, path: string, body?: Readonly<Record<string, unknown>>): Promise<void> {
  const headers = { host: 'localhost', 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path: `/api/v1${path}`, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve()
        else reject(new Error(`${method} ${path} answered ${response.statusCode}: ${text}`))
      })
    })
    asked.on('error', reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** Milliseconds from when `work` began until so many messages had come. */
async function arrived(count: number, work: () => Promise<unknown>): Promise<number> {
  received = 0
  const all = new Promise<void>((done) => {
    waiting = { count, done }
  })
  const from = performance.now()
  await work()
  await all
  waiting = undefined
  return performance.now() - from
}

async function rated(pid: number, work: () => Promise<unknown>): Promise<Rate> {
  const before = cpuOf(pid)
  const ms = await arrived(events, work)
  return { perSecond: (events * 1_000) / ms, cpuUs: (cpuOf(pid) - before) / events }
}

/** Until nothing has come for half a second. */
async function quiet(): Promise<void> {
  for (let before = -1; before !== received; ) {
    before = received
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** Changes one after the other, each waited for. */
async function timed(count: number, name: string): Promise<readonly number[]> {
  const times: number[] = []
  for (let n = 0; n < count; n += 1) {
    const from = performance.now()
    await call('POST', '/networks', network(`${name}-${n}`))
    times.push(performance.now() - from)
  }
  return times
}

function report(
  ours: readonly Rate[],
  theirs: readonly Rate[],
  alone: readonly number[],
  told: readonly number[],
): void {
  const figures = {
    delivered: middle(ours),
    barePosts: middle(theirs),
    change: { medianMs: rounded(median(alone), 10), p99Ms: rounded(quantile(alone, 0.99), 10) },
    changeWith100Webhooks: { medianMs: rounded(median(told), 10), p99Ms: rounded(quantile(told, 0.99), 10) },
  }
  console.table(figures)
  console.log(JSON.stringify({ bench: 'webhooks', events, rounds, ...figures }))
}

function middle(rates: readonly Rate[]) {
  return {
    perSecond: Math.round(median(rates.map(({ perSecond }) => perSecond))),
    cpuUs: Math.round(median(rates.map(({ cpuUs }) => cpuUs))),
  }
}
