import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** One file for browsers. Its name holds a hash of its content, so it can be kept for ever. */
export interface Asset {
  /** `gatehouse-1f2e3d4c5b6a.css` */
  readonly name: string
  readonly type: string
  readonly body: Uint8Array
}

/** What to answer for an asset. */
export interface AssetReply {
  readonly body: Uint8Array
  readonly type: string
  readonly headers: Readonly<Record<string, string>>
}

/** Where the console serves the assets. Elsewhere (`/.gatehouse/assets` on app hosts) pass another base to `document`. */
export const assetBase = '/assets'

const css = 'text/css; charset=utf-8'
const js = 'text/javascript; charset=utf-8'

/** Our stylesheet's parts in the order they apply; browsers get them as one file. */
const sheets = ['tokens.css', 'frame.css', 'controls.css', 'lists.css', 'pieces.css', 'media.css']

/** Pico, our stylesheet on top of it, and our one script, in the order pages load them. */
export const assets = {
  pico: load('pico.css', css, [new URL(import.meta.resolve('@picocss/pico/css/pico.min.css'))]),
  style: load('gatehouse.css', css, sheets.map(own)),
  script: load('gatehouse.js', js, [own('gatehouse.js'), own('live.js')]),
  icon: load('gatehouse.svg', 'image/svg+xml', [own('gatehouse.svg')]),
} as const

/** Scripts that only the pages naming them load (`scripts` of a page). */
export const pageScripts = {
  /** Forms of `passkeyForm`. */
  passkeys: load('passkeys.js', js, [
    new URL('../dist/bundle/index.umd.min.js', import.meta.resolve('@simplewebauthn/browser')),
    own('passkeys.js'),
  ]),
  /** Forms that set a password. */
  passwordStrength: load('password-strength.js', js, [own('password-strength.js')]),
} as const

export type PageScript = keyof typeof pageScripts

const byName = new Map<string, Asset>(
  [...Object.values(assets), ...Object.values(pageScripts)].map((asset) => [asset.name, asset]),
)
const compressed = new Map<string, Promise<Uint8Array>>()

/**
 * An asset in the best encoding the browser takes (brotli, gzip or none), compressed at first use and kept.
 * Answers `undefined` for a name that is not an asset: an old hash is gone, never redirected to newer content.
 *
 * @param accepted the request's `Accept-Encoding`
 */
export async function findAsset(name: string, accepted: string | null): Promise<AssetReply | undefined> {
  const asset = byName.get(name)
  if (asset === undefined) return undefined
  const encoding = encodingOf(accepted ?? '')
  const headers = { 'Cache-Control': 'public, max-age=31536000, immutable', Vary: 'Accept-Encoding' }
  if (encoding === undefined) return { body: asset.body, type: asset.type, headers }
  return {
    body: await compress(asset, encoding),
    type: asset.type,
    headers: { ...headers, 'Content-Encoding': encoding },
  }
}

function encodingOf(accepted: string): 'br' | 'gzip' | undefined {
  const offered = accepted
    .toLowerCase()
    .split(',')
    .filter((item) => !/;\s*q=0(\.0*)?\s*$/.test(item))
    .map((item) => item.split(';')[0]?.trim())
  return offered.includes('br') ? 'br' : offered.includes('gzip') ? 'gzip' : undefined
}

function compress(asset: Asset, encoding: 'br' | 'gzip'): Promise<Uint8Array> {
  const key = `${encoding} ${asset.name}`
  const known = compressed.get(key)
  if (known !== undefined) return known
  const made =
    encoding === 'br'
      ? promisify(brotliCompress)(asset.body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
      : promisify(gzip)(asset.body, { level: 9 })
  compressed.set(key, made)
  return made
}

function own(name: string): URL {
  return new URL(`./assets/${name}`, import.meta.url)
}

function load(name: string, type: string, files: readonly URL[]): Asset {
  const body = Buffer.concat(files.map((file) => readFileSync(file)))
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12)
  const dot = name.lastIndexOf('.')
  return { name: `${name.slice(0, dot)}-${hash}${name.slice(dot)}`, type, body }
}
