import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type AgentParts, attend, type Round, timesOf } from '../agent/agent.ts'
import { keepAuthorities, type Place, placeOf, readAuthorities, readInstalled } from '../agent/installed.ts'
import { lock } from '../agent/lock.ts'
import { reloader } from '../agent/reload.ts'
import { pauseAfter } from '../agent/schedule.ts'
import { systemdUnit } from '../agent/unit.ts'
import { exitCodes, Failure, wrongUsage } from '../failure.ts'
import { reportFailure } from '../report.ts'
import { parseOrigin } from '../target.ts'
import { note, printText, readSecretLine } from '../terminal.ts'
import { time, visible, visibleJson } from '../text.ts'
import { establishTrust } from '../trust.ts'

export interface AgentOptions {
  readonly server: string
  readonly cert: string
  readonly key: string
  readonly ca?: string
  readonly name?: string
  readonly tokenFile?: string
  readonly tokenStdin?: boolean
  readonly pidFile?: string
  readonly signal?: string
  readonly once?: boolean
  readonly printUnit?: boolean
  readonly json?: boolean
}

const longestSleepMs = 3_600_000
const shortestSleepMs = 10_000

/**
 * Keeps one certificate current: until it is ended, or one round with `--once`.
 *
 * @throws Failure when there is no certificate and none can be had; with `--once` whenever one was due and could not be had
 */
export async function runAgent(command: readonly string[], options: AgentOptions): Promise<void> {
  const origin = parseOrigin(options.server)
  const place = placeOf(options.cert, options.key)
  if (place.cert === place.key) throw wrongUsage('Certificate and key need a file each.')
  if ((options.name ?? '').length > 64) throw wrongUsage('A name has at most 64 characters.')
  const reload = reloader({ command, ...options })
  if (options.printUnit === true) {
    printText(unitFor(command, options, place))
    return
  }
  readInstalled(place)
  const giveBack = lock(join(place.store, 'lock'))
  try {
    const secret = tokenReader(options)
    const round = async (): Promise<Round> => {
      const server = { origin, ca: await authoritiesFor(origin, options.ca, place) }
      const parts: AgentParts = { place, server, token: secret, name: options.name, reload, now: Date.now }
      return attend(parts)
    }
    if (options.once === true) report(await round(), options)
    else await forEver(round, place, options)
  } finally {
    giveBack()
  }
}

async function forEver(round: () => Promise<Round>, place: Place, options: AgentOptions): Promise<never> {
  for (let failures = 0; ; ) {
    try {
      const { did, reloaded, ...found } = await round()
      if (did !== 'nothing' || reloaded || failures > 0) report({ did, reloaded, ...found }, options)
      failures = 0
      // near an end that no renewal moves, a third of what is left is ever less
      await sleepUntil(Math.max(found.renewAt, Date.now() + shortestSleepMs))
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      failures += 1
      const lifetime = lifetimeNow(place)
      // nothing to go on with, and asking again would be answered the same
      if (lifetime === undefined && error.details.exit !== exitCodes.unreachable) throw error
      const pause = pauseAfter(failures, lifetime ?? { from: 0, until: Number.MAX_SAFE_INTEGER }, Math.random())
      reportFailure(error.details, options.json === true)
      if (options.json !== true) note(`Tried again in ${Math.ceil(pause / 1_000)} seconds.`)
      await sleepUntil(Date.now() + pause)
    }
  }
}

function lifetimeNow(place: Place) {
  const now = Date.now()
  const installed = readInstalled(place)
  const lifetime = installed && timesOf(installed, now).lifetime
  return lifetime !== undefined && now < lifetime.until ? lifetime : undefined
}

/** In pieces, since a machine may sleep too, or its clock be set. */
async function sleepUntil(at: number): Promise<void> {
  for (let left = at - Date.now(); left > 0; left = at - Date.now()) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, longestSleepMs)))
  }
}

/**
 * The authorities to know the server by: what was learnt from it before, and the file that is named; at first contact those
 * of a fingerprint, or the system's. `undefined`: the system's.
 */
async function authoritiesFor(origin: URL, ca: string | undefined, place: Place): Promise<string | undefined> {
  const kept = readAuthorities(place)
  if (ca !== undefined && !isFingerprint(ca)) {
    const given = readText(ca, '--ca')
    if (kept === undefined) keepAuthorities(place, given)
    return `${kept ?? ''}${given}`
  }
  if (kept !== undefined) return kept
  const found = await establishTrust(origin, ca, () => Promise.resolve(false)).catch((error: unknown) => {
    if (!(error instanceof Failure) || error.details.code !== 'cli.first-contact') throw error
    throw new Failure({ ...error.details, detail: error.details.detail.replace('--ca-fingerprint', '--ca') })
  })
  if (found !== undefined) keepAuthorities(place, found)
  return found
}

function isFingerprint(text: string): boolean {
  return /^(sha-?256[:=\s]*)?[0-9a-f]{2}(:?[0-9a-f]{2}){31}$/i.test(text)
}

/** Read at most once: stdin has one line. */
function tokenReader({ tokenFile, tokenStdin }: AgentOptions): () => Promise<string | undefined> {
  if (tokenFile !== undefined && tokenStdin === true) throw wrongUsage('Give --token-file or --token-stdin, not both.')
  let line: Promise<string> | undefined
  return async () => {
    if (tokenStdin === true) {
      line ??= readSecretLine()
      return line
    }
    return tokenFile === undefined ? undefined : readText(tokenFile, '--token-file').trim()
  }
}

function readText(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw wrongUsage(`${option} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function report({ did, certificate, renewAt, reloaded }: Round, options: AgentOptions): void {
  const notAfter = certificate.validToDate.toISOString()
  const renews = new Date(renewAt).toISOString()
  if (options.json === true) {
    const { serialNumber, fingerprint256 } = certificate
    const serial = serialNumber.toLowerCase()
    const fingerprint = fingerprint256.toLowerCase()
    const line = { did, serial, fingerprint, notAfter, renewAt: renews, reloaded }
    process.stdout.write(`${visibleJson(line, 0)}\n`)
    return
  }
  const words = { nothing: 'Nothing is due', enrolled: 'Fetched a certificate', renewed: 'Renewed the certificate' }
  const told = reloaded ? ' The program was told.' : ''
  process.stdout.write(
    `${words[did]}: ${visible(options.cert)} ends ${time(notAfter)} and is renewed from ${time(renews)}.${told}\n`,
  )
}

/** The same command without what is for one run only. */
function unitFor(command: readonly string[], options: AgentOptions, { cert, key, store }: Place): string {
  const given: readonly (readonly [string, string | undefined])[] = [
    ['--server', parseOrigin(options.server).origin],
    ['--ca', options.ca === undefined || isFingerprint(options.ca) ? options.ca : resolve(options.ca)],
    ['--name', options.name],
    ['--token-file', options.tokenFile && resolve(options.tokenFile)],
    ['--cert', cert],
    ['--key', key],
    ['--signal', options.signal],
    ['--pid-file', options.pidFile && resolve(options.pidFile)],
  ]
  const words = given.flatMap(([name, value]) => (value === undefined ? [] : [name, value]))
  return systemdUnit({
    command: [
      resolve(import.meta.dirname, '..', '..', '..', 'bin', 'gatehouse'),
      'pki',
      'agent',
      ...words,
      ...(command.length === 0 ? [] : ['--', ...command]),
    ],
    writes: [dirname(cert), dirname(key), dirname(store)],
    about: options.name ?? cert,
  })
}
