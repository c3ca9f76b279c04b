/**
 * Sign-ins a second per core through the whole server (TLS, page, throttle, look-up, argon2id, session, journal, durable
 * commit), beside the bare hash at the same cost in the same run; and what others wait meanwhile. Per core is per second
 * of CPU time, all threads together, so that a busy machine does not change the figure; the rates by the clock stand
 * beside it.
 *
 *     bin/runtime bench/sign-in.ts [--json]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hash, verify } from '@node-rs/argon2'
import { median, quantile, rounded } from './machine/figures.ts'
import { cpuOf, freePort } from './machine/programs.ts'

const rounds = 12
const roundMs = 1_200
const warmUpMs = 8_000
const people = 6
const pauseMs = 10
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const password = 'a password for the bench'
const root = join(import.meta.dirname, '..')
const directory = mkdtempSync(join(root, '.bench-'))
const agent = new Agent({ keepAlive: true, rejectUnauthorized: false, servername: 'gatehouse.localhost' })

interface Answer {
  readonly status: number
  readonly cookie: string | undefined
  readonly text: string
}

let server: ChildProcess | undefined
try {
  const port = await freePort()
  server = serve(port)
  await ready(port)
  const cookie = await setUp(port)
  const phc = await hash(password, cost)
  const bare: Rate[] = []
  const through: Rate[] = []
  const alone: number[] = []
  const meanwhile: number[] = []
  const { pid = 0 } = server
  const ofServer = () => cpuOf(pid) / 1e6
  // a server that signs people in is warm: until the compiler has seen a few hundred, most of it is still interpreted
  await signInFor(warmUpMs, port)
  for (let round = 0; round < rounds; round += 1) {
    const both = [
      async () => bare.push(await rated(ownCpuSeconds, () => countFor(roundMs, 1, () => verify(phc, password)))),
      async () => through.push(await rated(ofServer, () => signInFor(roundMs, port))),
    ]
    // whoever came second would always find the machine as the first left it
    for (const measure of round % 2 === 0 ? both : both.toReversed()) await measure()
    await watch(alone, port, cookie, () => sleep(500))
    await watch(meanwhile, port, cookie, () => signInFor(roundMs, port))
  }
  report({ bare, through, alone, meanwhile })
} finally {
  agent.destroy()
  if (server !== undefined && server.exitCode === null) {
    server.kill('SIGTERM')
    await once(server, 'exit')
  }
  rmSync(directory, { recursive: true })
}

interface Rate {
  readonly perSecond: number
  readonly perCpuSecond: number
}

function report(measured: {
  readonly bare: readonly Rate[]
  readonly through: readonly Rate[]
  readonly alone: readonly number[]
  readonly meanwhile: readonly number[]
}): void {
  const { alone, meanwhile } = measured
  const cpu = (rates: readonly Rate[]) => median(rates.map((one) => one.perCpuSecond))
  // each round beside its own bare hashes: the machine's speed changes from second to second
  const ratios = measured.through.map(
    (one, round) => one.perCpuSecond / (measured.bare[round]?.perCpuSecond ?? Number.NaN),
  )
  const clock = (rates: readonly Rate[]) => median(rates.map((one) => one.perSecond))
  const figures = {
    bareHashesPerCore: rounded(cpu(measured.bare), 10),
    signInsPerCore: rounded(cpu(measured.through), 10),
    ratio: rounded(median(ratios), 100),
    bareHashesPerSecond: rounded(clock(measured.bare), 10),
    signInsPerSecondOneLane: rounded(clock(measured.through), 10),
    othersAloneP50Ms: rounded(quantile(alone, 0.5), 100),
    othersAloneP99Ms: rounded(quantile(alone, 0.99), 100),
    othersMeanwhileP50Ms: rounded(quantile(meanwhile, 0.5), 100),
    othersMeanwhileP99Ms: rounded(quantile(meanwhile, 0.99), 100),
    loadAverage: rounded(loadavg()[0] ?? 0, 10),
  }
  if (!process.argv.includes('--json')) console.table(figures)
  const hashCost = 'argon2id m=19456 t=2 p=1'
  console.log(JSON.stringify({ bench: 'sign-in', rounds, roundMs, hashCost, targets: { ratio: 0.8 }, figures }))
}

/** How many a second, by the clock and by the CPU time of one process. */
async function rated(cpuSeconds: () => number, work: () => Promise<number>): Promise<Rate> {
  const begun = performance.now()
  const before = cpuSeconds()
  const done = await work()
  return {
    perSecond: (done * 1_000) / (performance.now() - begun),
    perCpuSecond: done / (cpuSeconds() - before),
  }
}

