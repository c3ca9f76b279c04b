import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'

const program = join(import.meta.dirname, '..', 'bin', 'gatehouse')

/** `gatehouse serve` on a directory of its own. */
export interface Server {
  readonly origin: string
  readonly socket: string
  /** Resolves when it has ended by itself, with what it wrote. */
  readonly ended: Promise<string>
  stop(): Promise<void>
}

export interface Ports {
  readonly https: number
  readonly http: number
}

/** The usual ports where they are free, else any. */
export async function freePorts(): Promise<Ports> {
  return { https: (await isFree(8443)) ? 8443 : 0, http: (await isFree(8080)) ? 8080 : 0 }
}

/** Starts it, with none of the surrounding settings: a demo never touches what somebody really runs. */
export async function startServer(data: string, ports: Ports): Promise<Server> {
  const child = spawn(program, ['serve'], {
    cwd: data,
    // a group of its own: Ctrl-C reaches the demo alone, which then ends the rest in order
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: data,
      GATEHOUSE_DATA: data,
      GATEHOUSE_LISTEN_HTTPS: `127.0.0.1:${ports.https}`,
      GATEHOUSE_LISTEN_HTTP: `127.0.0.1:${ports.http}`,
      GATEHOUSE_LOG_LEVEL: 'warn',
    },
  })
  const { ready, ended } = follow(child)
  await Promise.race([ready, ended.then((output) => Promise.reject(new Error(`gatehouse serve ended:\n${output}`)))])
  return { origin: await ready, socket: join(data, 'admin.sock'), ended, stop: () => stop(child) }
}

/** Reads what it prints: the console's address when it is ready, everything when it has ended. */
function follow(child: ChildProcess): { readonly ready: Promise<string>; readonly ended: Promise<string> } {
  let output = ''
  const ready = new Promise<string>((resolve) => {
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-16_384)
      const origin = /^ {2}Console +(https:\S+)$/m.exec(output)?.[1]
      if (origin !== undefined) resolve(origin)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
  })
  return { ready, ended: once(child, 'close').then(() => output) }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  // connections that browsers hold open are not waited for: everything is thrown away anyway
  const impatience = setTimeout(() => child.kill('SIGKILL'), 3_000)
  await closed
  clearTimeout(impatience)
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  try {
    probe.listen(port, '127.0.0.1')
    await once(probe, 'listening')
    return true
  } catch {
    return false
  } finally {
    probe.close()
  }
}
