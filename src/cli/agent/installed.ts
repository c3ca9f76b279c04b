import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { exitCodes, Failure } from '../failure.ts'
import { writeWhole } from '../replaced-file.ts'

/**
 * Where a certificate and its key live. Both paths are links into one directory that is a link itself, so that one rename
 * changes both: whenever the power goes, a key and a certificate that belong together are there.
 *
 *     tls.crt → tls.crt.d/current/cert.pem      tls.crt.d/current → v1732261234567
 *     tls.key → tls.crt.d/current/key.pem
 */
export interface Place {
  readonly cert: string
  readonly key: string
  /** `tls.crt.d` */
  readonly store: string
}

export interface Installed {
  readonly certificate: X509Certificate
  /** Certificate and chain as they are in the file. */
  readonly certPem: string
  readonly keyPem: string
  /** When it was put there, milliseconds. */
  readonly since: number
}

export function placeOf(cert: string, key: string): Place {
  const at = resolve(cert)
  return { cert: at, key: resolve(key), store: `${at}.d` }
}

/**
 * What is there now.
 *
 * @throws Failure `cli.agent-files` when one of the paths is not the agent's: it replaces nothing that others put there, and
 * believes no key that others could have put there
 */
export function readInstalled(place: Place): Installed | undefined {
  requireOwnStore(place)
  for (const [path, name] of linksOf(place)) requireOwn(path, join(place.store, 'current', name))
  const current = join(place.store, 'current')
  if (!existsSync(join(current, 'cert.pem'))) return undefined
  const version = basename(realpathSync(current))
  const certPem = readFileSync(join(current, 'cert.pem'), 'utf8')
  return {
    certificate: new X509Certificate(certPem),
    certPem,
    keyPem: readFileSync(join(current, 'key.pem'), 'utf8'),
    since: Number(/^v(\d+)$/.exec(version)?.[1] ?? 0),
  }
}

/** A share of a certificate's own in [0, 1), the same whoever asks when. */
export function shareOf({ fingerprint256 }: X509Certificate): number {
  return createHash('sha256').update(fingerprint256).digest().readUInt32BE(0) / 2 ** 32
}

/**
 * The key that a certificate is or was asked for, made at first use and on disk before anything is sent: when the answer
 * is lost, or this process is, the same is asked again with the same key and not twice.
 */
export function pendingKey(place: Place): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const path = join(place.store, 'pending.key')
  mkdirSync(place.store, { recursive: true, mode: 0o755 })
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    writeDurably(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600)
  }
  const privateKey = createPrivateKey(readFileSync(path, 'utf8'))
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

/**
 * Puts a certificate and the pending key in place, both at once. What was there before is kept beside it. `reload-due`
 * stands before anybody could see the new one, and until `noteReloaded`.
 *
 * @param certPem certificate first, then its chain
 */
export function install(place: Place, certPem: string, now: number): void {
  const { store } = place
  const name = freeVersion(store, now)
  const version = join(store, name)
  mkdirSync(version, { mode: 0o755 })
  writeDurably(join(version, 'key.pem'), readFileSync(join(store, 'pending.key'), 'utf8'), 0o600)
  writeDurably(join(version, 'cert.pem'), certPem, 0o644)
  syncDirectory(version)
  writeDurably(join(store, 'reload-due'), '', 0o644)
  const before = existsSync(join(store, 'current')) ? basename(realpathSync(join(store, 'current'))) : undefined
  replaceLink(join(store, 'current'), name)
  finishInstall(place)
  for (const old of readdirSync(store)) {
    if (/^v\d+$/.test(old) && old !== name && old !== before) rmSync(join(store, old), { recursive: true, force: true })
  }
  syncDirectory(store)
}

/** Never one that is there: it may be the pair in use, where a clock was set back. */
function freeVersion(store: string, now: number): string {
  let at = now
  while (existsSync(join(store, `v${at}`))) at += 1
  return `v${at}`
}

/** What an installation that was interrupted behind its one decisive step left to do. */
export function finishInstall(place: Place): void {
  const { store } = place
  const current = join(store, 'current')
  if (!existsSync(join(current, 'cert.pem'))) return
  // never there before: until both are, there is half a pair, but never a wrong one
  for (const [path, file] of linksOf(place)) {
    if (!existsLink(path)) replaceLink(path, relative(dirname(path), join(current, file)))
  }
  const pending = join(store, 'pending.key')
  const isInstalled = existsSync(pending) && readFileSync(pending).equals(readFileSync(join(current, 'key.pem')))
  if (isInstalled) rmSync(pending)
}

export function isReloadDue({ store }: Place): boolean {
  return existsSync(join(store, 'reload-due'))
}

export function noteReloaded({ store }: Place): void {
  rmSync(join(store, 'reload-due'), { force: true })
}

/** The authorities the server is known by from then on. */
export function keepAuthorities({ store }: Place, pem: string): void {
  mkdirSync(store, { recursive: true, mode: 0o755 })
  writeDurably(join(store, 'ca.pem'), pem, 0o644)
}

export function readAuthorities({ store }: Place): string | undefined {
  const path = join(store, 'ca.pem')
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** Key first: a program that looks for a certificate finds the key there. */
function linksOf({ cert, key }: Place): readonly (readonly [path: string, name: string])[] {
  return [
    [key, 'key.pem'],
    [cert, 'cert.pem'],
  ]
}

function requireOwn(path: string, target: string): void {
  if (!existsLink(path)) return
  if (lstatSync(path).isSymbolicLink() && resolve(dirname(path), readlinkSync(path)) === target) return
  throw notOurs(`${path} was not put there by this agent, which replaces nothing of others`)
}

function requireOwnStore({ store }: Place): void {
  const found = lstatSync(store, { throwIfNoEntry: false })
  if (found === undefined) return
  const isOwn = found.isDirectory() && (process.geteuid === undefined || found.uid === process.geteuid())
  if (!isOwn) throw notOurs(`${store} is not a directory of the user who runs this`)
  if ((found.mode & 0o022) !== 0) throw notOurs(`Others may write to ${store}, so its keys could be theirs`)
}

function notOurs(what: string): Failure {
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.agent-files',
    title: 'A file is in the way',
    detail: `${what}. Nothing was sent. Move it away, or name another path.`,
  })
}

function existsLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function replaceLink(path: string, target: string): void {
  const next = `${path}.new`
  rmSync(next, { force: true })
  symlinkSync(target, next)
  renameSync(next, path)
  syncDirectory(dirname(path))
}

function writeDurably(path: string, text: string, mode: number): void {
  writeWhole(path, text, mode, `${path}.new`)
  syncDirectory(dirname(path))
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
