import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** `npm run demo` as a person sees it. */
export interface Demo {
  readonly origin: string
  /** By handle, as printed. */
  readonly passwords: ReadonlyMap<string, string>
  /** By the first label of the host. */
  readonly places: ReadonlyMap<string, string>
  /** Ctrl-C; answers the exit code. */
  end(): Promise<number | null>
}

/** Starts it on a free port with this data directory, which must not exist. Rejects with its output when it ends before. */
export async function startDemo(data: string): Promise<Demo> {
  const child = spawn(join(root, 'bin', 'runtime'), [join(root, 'demo', 'demo.ts'), '--port', '0', '--data', data], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('Try it:')) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${output}`)))
  })
  return {
    origin: /^ {2}Console +(\S+)$/m.exec(output)?.[1] ?? '',
    passwords: new Map(
      [...output.matchAll(/^ {2}(\w+) +((?:[a-z]+-){3}\d{5}) /gm)].map(([, who, word]) => [`${who}`, `${word}`]),
    ),
    places: new Map(
      [...output.matchAll(/^ {2}(https:\/\/(\w+)\.localhost\S+)/gm)].map(([, url, name]) => [`${name}`, `${url}`]),
    ),
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      child.kill('SIGINT')
      await once(child, 'exit')
      return child.exitCode
    },
  }
}
