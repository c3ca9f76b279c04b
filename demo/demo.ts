import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { notice } from './notice.ts'
import { startSampleApp } from './sample-app.ts'
import { freePorts, startServer } from './server.ts'
import { buildWorld } from './world.ts'

const usage = `Usage: npm run demo [-- --data DIRECTORY] [--port PORT]

Starts Gatehouse with sample people, groups, roles, networks, grants and apps on a data
directory that is made now and deleted at the end.

  --data DIRECTORY  where; it must not exist (default: a new one among the temporary files)
  --port PORT       for HTTPS on 127.0.0.1; 0: any (default: 8443 if it is free, else any)
`

process.exitCode = await main()

async function main(): Promise<number> {
  const options = readOptions()
  if (typeof options === 'number') return options
  const directory = makeDirectory(options.data)
  if (directory === undefined) {
    process.stderr.write(`demo: ${options.data} exists or cannot be made; a demo only uses a directory of its own\n`)
    return 2
  }
  const stopped = stopSignal()
  try {
    return await play(directory, options.port, stopped)
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function play(directory: string, port: number | undefined, stopped: Promise<'stopped'>): Promise<number> {
  const app = await startSampleApp()
  try {
    const ports = await freePorts()
    const server = await startServer(directory, port === undefined ? ports : { ...ports, https: port })
    try {
      const world = await Promise.race([buildWorld(server, app.url), stopped])
      if (world === 'stopped') return 0
      process.stdout.write(notice(server.origin, world))
      const output = await Promise.race([stopped, server.ended])
      if (output === 'stopped') return 0
      process.stderr.write(`demo: the server ended by itself:\n${output}`)
      return 1
    } finally {
      await server.stop()
    }
  } finally {
    app.stop()
  }
}

function readOptions(): { readonly data: string | undefined; readonly port: number | undefined } | number {
  const known = { data: { type: 'string' }, port: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const
  try {
    const { values } = parseArgs({ options: known })
    if (values.help === true) {
      process.stdout.write(usage)
      return 0
    }
    const port = values.port === undefined ? undefined : Number(values.port)
    if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) throw new Error('no such port')
    return { data: values.data, port }
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return 2
  }
}

/** Makes the directory; `undefined` when there is one already: somebody's data is never touched. */
function makeDirectory(wanted: string | undefined): string | undefined {
  if (wanted === undefined) return mkdtempSync(join(tmpdir(), 'gatehouse-demo-'))
  try {
    mkdirSync(resolve(wanted), { mode: 0o700 })
    return resolve(wanted)
  } catch {
    return undefined
  }
}

function stopSignal(): Promise<'stopped'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('stopped'))
  })
}
