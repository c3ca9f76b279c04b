/**
 * How much the gate costs: a signed-in, permission-checked route beside a bare `undici` dispatch proxy and Caddy's plain
 * reverse proxy, in one run. 64 keep-alive connections over TLS 1.3, 1 KiB from a local nginx, rounds in turn, so that
 * the machine's moods meet all alike.
 *
 * Needs nginx, caddy, wrk and openssl (Debian packages of the same names).
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { median, rounded } from './machine/figures.ts'
import { cpuOf, freePort, type Program, start } from './machine/programs.ts'

const run = promisify(execFile)
const host = 'bench.localhost'
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 12)
const seconds = Number(process.env['BENCH_SECONDS'] ?? 1)
const warmUpSeconds = 3
const here = import.meta.dirname
const node = process.execPath

interface Target {
  readonly name: string
  readonly program: Program
  readonly port: number
  /** Every target is sent one of the same length: a request costs what its bytes cost. */
  readonly cookie: string
}

interface Round {
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
  readonly cpuUs: number
}

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
const programs: Program[] = []
try {
  const targets = await startTargets()
  // long enough for the compiler to have seen everything, on a busy machine too
  for (const target of targets) await measure(target, warmUpSeconds)
  const measured = new Map<string, Round[]>(targets.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? targets : targets.toReversed()
    for (const target of order) measured.get(target.name)?.push(await measure(target, seconds))
  }
  report(measured)
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
  const upstream = `http://127.0.0.1:${await startNginx()}`
  const bare = await begin(node, [join(here, 'gateway/bare.ts'), certFile, keyFile, upstream])
  const caddyPort = await freePort()
  const caddyFile = join(directory, 'Caddyfile')
  writeFileSync(
    caddyFile,
    `{
  admin off
  auto_https off
  skip_install_trust
}
https://${host}:${caddyPort} {
  tls ${certFile} ${keyFile}
  reverse_proxy ${upstream}
}
`,
  )
  const env = { ...process.env, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory }
  const caddy = await begin('caddy', ['run', '--config', caddyFile, '--adapter', 'caddyfile'], {
    env,
    ready: () => isOpen(caddyPort),
  })
  const ours = await startOurs(upstream, 'off')
  const logging = await startOurs(upstream, 'on')
  return [
    { name: 'bare undici', program: bare, port: Number(bare.firstLine), cookie: ours.cookie },
    { name: 'gatehouse', ...ours },
    { name: 'gatehouse, access log', ...logging },
    { name: 'caddy', program: caddy, port: caddyPort, cookie: ours.cookie },
  ]
}

async function startOurs(upstream: string, accessLog: 'on' | 'off') {
  const data = join(directory, `data-${accessLog}`)
  mkdirSync(data, { mode: 0o700 })
  const program = await begin(node, [...profiling(), join(here, 'gateway/ours.ts'), data, upstream, host, accessLog])
  const { port, cookie } = JSON.parse(program.firstLine) as { readonly port: number; readonly cookie: string }
  return { program, port, cookie }
}

/** `BENCH_PROFILE=dir` leaves a CPU profile of Gatehouse there. */
function profiling(): readonly string[] {
  const to = process.env['BENCH_PROFILE']
  return to === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${to}`]
}

async function startNginx(): Promise<number> {
  const port = await freePort()
  const config = join(directory, 'nginx.conf')
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${directory}/${kind};`,
  )
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; ${paths.join(' ')}
  server { listen 127.0.0.1:${port}; location / { default_type text/plain; return 200 "${'x'.repeat(1024)}"; } }
}
`,
  )
  await begin('nginx', ['-c', config, '-p', directory], { ready: () => isOpen(port) })
  return port
}

async function begin(...args: Parameters<typeof start>): Promise<Program> {
  const program = await start(...args)
  programs.push(program)
  return program
}

async function measure({ program, port, cookie }: Target, duration: number): Promise<Round> {
  const before = cpuOf(program.pid)
  const { stdout } = await run('wrk', [
    ...`-t 1 -c 64 -d ${Math.round(duration)}s -s`.split(' '),
    join(here, 'gateway/load.lua'),
    '-H',
    `Cookie: ${cookie}`,
    `https://${host}:${port}/`,
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
  ] as const
  for (const [what, value, sign, goal] of targets) {
    const met = sign === '<=' ? value <= goal : sign === '>' ? value > goal : value >= goal
    console.log(`${met ? 'met   ' : 'missed'} ${what}: ${value} (${sign} ${goal})`)
  }
  console.log(JSON.stringify({ bench: 'gateway', connections: 64, bytes: 1024, rounds, seconds, figures: ratios }))
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

async function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