function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** One lane: one core hashes, as in the bare loop. */
function serve(port: number): ChildProcess {
  return spawn(join(root, 'bin', 'gatehouse'), ['serve'], {
    cwd: directory,
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'] ?? '',
      GATEHOUSE_DATA: join(directory, 'data'),
      GATEHOUSE_LISTEN_HTTPS: `127.0.0.1:${port}`,
      GATEHOUSE_LISTEN_HTTP: '127.0.0.1:0',
      GATEHOUSE_IDENTITY_PASSWORD_LANES: '1',
    },
  })
}

/** Makes the administrator on the admin socket and the others as that administrator; answers the session cookie. */
async function setUp(port: number): Promise<string> {
  const body = JSON.stringify({ handle: 'admin', displayName: 'Admin', password })
  const made = await new Promise<number>((resolve, reject) => {
    const options = { socketPath: join(directory, 'data', 'admin.sock'), method: 'POST', path: '/api/v1/setup' }
    const headers = { 'content-type': 'application/json', host: 'localhost' }
    const asked = httpRequest({ ...options, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
    asked.on('error', reject).end(body)
  })
  if (made !== 201) throw new Error(`set-up answered ${made}`)
  const cookie = await signIn(port, 'admin')
  for (let n = 0; n < people; n += 1) {
    const account = JSON.stringify({ handle: `person${n}`, displayName: `Person ${n}`, password })
    const answer = await ask(port, 'POST', '/api/v1/accounts', account, { cookie, 'content-type': 'application/json' })
    if (answer.status !== 201) throw new Error(`creating an account answered ${answer.status}: ${answer.text}`)
  }
  return cookie
}

async function signIn(port: number, handle: string): Promise<string> {
  const form = new URLSearchParams({ handle, password }).toString()
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await ask(port, 'POST', '/sign-in', form, type)
  if (answer.cookie === undefined) throw new Error(`sign-in answered ${answer.status}: ${answer.text}`)
  return answer.cookie
}

function signInFor(milliseconds: number, port: number): Promise<number> {
  return countFor(milliseconds, people, (n) => signIn(port, `person${n}`))
}

/** Times a small request every few milliseconds while `work` runs. */
async function watch<T>(into: number[], port: number, cookie: string, work: () => Promise<T>): Promise<T> {
  let running = true
  const watching = (async () => {
    while (running) {
      const begun = performance.now()
      const answer = await ask(port, 'GET', '/api/v1/me', undefined, { cookie })
      if (answer.status !== 200) throw new Error(`/api/v1/me answered ${answer.status}`)
      into.push(performance.now() - begun)
      await sleep(pauseMs)
    }
  })()
  try {
    return await work()
  } finally {
    running = false
    await watching
  }
}

/** Completed calls of `width` loops. */
async function countFor(milliseconds: number, width: number, work: (n: number) => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  let done = 0
  const loop = async (n: number): Promise<void> => {
    while (performance.now() - begun < milliseconds) {
      await work(n)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: width }, (_, n) => loop(n)))
  return done
}

function ask(
  port: number,
  method: string,
  path: string,
  body: string | undefined,
  extra: Readonly<Record<string, string>>,
): Promise<Answer> {
  const host = `gatehouse.localhost:${port}`
  const headers = { host, origin: `https://${host}`, ...extra }
  return new Promise((resolve, reject) => {
    const asked = httpsRequest({ host: '127.0.0.1', port, method, path, headers, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        const cookie = response.headers['set-cookie']?.find((line) => line.startsWith('__Host-gatehouse='))
        resolve({ status: response.statusCode ?? 0, cookie: cookie?.split(';', 1)[0], text })
      })
    })
    asked.on('error', reject).end(body)
  })
}

async function ready(port: number): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    const answer = await ask(port, 'GET', '/readyz', undefined, {}).catch(() => undefined)
    if (answer?.status === 200) return
    await sleep(25)
  }
  throw new Error('the server did not become ready')
}
