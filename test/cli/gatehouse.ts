import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import { startProduct } from '../product/start.ts'
import { root } from '../structure/sources.ts'

const program = resolve(root, 'bin/gatehouse')

/** What one run of the command left behind. */
export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A directory with a home of its own, in which commands run as a person would run them. */
export interface Place {
  readonly directory: string
  /** Runs `gatehouse …args`; `stdin` is everything it can read. */
  run(args: readonly string[], options?: { readonly stdin?: string; readonly env?: Env }): Promise<Run>
}

export type Env = Readonly<Record<string, string>>

/** A server that runs until the test ends. */
export interface Server extends Place {
  /** `https://gatehouse.localhost:41234` */
  readonly origin: string
  /** SHA-256 of its authority, as it printed it. */
  readonly fingerprint: string
  /** Ends it as an operator would; answers its exit code. */
  stop(): Promise<number | null>
}

/** An empty place, without server or stored credentials. */
export function newPlace(t: TestContext): Place {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return { directory, run: (args, options = {}) => runIn(directory, args, options.stdin ?? '', options.env ?? {}) }
}

/** Starts `gatehouse serve` with a data directory of its own; commands run beside it, so they find its socket. */
export async function startServer(t: TestContext): Promise<Server> {
  const product = await startProduct({ environment: { GATEHOUSE_LOG_LEVEL: 'warn' } })
  const stop = () => product.stop()
  t.after(async () => {
    await stop()
    rmSync(product.directory, { recursive: true, force: true })
  })
  return {
    directory: product.directory,
    run: (args, options = {}) => runIn(product.directory, args, options.stdin ?? '', options.env ?? {}),
    stop,
    origin: product.origin,
    fingerprint: /((?:[0-9a-f]{2}:){31}[0-9a-f]{2})/i.exec(product.output())?.[1] ?? '',
  }
}

function runIn(directory: string, args: readonly string[], stdin: string, env: Env): Promise<Run> {
  const child = spawn(program, args, { cwd: directory, env: environment(directory, env) })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  // a command that fails before it reads closes its end first
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  return new Promise((done, fail) => {
    child.once('error', fail)
    child.once('close', (code) => done({ code, stdout, stderr }))
  })
}

/** Nothing of the developer's own: no credentials, no settings, no colours. */
function environment(home: string, env: Env): Env {
  const path = process.env['PATH'] ?? '/usr/bin:/bin'
  const cache = process.env['NODE_COMPILE_CACHE']
  return { PATH: path, HOME: home, ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }), ...env }
}
