/**
 * What it costs to ask Gatehouse, in one run on one machine: decisions over keep-alive as nginx asks for them (a session, an
 * API token, a stranger), beside a bare Node responder that says yes to everybody; then the same two behind nginx's
 * `auth_request`, beside nginx that asks nobody. 32 connections; rounds in turn, so that the machine's moods meet all alike.
 * Plain HTTP throughout: TLS is measured by `bench/gateway`.
 *
 * Needs nginx and wrk (Debian packages of the same names).
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startOurs } from './gateway/ours.ts'
import { Peers } from './gateway/peers.ts'
import { median, rounded } from './machine/figures.ts'
import { cpuOf, type Program } from './machine/programs.ts'

const run = promisify(execFile)
const host = 'bench.localhost'
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5)
const seconds = Number(process.env['BENCH_SECONDS'] ?? 1)
const connections = 32
const here = import.meta.dirname
const node = process.execPath

interface Target {
  readonly name: string
  readonly program: Program
  readonly port: number
  readonly path: string
  readonly headers: readonly string[]
  /** A stranger's answer is 401, which is what is wanted of it. */
  readonly refuses: boolean
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
  for (const target of targets) await measure(target, 2)
  const measured = new Map<string, Round[]>(targets.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const target of round % 2 === 0 ? targets : targets.toReversed()) {
      measured.get(target.name)?.push(await measure(target, seconds))
    }
  }
  report(measured)
} finally {
  await peers.stop()
  rmSync(directory, { recursive: true, force: true })
}

async function startTargets(): Promise<readonly Target[]> {
  const upstream = await peers.upstream()
  const data = join(directory, 'data')
  mkdirSync(data, { mode: 0o700 })
  const ours = await startOurs({ begin: (...args) => peers.begin(...args), data, upstream, host })
  const { program } = ours
  const bareProgram = await peers.begin(node, [join(here, 'forward-auth/bare.ts')])
  const bare = { program: bareProgram, port: Number(bareProgram.firstLine) }
  const direct = { program, port: ours.httpPort, path: '/forward-auth/nginx', refuses: false }
  const question = ['X-Original-Method: GET', `X-Original-URL: https://${host}/`, 'X-Forwarded-For: 192.0.2.7']
  const session = `Cookie: ${ours.cookie}`
  const before = await peers.nginx('asking-ours', (port) => asking(port, ours.httpPort, upstream))
  const beforeBare = await peers.nginx('asking-bare', (port) => asking(port, bare.port, upstream))
  const nobody = await peers.nginx('asking-nobody', (port) => asking(port, undefined, upstream))
  const page = { path: '/', headers: [session], refuses: false }
  return [
    { name: 'bare responder', ...direct, ...bare, headers: [...question, session] },
    { name: 'gatehouse, session', ...direct, headers: [...question, session] },
    { name: 'gatehouse, API token', ...direct, headers: [...question, `Authorization: Bearer ${ours.token}`] },
    { name: 'gatehouse, stranger', ...direct, headers: question, refuses: true },
    { name: 'nginx alone', ...page, ...nobody },
    { name: 'nginx asking the bare responder', ...page, ...beforeBare, program: bareProgram },
    { name: 'nginx asking gatehouse', ...page, ...before, program },
  ]
}

/** As docs/forward-auth.md prints it, over plain HTTP and for one address. */
function asking(port: number, authority: number | undefined, upstream: string): string {
  const kept = 'proxy_http_version 1.1; proxy_set_header Connection "";'
  const app = `upstream app { server ${upstream.slice('http://'.length)}; keepalive 64; }`
  const asks =
    authority === undefined ? '' : 'auth_request /gatehouse-question; auth_request_set $u $upstream_http_remote_user;'
  const question =
    authority === undefined
      ? ''
      : `location = /gatehouse-question {
        internal; proxy_pass http://gatehouse/forward-auth/nginx; proxy_pass_request_body off; ${kept}
        proxy_set_header Content-Length ""; proxy_set_header Host gatehouse;
        proxy_set_header X-Original-Method $request_method; proxy_set_header X-Original-URL https://${host}$request_uri;
        proxy_set_header X-Forwarded-For $remote_addr; }`
  const gatehouse = authority === undefined ? '' : `upstream gatehouse { server 127.0.0.1:${authority}; keepalive 64; }`
  const told = authority === undefined ? '' : 'proxy_set_header Remote-User $u;'
  return `${app} ${gatehouse} server { listen 127.0.0.1:${port};
    location / { ${asks} ${told} ${kept} proxy_pass http://app; } ${question} }`
}

async function measure(target: Target, duration: number): Promise<Round> {
  const { program, port, path, headers, refuses } = target
  const before = cpuOf(program.pid)
  const { stdout } = await run('wrk', [
    ...`-t 1 -c ${connections} -d ${Math.round(duration)}s -s`.split(' '),
    join(here, 'gateway/load.lua'),
    ...headers.flatMap((header) => ['-H', header]),
    `http://127.0.0.1:${port}${path}`,
  ])
  const cpu = cpuOf(program.pid) - before
  const last = stdout.trim().split('\n').at(-1) ?? ''
  const { requests, durationUs, failed, p50Us, p99Us } = JSON.parse(last) as Record<string, number>
  const count = requests ?? 0
  if (count === 0 || failed !== (refuses ? count : 0)) throw new Error(`${failed} of ${count} failed:\n${stdout}`)
  return { perSecond: count / ((durationUs ?? 1) / 1e6), p50Us: p50Us ?? 0, p99Us: p99Us ?? 0, cpuUs: cpu / count }
}

function report(measured: ReadonlyMap<string, readonly Round[]>): void {
  const figures = [...measured].map(([name, all]) => ({
    name,
    perSecond: Math.round(median(all.map((one) => one.perSecond))),
    best: Math.round(Math.max(...all.map((one) => one.perSecond))),
    cpuUs: rounded(median(all.map((one) => one.cpuUs)), 10),
    p50Ms: rounded(median(all.map((one) => one.p50Us)) / 1_000, 100),
    p99Ms: rounded(median(all.map((one) => one.p99Us)) / 1_000, 100),
  }))
  console.table(figures)
  console.log(JSON.stringify({ bench: 'forward-auth', connections, rounds, figures }))
}
