import type { BigIntStats } from 'node:fs'
import { constants, type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import type { Dispatcher } from 'undici'
import { type Coding, codingsFor } from './codings.ts'
import { LocalAnswer } from './local-answer.ts'
import { isAtOrBelow } from './machine-paths.ts'
import { mediaTypeOf } from './media-types.ts'
import { type Conditions, type Part, type Representation, select } from './selection.ts'

/** Seldom enough to be worth asking again: who may see a page may change with the next request. */
const caching = 'private, no-cache'
const pieceBytes = 65_536

interface OpenFile {
  readonly handle: FileHandle
  readonly stats: BigIntStats
}

interface FoundFile extends OpenFile {
  readonly path: string
  /** The bytes are the file's in this coding. */
  readonly coding?: Coding
}

/**
 * A folder of files, answering as an app would: one more thing a request can be dispatched to, so that all the gate says
 * about answers (headers, limits, the access log, cutting off) holds for files too.
 *
 * Served are plain files below the folder by their very names: GET and HEAD, `index.html` for a directory, `404.html` of
 * the folder for what is not there. `app.js.br` and `app.js.gz` stand in for an `app.js` that is no younger, for who can read
 * them and asks for no range. Nothing whose path has a segment that begins with a dot, and nothing that really lies
 * elsewhere: links are followed, and what they lead to is asked, of the file already open, so that nobody can swap it
 * between the question and the answer.
 */
export class Folder {
  readonly #root: () => Promise<string>

  /** @param root the real path to serve; asked with every request, a rejection is the answer's fault */
  constructor(root: () => Promise<string>) {
    this.#root = root
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const answer = new LocalAnswer(handler, options.method === 'HEAD')
    answer.run(() => this.#serve(options, answer))
    return true
  }

  async close(): Promise<void> {}

  async destroy(): Promise<void> {}

  async #serve({ method, path, headers }: Dispatcher.DispatchOptions, answer: LocalAnswer): Promise<void> {
    if (method !== 'GET' && method !== 'HEAD') {
      answer.text(405, 'Files are read only.\n', { allow: 'GET, HEAD' })
      return
    }
    const isGet = method === 'GET'
    const end = path.indexOf('?')
    const pathname = end < 0 ? path : path.slice(0, end)
    const segments = segmentsOf(pathname)
    const root = await this.#root()
    const found = segments === undefined ? undefined : await findFile(root, segments)
    if (found === 'folder') {
      // relative, so that it holds whatever the client calls this place
      const last = pathname.slice(pathname.lastIndexOf('/') + 1)
      const query = end < 0 ? '' : path.slice(end)
      answer.text(301, '', { location: `./${last}/${query}`, 'cache-control': caching })
    } else if (found === undefined) {
      await sendMissing(root, isGet, answer)
    } else {
      const { acceptEncoding, ...conditions } = conditionsOf(headers as readonly string[])
      const wanted = conditions.range === undefined ? codingsFor(acceptEncoding ?? '') : []
      await sendFile(await codedOf(root, found, wanted), isGet, conditions, answer)
    }
  }
}

/** Names below the root, the last one empty for a directory; `undefined` for a path that can name no served file. */
function segmentsOf(pathname: string): readonly string[] | undefined {
  const segments: string[] = []
  const written = pathname.slice(1).split('/')
  for (const [place, one] of written.entries()) {
    let name: string
    try {
      name = decodeURIComponent(one)
    } catch {
      return undefined
    }
    // the gate refuses most of these before; nothing here stands on that
    if (name.startsWith('.') || /[/\\\p{Cc}]/u.test(name)) return undefined
    if (name === '' && place < written.length - 1) return undefined
    segments.push(name)
  }
  return segments
}

/** @returns `folder` for a directory named without its slash */
async function findFile(root: string, segments: readonly string[]): Promise<FoundFile | 'folder' | undefined> {
  const isDirectory = segments.at(-1) === ''
  const path = join(root, ...segments.slice(0, isDirectory ? -1 : undefined), ...(isDirectory ? ['index.html'] : []))
  const opened = await openInside(root, path)
  if (opened === undefined) return undefined
  if (opened.stats.isFile()) return { ...opened, path }
  await opened.handle.close()
  return opened.stats.isDirectory() && !isDirectory ? 'folder' : undefined
}

/** The file in the first wanted coding that lies beside it and is as young; else itself. Only one of them stays open. */
async function codedOf(root: string, found: FoundFile, wanted: readonly Coding[]): Promise<FoundFile> {
  try {
    for (const coding of wanted) {
      const beside = await openInside(root, found.path + coding.ending)
      if (beside === undefined) continue
      if (beside.stats.isFile() && beside.stats.mtimeNs >= found.stats.mtimeNs) {
        await found.handle.close()
        return { ...beside, path: found.path, coding }
      }
      await beside.handle.close()
    }
  } catch (error) {
    await found.handle.close()
    throw error
  }
  return found
}

const notThere: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EACCES',
  'EPERM',
  'ELOOP',
  'ENAMETOOLONG',
  // a socket or a device without anything behind it
  'ENXIO',
  'ENODEV',
])

