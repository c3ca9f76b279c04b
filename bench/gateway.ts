/**
 * How much the gate costs, in one run on one machine with one upstream, in groups of which `BENCH_ONLY` names some:
 *
 * - `keep-alive`: Gatehouse (a public route, a session, an API token, with an access log) beside a bare `undici` dispatch
 *   proxy, Caddy's and nginx's plain reverse proxy; 64 connections over TLS 1.3 with 1 KiB from a local nginx.
 * - `connections`: the same with a new connection for every request.
 * - `certificates`: clients that prove themselves by certificate, beside a bare proxy that asks for one and believes any.
 *   nginx stands before both and shows it, over kept connections and over new ones, since wrk has none to show.
 * - `plain`: HTTP without TLS. Apps are never served over it: what there is to measure is the redirect, beside nginx's.
 *   Forward-auth, the other thing asked over plain HTTP, has `bench/forward-auth`.
 * - `workers`: two worker threads beside one thread that does everything. Where there are two processors in all, the client and
 *   the upstream want theirs too, so each serving thread is held to the same part of one (`BENCH_PART`): what two do then is what
 *   two do that each have as much as one. That takes root and cgroup v1; without them what is left for a second thread is measured.
 * - `routes`: a session among `BENCH_ROUTES` routes, a twentieth of them on its host, beside one route.
 *
 * Rounds in turn, so that the machine's moods meet all alike, each after a moment that is not counted, and long enough that the
 * handshakes of kept connections weigh nothing. Gatehouse is the product as it is started: one process, and one thread but for
 * `workers`.
 *
 * Needs nginx, caddy, wrk and openssl (Debian packages of the same names).
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Ours, type OursOptions, startOurs } from './gateway/ours.ts'
import { Peers } from './gateway/peers.ts'
import { median, rounded } from './machine/figures.ts'
import { holdBusiest, type Shares } from './machine/processor-shares.ts'
import { cpuOf, type Program } from './machine/programs.ts'

const run = promisify(execFile)
const host = 'bench.localhost'
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 8)
const seconds = Number(process.env['BENCH_SECONDS'] ?? 3)
const manyRoutes = Number(process.env['BENCH_ROUTES'] ?? 10_000)
const only = process.env['BENCH_ONLY']?.split(',')
/** Of a processor, for each serving thread of the group `workers`. */
const part = Number(process.env['BENCH_PART'] ?? 0.3)
const warmUpSeconds = 9
/**
 * Served before each round, and not counted: whoever has stood still while the others were measured has lost its caches, and some
 * of its memory too where the machine takes back what lies idle. Whoever comes first and last, twice in a row, would not have.
 */
const awakeSeconds = 1
const here = import.meta.dirname
const node = process.execPath

interface Target {
  readonly name: string
  readonly program: Program
  readonly host: string
  readonly port: number
  /** Every target is sent a cookie of the same length: a request costs what its bytes cost. */
  readonly headers: readonly string[]
  readonly scheme?: 'http'
  /** Each compiles for itself what it runs, and sees a share of the requests. */
  readonly threads?: number
}

interface Round {
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
  readonly cpuUs: number
}

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
const peers = new Peers(directory, host)
const groups = {
  'keep-alive': keepAlive,
  connections: newConnections,
  certificates: clientCertificates,
  plain: plainHttp,
  workers: workerThreads,
  routes: amongMany,
}
try {
  const upstream = await peers.upstream()
  const certificate = await peers.certificate()
  const ours = await begin('one', upstream)
  const common: Common = { upstream, ours, ...certificate, beside: await peersBeside(upstream, ours, certificate) }
  for (const [name, work] of Object.entries(groups)) if (only?.includes(name) !== false) await work(common)
} finally {
  await peers.stop()
  rmSync(directory, { recursive: true, force: true })
}

