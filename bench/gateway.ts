/**
 * How much the gate costs, in one run on one machine with one upstream: Gatehouse (a public route, a session, an API
 * token, with an access log, among ten thousand routes) beside a bare `undici` dispatch proxy, Caddy's and nginx's
 * plain reverse proxy. 64 keep-alive connections over TLS 1.3 with 1 KiB from a local nginx, then new connections;
 * rounds in turn, so that the machine's moods meet all alike. Everything is one process.
 *
 * Needs nginx, caddy, wrk and openssl (Debian packages of the same names).
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Peers } from './gateway/peers.ts'
import { median, rounded } from './machine/figures.ts'
import { cpuOf, type Program } from './machine/programs.ts'

const run = promisify(execFile)
const host = 'bench.localhost'
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 12)
const seconds = Number(process.env['BENCH_SECONDS'] ?? 1)
const manyRoutes = Number(process.env['BENCH_ROUTES'] ?? 10_000)
const warmUpSeconds = 9
const here = import.meta.dirname
const node = process.execPath

interface Target {
  readonly name: string
  readonly program: Program
  readonly host: string
  readonly port: number
  /** Every target is sent a cookie of the same length: a request costs what its bytes cost. */
  readonly headers: readonly string[]
}

interface Round {
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
  readonly cpuUs: number
}

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
const peers = new Peers(directory, host)
try {
  const targets = await startTargets()
  // long enough for the compiler to have seen everything, on a busy machine too, and as long for every program
  for (const target of targets) {
    const shared = targets.filter(({ program }) => program === target.program).length
    await measure(target, warmUpSeconds / shared, true)
  }
  report(await compare(targets, rounds, true))
  const connecting = targets.filter(({ name }) => ['bare undici', 'gatehouse', 'caddy', 'nginx'].includes(name))
  for (const target of connecting) await measure(target, 3, false)
  reportConnecting(await compare(connecting, Math.ceil(rounds / 2), false))
} finally {
  await peers.stop()
  rmSync(directory, { recursive: true, force: true })
}

async function compare(
  targets: readonly Target[],
  times: number,
  keepAlive: boolean,
): Promise<ReadonlyMap<string, readonly Round[]>> {
  const measured = new Map<string, Round[]>(targets.map(({ name }) => [name, []]))
  for (let round = 0; round < times; round += 1) {
    const order = round % 2 === 0 ? targets : targets.toReversed()
    for (const target of order) measured.get(target.name)?.push(await measure(target, seconds, keepAlive))
  }
  return measured
}

async function startTargets(): Promise<readonly Target[]> {
  const { certFile, keyFile } = await peers.certificate()
  const upstream = await peers.upstream()
  const bare = await peers.begin(node, [join(here, 'gateway/bare.ts'), certFile, keyFile, upstream])
  const caddy = await peers.caddy(upstream, certFile, keyFile)
  const nginx = await peers.nginxProxy(upstream, certFile, keyFile)
  const ours = await startOurs('one', upstream, 'off', 1)
  const logging = await startOurs('logging', upstream, 'on', 1)
  const many = await startOurs('many', upstream, 'off', manyRoutes)
  const headers = [`Cookie: ${ours.cookie}`]
  const session = ({ program, port, cookie }: Started) => ({ program, port, host, headers: [`Cookie: ${cookie}`] })
  return [
    { name: 'bare undici', program: bare, port: Number(bare.firstLine), host, headers },
    { name: 'gatehouse', ...session(ours) },
    { name: 'gatehouse, public', ...session(ours), host: `public-${host}` },
    { name: 'gatehouse, API token', ...session(ours), headers: [`Authorization: Bearer ${ours.token}`] },
    { name: `gatehouse, ${manyRoutes} routes`, ...session(many) },
    { name: 'gatehouse, access log', ...session(logging) },
    { name: 'caddy', ...caddy, host, headers },
    { name: 'nginx', ...nginx, host, headers },
  ]
}

interface Started {
  readonly program: Program
  readonly port: number
  readonly cookie: string
  readonly token: string
}

async function startOurs(name: string, upstream: string, log: 'on' | 'off', routes: number): Promise<Started> {
  const data = join(directory, `data-${name}`)
  mkdirSync(data, { mode: 0o700 })
  const args = [join(here, 'gateway/ours.ts'), data, upstream, host, log, String(routes)]
  const program = await peers.begin(node, [...profiling(), ...args])
  return { program, ...(JSON.parse(program.firstLine) as Omit<Started, 'program'>) }
}

/** `BENCH_PROFILE=dir` leaves a CPU profile of Gatehouse there. */
function profiling(): readonly string[] {
  const to = process.env['BENCH_PROFILE']
  return to === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${to}`]
}

async function measure(target: Target, duration: number, keepAlive: boolean): Promise<Round> {
  const { program, port, headers } = target
  const before = cpuOf(program.pid)
  const { stdout } = await run('wrk', [
    ...`-t 1 -c 64 -d ${Math.round(duration)}s -s`.split(' '),
    join(here, 'gateway/load.lua'),
    ...[...headers, ...(keepAlive ? [] : ['Connection: close'])].flatMap((header) => ['-H', header]),
    `https://${target.host}:${port}/`,
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
    [
      `${manyRoutes} routes of one`,
      ratioOf(measured.get(`gatehouse, ${manyRoutes} routes`) ?? [], measured.get('gatehouse') ?? []),
      '>=',
      0.95,
    ],
  ] as const
  judge(targets)
  console.log(JSON.stringify({ bench: 'gateway', connections: 64, bytes: 1024, rounds, seconds, figures: ratios }))
}

/** With a new connection for every request: the handshake is most of it. */
function reportConnecting(measured: ReadonlyMap<string, readonly Round[]>): void {
  const figures = [...measured].map(([name, all]) => ({
    name,
    perSecond: Math.round(median(all.map((one) => one.perSecond))),
    cpuUs: Math.round(median(all.map((one) => one.cpuUs))),
    p99Ms: rounded(median(all.map((one) => one.p99Us)) / 1_000, 10),
  }))
  console.log('A new TLS connection for every request:')
  console.table(Object.fromEntries(figures.map(({ name, ...rest }) => [name, rest])))
  const ours = measured.get('gatehouse') ?? []
  judge([
    ['new connections of caddy', ratioOf(ours, measured.get('caddy') ?? []), '>=', 0.75],
    ['new connections of bare', ratioOf(ours, measured.get('bare undici') ?? []), '>=', 0.85],
  ])
  console.log(JSON.stringify({ bench: 'gateway-connections', connections: 64, figures }))
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
