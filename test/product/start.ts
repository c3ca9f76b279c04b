import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** The product as a person runs it: `gatehouse serve` in a process of its own. */
export interface Product {
  /** `https://gatehouse.localhost:41234` */
  readonly origin: string
  readonly port: number
  readonly directory: string
  /** The one-time link; present while nobody has set it up. */
  readonly setupLink: string | undefined
  readonly process: ChildProcess
  /** Everything it wrote to standard output and standard error so far. */
  output(): string
  /** Ends the process and waits; the data stays until the test ends. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<number | null>
}

export interface StartOptions {
  /** An existing data directory, for a restart; a fresh one when absent, removed by `cleanUp`. */
  readonly directory?: string
  readonly environment?: Readonly<Record<string, string>>
  /** Another `gatehouse` than the checkout's. */
  readonly program?: string
  /** Runs as this user (and group) of the system, where the test itself is root. */
  readonly user?: number
}

const started: Product[] = []
const directories: string[] = []

/** Starts it on free ports and waits until it says that it is ready. Rejects with its output when it ends before. */
export async function startProduct(options: StartOptions = {}): Promise<Product> {
  const directory = options.directory ?? newDirectory()
  const child = spawn(options.program ?? join(root, 'bin', 'gatehouse'), ['serve'], {
    cwd: directory,
    ...(options.user === undefined ? {} : { uid: options.user, gid: options.user }),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: directory,
      GATEHOUSE_DATA: join(directory, 'data'),
      GATEHOUSE_LISTEN_HTTPS: '127.0.0.1:0',
      GATEHOUSE_LISTEN_HTTP: '127.0.0.1:0',
      ...options.environment,
    },
  })
  let output = ''
  const ready = new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      if (/^ {2}Console +https:/m.test(output) && output.includes('ssh -N')) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', (code) => reject(new Error(`gatehouse serve ended with ${code}:\n${output}`)))
  })
  await ready
  const origin = /^ {2}Console +(https:\S+)$/m.exec(output)?.[1] ?? ''
  const product: Product = {
    origin,
    port: Number(new URL(origin).port),
    directory,
    setupLink: /^ {2}Set up +(https:\S+)/m.exec(output)?.[1],
    process: child,
    output: () => output,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal)
        await once(child, 'exit')
      }
      return child.exitCode
    },
  }
  started.push(product)
  return product
}

/** A directory that `cleanUp` removes. */
export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-product-'))
  directories.push(directory)
  return directory
}

/** Ends what is still running and removes every directory. For `after`. */
export async function cleanUp(): Promise<void> {
  await Promise.all(started.splice(0).map((product) => product.stop('SIGKILL')))
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
}