async function keepAlive({ ours, upstream, beside }: Common): Promise<void> {
  const logging = await begin('logging', upstream, { accessLog: true })
  const targets = [
    ...beside,
    { name: 'gatehouse, public', ...session(ours), host: `public-${host}` },
    { name: 'gatehouse, API token', ...session(ours), headers: [`Authorization: Bearer ${ours.token}`] },
    // as many rows as the other process has: the compiler makes more of what it meets more often
    { name: 'gatehouse, access log', ...session(logging) },
    { name: 'gatehouse, access log, public', ...session(logging), host: `public-${host}` },
    {
      name: 'gatehouse, access log, API token',
      ...session(logging),
      headers: [`Authorization: Bearer ${logging.token}`],
    },
  ]
  report(await compare(targets, rounds, true))
}

async function newConnections({ beside }: Common): Promise<void> {
  const measured = await compare(beside, Math.ceil(rounds / 2), false)
  reportGroup('a new TLS connection for every request', measured, [
    ['gatehouse', 'caddy', 0.75],
    ['gatehouse', 'bare undici', 0.85],
  ])
}

async function clientCertificates({ ours, upstream, certFile, keyFile }: Common): Promise<void> {
  const asking = await peers.begin(node, [join(here, 'gateway/bare.ts'), certFile, keyFile, upstream, 'ask'])
  const shown = peers.clientCertificate(ours.certificate)
  for (const kept of [true, false]) {
    const before = async (name: string, program: Program, to: { host: string; port: number }): Promise<Target> => {
      const { port } = await peers.nginxShowing(`${kept ? 'kept' : 'new'}-${to.port}`, to, shown, kept)
      return { name, program, host, port, headers: [], scheme: 'http' }
    }
    const targets = [
      await before('bare undici', asking, { host, port: Number(asking.firstLine) }),
      await before('gatehouse', ours.program, { host: `certificate-${host}`, port: ours.port }),
    ]
    const connections = kept ? 'over kept connections' : 'with a new connection for every request'
    reportGroup(`client certificates, ${connections}`, await compare(targets, Math.ceil(rounds / 2), true), [
      ['gatehouse', 'bare undici', 0.85],
    ])
  }
}

async function plainHttp({ ours }: Common): Promise<void> {
  const nginx = await peers.nginx('redirecting', (port) => {
    return `server { listen 127.0.0.1:${port}; location / { return 308 https://$host$request_uri; } }`
  })
  const target = { host, headers: [], scheme: 'http' } as const
  const targets = [
    { name: 'gatehouse', program: ours.program, port: ours.httpPort, ...target },
    { name: 'nginx', ...nginx, ...target },
  ]
  for (const kept of [true, false]) {
    const connections = kept ? 'over kept connections' : 'with a new connection for every request'
    const measured = await compare(targets, Math.ceil(rounds / 4), kept)
    reportGroup(`the redirect of plain HTTP, ${connections}`, measured, [])
  }
}

async function workerThreads({ ours, upstream }: Common): Promise<void> {
  const two = await begin('workers', upstream, { workers: 2 })
  const name = 'gatehouse, 2 workers'
  const targets = [
    { name: 'gatehouse', ...session(ours) },
    { name, ...session(two), threads: 3 },
  ]
  for (const kept of [true, false]) {
    const connections = kept ? 'over kept connections' : 'with a new connection for every request'
    const held: Shares[] = []
    const hold = (): void => {
      for (const [pid, threads] of [
        [ours.program.pid, 1],
        [two.program.pid, 2],
      ] as const) {
        const shares = holdBusiest(pid, threads, part)
        if (shares !== undefined) held.push(shares)
      }
    }
    try {
      const measured = await compare(targets, Math.ceil(rounds / 3), kept, hold)
      const how = held.length === 2 ? `each thread held to ${part} of a processor` : 'threads share what is left'
      reportGroup(`two workers, ${connections}, ${how}`, measured, [[name, 'gatehouse', 1.5]])
    } finally {
      for (const { release } of held) release()
    }
  }
}

async function amongMany({ ours, upstream }: Common): Promise<void> {
  const many = await begin('many', upstream, { routes: manyRoutes })
  const name = `gatehouse, ${manyRoutes} routes`
  const targets = [
    { name: 'gatehouse', ...session(ours) },
    { name, ...session(many) },
  ]
  reportGroup(`${manyRoutes} routes`, await compare(targets, rounds, true), [[name, 'gatehouse', 0.95]])
}

