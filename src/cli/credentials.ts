import { lstatSync, mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { exitCodes, Failure, notWritten } from './failure.ts'
import { replaceFile } from './replaced-file.ts'

const server = z.object({
  /** The API token `gatehouse login` was given; whoever reads it acts as that account. */
  token: z.string(),
  tokenId: z.string().optional(),
  handle: z.string().optional(),
  /** The certificate authority that was confirmed at first contact; absent: the system's. */
  ca: z.string().optional(),
})

const file = z.object({
  version: z.literal(1),
  /** The server that commands go to when none is named. */
  current: z.string().optional(),
  /** By origin: `https://gatehouse.localhost:8443` */
  servers: z.record(z.string(), server),
})

export type StoredServer = z.infer<typeof server>
export type StoredCredentials = z.infer<typeof file>

/** `~/.config/gatehouse/credentials.json`, or below `XDG_CONFIG_HOME`. */
export function credentialsPath(): string {
  const base = process.env['XDG_CONFIG_HOME']
  return join(base === undefined || base === '' ? join(homedir(), '.config') : base, 'gatehouse', 'credentials.json')
}

/** What earlier logins stored; nothing when there were none. @throws Failure when others could read or change it */
export function readCredentials(): StoredCredentials {
  const path = credentialsPath()
  let text: string
  try {
    requirePrivate(path)
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Failure) throw error
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { version: 1, servers: {} }
    throw unreadable(path, String(error))
  }
  const parsed = file.safeParse(parseJson(text))
  if (!parsed.success) throw unreadable(path, 'it does not hold what "gatehouse login" writes')
  return parsed.data
}

/**
 * Replaces the file in one step, so that an interruption leaves the old one. Mode 0600 in a directory of mode
 * 0700. @throws Failure `cli.not-written`; the old one stands
 */
export function writeCredentials(credentials: StoredCredentials): void {
  const path = credentialsPath()
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    replaceFile(path, `${JSON.stringify(credentials, null, 2)}\n`)
  } catch (error) {
    throw notWritten(path, error, 'What was stored before stands.')
  }
}

function requirePrivate(path: string): void {
  const status = lstatSync(path)
  const others = (status.mode & 0o077) !== 0
  const mine = process.getuid === undefined || status.uid === process.getuid()
  if (status.isFile() && mine && !others) return
  const fault = status.isFile()
    ? mine
      ? 'others may read or change it'
      : 'it belongs to another user'
    : 'it is no file'
  throw new Failure({
    exit: exitCodes.failed,
    code: 'cli.credentials-exposed',
    title: 'The stored credentials are not private',
    detail: `${path} was not used: ${fault}. If that was a mistake: chmod 600 ${path}. If not, revoke its tokens and sign in again.`,
  })
}

function unreadable(path: string, why: string): Failure {
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.credentials-unreadable',
    title: 'The stored credentials cannot be read',
    detail: `${path}: ${why}. Move it away and sign in again with "gatehouse login".`,
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
