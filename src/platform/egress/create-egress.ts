import { lookup } from 'node:dns/promises'
import { isIPv6, type LookupFunction } from 'node:net'
import type { Client, Dispatcher } from 'undici'
import { type Cidr, canonicalAddress, inCidrs } from '#kit'
import { GateError } from '../errors.ts'
import { fail } from '../platform-errors.ts'
import type { Egress, EgressOptions, EgressResponse } from './egress.ts'
import { isPublicAddress } from './public-address.ts'

export interface EgressSettings {
  /** Networks that may be called though they are not public, because the operator said so. */
  readonly allowNetworks?: readonly Cidr[]
  /** The root to trust instead of the usual ones, PEM. */
  readonly ca?: string
  /** Every address of a name; the system's resolver when absent. */
  readonly resolve?: (host: string) => Promise<readonly string[]>
}

interface Target {
  readonly url: URL
  /** For messages: scheme, host and port; never a path or query. */
  readonly origin: string
  readonly addresses: readonly string[]
}

const defaultTimeoutMs = 10_000
const defaultMaxBytes = 1_048_576
/** What undici sets itself, or what would change where a message goes or ends. */
const reservedHeaders = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'expect',
  'te',
])

/** Loads its HTTP client with the first request: an installation that calls nobody does not pay for it. */
export function createEgress(settings: EgressSettings = {}): Egress {
  return {
    request: async (url, options = {}) => {
      assertHeaders(options.headers ?? {})
      const timeout = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs)
      const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal])
      const target = await findTarget(url, options.allowHttp === true, settings, signal)
      const client = await connectTo(target, settings.ca)
      try {
        const response = await client.request(requestOf(target.url, options, signal))
        return await readResponse(response, options, target.origin)
      } catch (cause) {
        throw failed(target.origin, cause)
      } finally {
        client.destroy().catch(() => undefined)
      }
    },
  }
}

/** Resolves the name once and checks every address of it; whoever answers is one of these. */
async function findTarget(
  url: URL,
  allowHttp: boolean,
  settings: EgressSettings,
  signal: AbortSignal,
): Promise<Target> {
  const { origin } = url
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) {
    throw refused(`${url.protocol.slice(0, 20)} is not a scheme for this`)
  }
  if (url.username !== '' || url.password !== '') throw refused(`${origin}: an address with a user or password`)
  const addresses = await addressesOf(url.hostname, settings.resolve ?? systemResolve, origin, signal)
  for (const address of addresses) {
    if (!isPublicAddress(address) && !inCidrs(address, settings.allowNetworks ?? [])) {
      throw refused(`${origin}: ${address} is not a public address`)
    }
  }
  return { url, origin, addresses }
}

async function addressesOf(
  hostname: string,
  resolve: (host: string) => Promise<readonly string[]>,
  origin: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const literal = canonicalAddress(hostname.replace(/^\[(.*)\]$/, '$1'))
  if (literal !== undefined) return [literal]
  const found = await abortable(resolve(hostname), signal).catch((cause: unknown) => {
    throw failed(origin, cause)
  })
  return found.length === 0 ? [] : found.map((address) => canonical(address, origin))
}

function canonical(address: string, origin: string): string {
  const text = canonicalAddress(address)
  if (text === undefined) throw refused(`${origin}: the resolver answered what is no address`)
  return text
}

async function systemResolve(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address)
}

/** The system's resolver cannot be stopped, but nobody has to wait for it. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

async function connectTo({ url, origin, addresses }: Target, ca: string | undefined): Promise<Client> {
  const { Client: UndiciClient } = await import('undici')
  const checked = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
  const [first] = checked
  if (first === undefined) throw failed(origin, new Error('the name has no address'))
  // instead of asking the resolver again, which could answer otherwise now (DNS rebinding)
  const pinned: LookupFunction = (_host, options, done) =>
    options.all === true ? done(null, checked) : done(null, first.address, first.family)
  return new UndiciClient(url.origin, {
    allowH2: false,
    pipelining: 1,
    connect: { lookup: pinned, ...(ca === undefined ? {} : { ca: [ca] }) },
  })
}

function requestOf(url: URL, options: EgressOptions, signal: AbortSignal): Dispatcher.RequestOptions {
  return {
    path: `${url.pathname}${url.search}`,
    method: options.method ?? 'GET',
    headers: { ...options.headers },
    body: options.body ?? null,
    signal,
    // the signal bounds the whole exchange
    headersTimeout: 0,
    bodyTimeout: 0,
  }
}

async function readResponse(
  response: Dispatcher.ResponseData,
  { maxBytes = defaultMaxBytes, cutBody = false }: EgressOptions,
  origin: string,
): Promise<EgressResponse> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > maxBytes && !cutBody) throw failed(origin, new Error(`the answer has more than ${maxBytes} bytes`))
    chunks.push(size > maxBytes ? chunk.subarray(0, chunk.length - (size - maxBytes)) : chunk)
    if (size > maxBytes) break
  }
  const headers = Object.entries(response.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value] as const],
  )
  return { status: response.statusCode, headers: Object.fromEntries(headers), body: Buffer.concat(chunks) }
}

function assertHeaders(headers: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(headers)) {
    if (reservedHeaders.has(name.toLowerCase())) throw new TypeError(`the header ${name} is not the caller's to set`)
  }
}

function refused(message: string): GateError {
  return fail('platform.egress-refused', { message: `refused to call ${message}` })
}

function failed(origin: string, cause: unknown): GateError {
  return cause instanceof GateError
    ? cause
    : fail('platform.egress-failed', { message: `${origin} did not answer`, cause })
}
