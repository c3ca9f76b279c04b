import { existsSync, lstatSync, readFileSync, type Stats } from 'node:fs'
import { resolve } from 'node:path'
import { exitCodes, Failure, wrongUsage } from './failure.ts'
import type { Endpoint } from './http.ts'
import { codeOfFile } from './secret-file.ts'

/** Options every command takes that talks to a server. */
export interface TargetOptions {
  readonly url?: string
  readonly data?: string
  readonly json?: boolean
}

/** A server and the right to talk to it. */
export interface Target {
  readonly endpoint: Endpoint
  /** What goes into `Authorization`; absent on the admin socket, whose mode is the proof. */
  readonly token: string | undefined
  /** For messages: the origin, or the socket's path. */
  readonly name: string
}

/**
 * Chooses the server: `--url` or `GATEHOUSE_URL`; else the admin socket of `--data`; else that of the data directory here, when
 * it is this user's; else the server signed in to last.
 *
 * @throws Failure `cli.no-server`, `cli.not-signed-in`, `cli.usage`
 */
export async function chooseTarget(options: TargetOptions): Promise<Target> {
  const named = options.url ?? (options.data === undefined ? nonEmpty(process.env['GATEHOUSE_URL']) : undefined)
  if (named !== undefined) return storedTarget(parseOrigin(named))
  const socket = socketPath(options.data)
  const owner = socketOwner(socket)
  if (owner === 'me') return { endpoint: { kind: 'socket', path: socket }, token: undefined, name: socket }
  if (options.data !== undefined) throw noServer(socket, owner)
  const { readCredentials } = await import('./credentials.ts')
  const { current } = readCredentials()
  if (current !== undefined) return storedTarget(parseOrigin(current))
  throw noServer(socket, owner)
}

/** The origin of an address as people type it. @throws Failure wrong usage */
export function parseOrigin(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`)
  if (url === null || url.hostname === '') throw wrongUsage(`Not an address: ${text}. Write https://host:port.`)
  if (url.protocol !== 'https:') throw wrongUsage('Gatehouse is spoken to over https only.')
  if (url.username !== '' || url.password !== '') throw wrongUsage('Leave user and password out of the address.')
  return new URL(url.origin)
}

/** Where a server in this directory would listen for its machine's owner. */
export function socketPath(data: string | undefined): string {
  return resolve(data ?? nonEmpty(process.env['GATEHOUSE_DATA']) ?? configuredData() ?? './data', 'admin.sock')
}

async function storedTarget(origin: URL): Promise<Target> {
  const { readCredentials } = await import('./credentials.ts')
  const known = readCredentials().servers[origin.origin]
  const token = nonEmpty(process.env['GATEHOUSE_TOKEN']) ?? known?.token
  if (token !== undefined) {
    return { endpoint: { kind: 'https', origin, ca: known?.ca ?? authorityFromFile() }, token, name: origin.origin }
  }
  throw new Failure({
    exit: exitCodes.failed,
    code: 'cli.not-signed-in',
    title: `Not signed in to ${origin.origin}`,
    detail: `Run "gatehouse login ${origin.origin}" first, or set GATEHOUSE_TOKEN to an API token.`,
  })
}

/** For CI, where nobody signed in before: the PEM that `gatehouse ca --pem` printed. */
function authorityFromFile(): string | undefined {
  const path = nonEmpty(process.env['GATEHOUSE_CA_FILE'])
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw wrongUsage(`GATEHOUSE_CA_FILE cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function socketOwner(path: string): 'me' | 'other' | 'none' {
  let status: Stats | undefined
  try {
    status = lstatSync(path, { throwIfNoEntry: false })
  } catch (error) {
    // a directory that is entered by its owner alone, as every data directory
    if (codeOfFile(error) === 'EACCES') return 'other'
    throw error
  }
  if (status?.isSocket() !== true) return 'none'
  return process.getuid === undefined || status.uid === process.getuid() ? 'me' : 'other'
}

/** `data` of the configuration file, read loosely: the server is the one who judges that file. */
function configuredData(): string | undefined {
  const file = nonEmpty(process.env['GATEHOUSE_CONFIG']) ?? 'gatehouse.toml'
  if (!existsSync(file)) return undefined
  const match = /^[ \t]*data[ \t]*=[ \t]*(?:"([^"\\]*)"|'([^']*)')/m.exec(
    readFileSync(file, 'utf8').split(/^\s*\[/m)[0] ?? '',
  )
  return match?.[1] ?? match?.[2]
}

function noServer(socket: string, owner: 'other' | 'none'): Failure {
  const why =
    owner === 'other'
      ? `${socket} belongs to another user: run this command as that user`
      : `There is no server's socket at ${socket}: start one there with "gatehouse serve", or change to its directory`
  return new Failure({
    exit: exitCodes.unreachable,
    code: 'cli.no-server',
    title: 'No server to talk to',
    detail: `${why}. From another machine, sign in with "gatehouse login https://host:port".`,
  })
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text
}