async function peersBeside(
  upstream: string,
  ours: Ours,
  { certFile, keyFile }: Pick<Common, 'certFile' | 'keyFile'>,
): Promise<readonly Target[]> {
  const bare = await peers.begin(node, [join(here, 'gateway/bare.ts'), certFile, keyFile, upstream])
  const headers = [`Cookie: ${ours.cookie}`]
  return [
    { name: 'bare undici', program: bare, port: Number(bare.firstLine), host, headers },
    { name: 'gatehouse', ...session(ours) },
    { name: 'caddy', ...(await peers.caddy(upstream, certFile, keyFile)), host, headers },
    { name: 'nginx', ...(await peers.nginxProxy(upstream, certFile, keyFile)), host, headers },
  ]
}

async function compare(
  targets: readonly Target[],
  times: number,
  kept: boolean,
  warmed?: () => void,
): Promise<ReadonlyMap<string, readonly Round[]>> {
  // long enough for the compiler to have seen everything, on a busy machine too, and as long for every program
  for (const target of targets) {
    const shared = targets.filter(({ program }) => program === target.program).length
    await measure(target, (warmUpSeconds * (target.threads ?? 1)) / shared, kept)
  }
  warmed?.()
  const measured = new Map<string, Round[]>(targets.map(({ name }) => [name, []]))
  for (let round = 0; round < times; round += 1) {
    const order = round % 2 === 0 ? targets : targets.toReversed()
    for (const target of order) {
      await measure(target, awakeSeconds, kept)
      measured.get(target.name)?.push(await measure(target, seconds, kept))
    }
  }
  return measured
}

interface Common {
  readonly upstream: string
  readonly certFile: string
  readonly keyFile: string
  readonly ours: Ours
  /** Gatehouse with a session, and the programs it is measured beside. */
  readonly beside: readonly Target[]
}

function session({ program, port, cookie }: Ours) {
  return { program, port, host, headers: [`Cookie: ${cookie}`] }
}

function begin(name: string, upstream: string, more: Partial<OursOptions> = {}): Promise<Ours> {
  const data = join(directory, `data-${name}`)
  mkdirSync(data, { mode: 0o700 })
  return startOurs({
    begin: (...args) => peers.begin(...args),
    data,
    upstream,
    host,
    nodeOptions: profiling(),
    ...more,
  })
}

/** `BENCH_PROFILE=dir` leaves a CPU profile of Gatehouse there. */
function profiling(): string | undefined {
  const to = process.env['BENCH_PROFILE']
  return to === undefined ? undefined : `--cpu-prof --cpu-prof-dir=${to}`
}

async function measure(target: Target, duration: number, kept: boolean): Promise<Round> {
  const { program, port, headers } = target
  const before = cpuOf(program.pid)
  const { stdout } = await run('wrk', [
    ...`-t 1 -c 64 --timeout 10s -d ${Math.round(duration)}s -s`.split(' '),
    join(here, 'gateway/load.lua'),
    ...[...headers, ...(kept ? [] : ['Connection: close'])].flatMap((header) => ['-H', header]),
    `${target.scheme ?? 'https'}://${target.host}:${port}/`,
  ])
  const cpu = cpuOf(program.pid) - before
  const last = stdout.trim().split('\n').at(-1) ?? ''
  const { requests, durationUs, failed, p50Us, p99Us } = JSON.parse(last) as Record<string, number>
  const count = requests ?? 0
  if (count === 0 || failed !== 0) throw new Error(`${failed} of ${count} requests failed:\n${stdout}`)
  return {
    perSecond: count / ((durationUs ?? 1) / 1e6),
    p50Us: p50Us ?? 0,
    p99Us: p99Us ?? 0,
    cpuUs: cpu / count,
  }
}