/**
 * Opens what the path leads to when that lies inside, and under no hidden name there. The path is followed once to open
 * and once to see where it ends; that both are one file makes it safe, whoever changes links meanwhile.
 */
async function openInside(root: string, path: string): Promise<OpenFile | undefined> {
  let handle: FileHandle | undefined
  try {
    // a pipe that nobody writes to must not be waited for
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    const stats = await handle.stat({ bigint: true })
    const real = await realpath(path)
    if (isServed(root, real)) {
      const there = await stat(real, { bigint: true })
      if (there.ino === stats.ino && there.dev === stats.dev) return { handle, stats }
    }
  } catch (error) {
    await handle?.close()
    if (error instanceof Error && 'code' in error && notThere.has(String(error.code))) return undefined
    throw error
  }
  await handle.close()
  return undefined
}

function isServed(root: string, real: string): boolean {
  if (!isAtOrBelow(root, real)) return false
  return !relative(root, real)
    .split(sep)
    .some((name) => name.startsWith('.'))
}

async function sendFile(
  { handle, stats, path, coding }: FoundFile,
  isGet: boolean,
  asked: Conditions,
  answer: LocalAnswer,
): Promise<void> {
  try {
    const file = representationOf(stats, coding)
    const selected = select(isGet, asked, file)
    if (typeof selected === 'number') {
      answer.text(selected, '', {
        ...validatorsOf(file),
        ...(selected === 416 ? { 'content-range': `bytes */${file.size}` } : {}),
      })
      return
    }
    const { status, first, length } = selected
    answer.begin(status, {
      'content-type': mediaTypeOf(basename(path)),
      'content-length': String(length),
      'accept-ranges': coding === undefined ? 'bytes' : 'none',
      ...(coding === undefined ? {} : { 'content-encoding': coding.name }),
      ...validatorsOf(file),
      ...(status === 206 ? { 'content-range': `bytes ${first}-${first + length - 1}/${file.size}` } : {}),
    })
    if (isGet) await sendBytes(handle, selected, answer)
    answer.end()
  } finally {
    await handle.close()
  }
}

async function sendMissing(root: string, isGet: boolean, answer: LocalAnswer): Promise<void> {
  const page = await openInside(root, join(root, '404.html'))
  if (page === undefined) {
    answer.text(404, 'There is no such file.\n', { 'cache-control': caching })
    return
  }
  try {
    if (!page.stats.isFile()) {
      answer.text(404, 'There is no such file.\n', { 'cache-control': caching })
      return
    }
    const length = Number(page.stats.size)
    answer.begin(404, {
      'content-type': mediaTypeOf('404.html'),
      'content-length': String(length),
      'cache-control': caching,
    })
    if (isGet) await sendBytes(page.handle, { status: 200, first: 0, length }, answer)
    answer.end()
  } finally {
    await page.handle.close()
  }
}

async function sendBytes(handle: FileHandle, { first, length }: Part, answer: LocalAnswer): Promise<void> {
  const end = first + length
  for (let at = first; at < end; ) {
    await answer.room()
    if (answer.aborted) return
    // every piece its own: the client's side may hold it long after the next was read
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, end - at))
    const { bytesRead } = await handle.read(piece, 0, piece.length, at)
    if (bytesRead === 0) throw new Error('the file became shorter while it was sent')
    answer.data(bytesRead === piece.length ? piece : piece.subarray(0, bytesRead))
    at += bytesRead
  }
}

/** Size and the last change to the nanosecond: a file written anew within one second is another. */
function representationOf(stats: BigIntStats, coding: Coding | undefined): Representation {
  return {
    etag: `"${stats.size.toString(36)}-${stats.mtimeNs.toString(36)}${coding?.ending ?? ''}"`,
    modified: Number(stats.mtimeMs / 1_000n),
    size: Number(stats.size),
  }
}

function validatorsOf({ etag, modified }: Representation): Record<string, string> {
  const lastModified = new Date(modified * 1_000).toUTCString()
  // whether there is another coding is not looked for where it is not wanted
  return { etag, 'last-modified': lastModified, 'cache-control': caching, vary: 'Accept-Encoding' }
}

interface Asked extends Conditions {
  readonly acceptEncoding?: string | undefined
}

const asked: Readonly<Record<string, keyof Asked>> = {
  'accept-encoding': 'acceptEncoding',
  'if-match': 'ifMatch',
  'if-none-match': 'ifNoneMatch',
  'if-modified-since': 'ifModifiedSince',
  'if-unmodified-since': 'ifUnmodifiedSince',
  range: 'range',
  'if-range': 'ifRange',
}

/** @param list names and values in turn, as the gate sends them: names in lower case */
function conditionsOf(list: readonly string[]): Asked {
  const conditions: { -readonly [Name in keyof Asked]: Asked[Name] } = {}
  for (let at = 0; at < list.length; at += 2) {
    const member = asked[list[at] ?? '']
    if (member !== undefined) conditions[member] = list[at + 1]
  }
  return conditions
}
