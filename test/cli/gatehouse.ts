import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Env, type Run, runCommand } from '../product/command.ts'
import { startProduct } from '../product/start.ts'

/** A directory with a home of its own, in which commands run as a person would run them. */
export interface Place {
  readonly directory: string
  /** Runs `gatehouse …args`; `stdin` is everything it can read. */
  run(args: readonly string[], options?: { readonly stdin?: string; readonly env?: Env }): Promise<Run>
}

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
  return { directory, run: (args, options = {}) => runCommand(directory, args, options.stdin, options.env) }
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
    run: (args, options = {}) => runCommand(product.directory, args, options.stdin, options.env),
    stop,
    origin: product.origin,
    fingerprint: /((?:[0-9a-f]{2}:){31}[0-9a-f]{2})/i.exec(product.output())?.[1] ?? '',
  }
}