function report(measured: ReadonlyMap<string, readonly Round[]>): void {
  const figures = [...measured].map(([name, all]) => ({
    name,
    perSecond: Math.round(median(all.map((one) => one.perSecond))),
    cpuUs: rounded(median(all.map((one) => one.cpuUs)), 10),
    p50Ms: rounded(median(all.map((one) => one.p50Us)) / 1_000, 100),
    p99Ms: rounded(median(all.map((one) => one.p99Us)) / 1_000, 100),
  }))
  const bare = figures[0]
  const ratios = figures.map((one) => ({
    ...one,
    // each round against the bare one beside it, then the middle of those
    ofBare: ratioOf(measured.get(one.name) ?? [], measured.get('bare undici') ?? []),
    // and the best quarter of both: what else runs on a shared machine only ever slows a round down
    bestOfBare: bestRatioOf(measured.get(one.name) ?? [], measured.get('bare undici') ?? []),
    cpuOfBare: cpuRatioOf(measured.get(one.name) ?? [], measured.get('bare undici') ?? []),
    p99OfBare: rounded(one.p99Ms / (bare?.p99Ms ?? Number.NaN), 100),
  }))
  console.table(Object.fromEntries(ratios.map(({ name, ...rest }) => [name, rest])))
  const find = (name: string) => ratios.find((one) => one.name === name)
  const ours = find('gatehouse')
  const targets = [
    ['of bare, no access log', ours?.ofBare ?? 0, '>=', 0.85],
    ['of bare, with access log', find('gatehouse, access log')?.ofBare ?? 0, '>=', 0.75],
    ['of caddy', rounded((ours?.perSecond ?? 0) / (find('caddy')?.perSecond ?? Number.NaN), 100), '>', 1],
    ['p99 of bare', ours?.p99OfBare ?? 99, '<=', 1.5],
  ] as const
  judge(targets)
  console.log(JSON.stringify({ bench: 'gateway', connections: 64, bytes: 1024, rounds, seconds, figures: ratios }))
}

/** @param wanted which part of which other's requests a second is wanted of whom */
function reportGroup(
  title: string,
  measured: ReadonlyMap<string, readonly Round[]>,
  wanted: readonly (readonly [string, string, number])[],
): void {
  const figures = [...measured].map(([name, all]) => ({
    name,
    perSecond: Math.round(median(all.map((one) => one.perSecond))),
    cpuUs: Math.round(median(all.map((one) => one.cpuUs))),
    p99Ms: rounded(median(all.map((one) => one.p99Us)) / 1_000, 10),
  }))
  console.log(`${title}:`)
  console.table(Object.fromEntries(figures.map(({ name, ...rest }) => [name, rest])))
  const all = (name: string) => measured.get(name) ?? []
  judge(wanted.map(([name, other, part]) => [`${name} of ${other}`, ratioOf(all(name), all(other)), '>=', part]))
  // what others do on the machine changes it less
  for (const [name, other] of wanted) {
    console.log(`       ${name} of ${other} by processor time: ${cpuRatioOf(all(name), all(other))}`)
  }
  console.log(JSON.stringify({ bench: 'gateway', group: title, connections: 64, figures }))
}

function judge(targets: readonly (readonly [string, number, '>=' | '<=' | '>', number])[]): void {
  for (const [what, value, sign, goal] of targets) {
    const met = sign === '<=' ? value <= goal : sign === '>' ? value > goal : value >= goal
    console.log(`${met ? 'met   ' : 'missed'} ${what}: ${value} (${sign} ${goal})`)
  }
}

function ratioOf(ours: readonly Round[], bare: readonly Round[]): number {
  const ratios = ours.map((round, i) => round.perSecond / (bare[i]?.perSecond ?? Number.NaN))
  return rounded(median(ratios), 100)
}

function cpuRatioOf(ours: readonly Round[], bare: readonly Round[]): number {
  return rounded(median(ours.map((round, i) => (bare[i]?.cpuUs ?? Number.NaN) / round.cpuUs)), 100)
}

function bestRatioOf(ours: readonly Round[], bare: readonly Round[]): number {
  const best = (all: readonly Round[]) =>
    median(
      all
        .map((round) => round.perSecond)
        .toSorted((a, b) => b - a)
        .slice(0, Math.max(1, all.length >> 2)),
    )
  return rounded(best(ours) / best(bare), 100)
}
