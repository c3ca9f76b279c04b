import { statSync } from 'node:fs'
import type { SecureContext } from 'node:tls'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import {
  type CertificateFacts,
  type CertificateFiles,
  type CertificatePair,
  type PairFault,
  readPair,
} from './certificate-pair.ts'

/** What became of one pair of files when they were read last. */
export interface CertificateOutcome {
  readonly files: CertificateFiles
  /**
   * - `loaded`: served from now on. `unchanged`: as before.
   * - `kept`: the files have faults; what was read from them before is served on.
   * - `refused`: they have faults, and nothing was read from them before.
   */
  readonly state: 'loaded' | 'unchanged' | 'kept' | 'refused'
  readonly faults: readonly PairFault[]
  /** Of what is served; `undefined` when nothing is. */
  readonly served: CertificateFacts | undefined
}

export interface FileCertificateParts {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/** How often the files are looked at. */
const lookEveryMs = 2_000
const day = 86_400_000
const toldBefore = 14 * day

/**
 * Certificates that somebody else obtains and renews, served by the names they hold. Files are read again when they change
 * and when told to; a change that cannot be used changes nothing. Handshakes take what stands at their moment, connections
 * keep what they were made with.
 */
export class FileCertificates {
  readonly #parts: FileCertificateParts
  #pairs: readonly CertificateFiles[] = []
  #outcomes: readonly CertificateOutcome[] = []
  readonly #loaded = new Map<string, CertificatePair>()
  #byName: ReadonlyMap<string, SecureContext> = new Map()
  #seen = ''
  #timer: NodeJS.Timeout | undefined
  #toldAt = 0

  constructor(parts: FileCertificateParts) {
    this.#parts = parts
    const gauge = parts.metrics.gauge(
      'gatehouse_listener_certificate_not_after_seconds',
      'When a certificate of files ends, as Unix time',
      ['file'],
      'most',
    )
    Object.assign(gauge, {
      collect: () => {
        // one that is named no longer must not alarm anybody when its end comes
        gauge.reset()
        for (const { files, served } of this.#outcomes) {
          if (served !== undefined) gauge.set({ file: files.certificate }, served.notAfter / 1000)
        }
      },
    })
  }

  /** What is served from files, and what is wrong with them. */
  get outcomes(): readonly CertificateOutcome[] {
    return this.#outcomes
  }

  /** The context for a canonical server name: its own, else that of a wildcard one label above. */
  find(serverName: string): SecureContext | undefined {
    return this.#byName.get(serverName) ?? this.#byName.get(`*${serverName.slice(serverName.indexOf('.'))}`)
  }

  /** Serves these pairs and no others; of several for one name the first that has not ended. Logs what is wrong. */
  load(pairs: readonly CertificateFiles[]): readonly CertificateOutcome[] {
    this.#pairs = pairs
    // before they are read: what changes meanwhile is seen as a change
    this.#seen = stateOf(pairs)
    const now = this.#parts.clock.now()
    this.#outcomes = pairs.map((files) => this.#read(files, now))
    const current = new Set(pairs.map(keyOf))
    for (const key of this.#loaded.keys()) if (!current.has(key)) this.#loaded.delete(key)
    this.#tell(now)
    return this.#outcomes
  }

  /** Begins to look for changes. */
  watch(everyMs = lookEveryMs): void {
    this.#timer = setInterval(() => {
      const now = this.#parts.clock.now()
      if (stateOf(this.#pairs) !== this.#seen) this.load(this.#pairs)
      else if (now - this.#toldAt >= day) this.#tell(now)
    }, everyMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #read(files: CertificateFiles, now: number): CertificateOutcome {
    const before = this.#loaded.get(keyOf(files))
    const found = readPair(files, now)
    if (!('context' in found)) return this.#refuse(files, before, found)
    const { facts } = found
    const isSame = before?.shown === found.shown
    if (!isSame) this.#parts.log.info({ ...files, names: facts.names, ...end(facts) }, 'a certificate is served')
    this.#loaded.set(keyOf(files), isSame ? { ...before, facts } : found)
    return { files, state: isSame ? 'unchanged' : 'loaded', faults: [], served: facts }
  }

  #refuse(files: CertificateFiles, before: CertificatePair | undefined, faults: readonly PairFault[]) {
    const told = faults.map(({ file, message }) => `${files[file]} ${message}`)
    const rest = before === undefined ? 'it is not served' : 'the one read before is served on'
    this.#parts.log.error({ faults: told }, `a certificate could not be used; ${rest}`)
    const state: CertificateOutcome['state'] = before === undefined ? 'refused' : 'kept'
    return { files, state, faults, served: before?.facts }
  }

  /** Which one a name gets depends on what has ended; so do the warnings. */
  #tell(now: number): void {
    this.#toldAt = now
    const live = this.#pairs.flatMap((files) => this.#loaded.get(keyOf(files)) ?? [])
    const byName = new Map<string, SecureContext>()
    // the first of those that have not ended wins, so it is written last
    const ranked = [
      ...live.filter(({ facts }) => facts.notAfter > now),
      ...live.filter(({ facts }) => facts.notAfter <= now),
    ]
    for (const { facts, context } of ranked.toReversed()) for (const name of facts.names) byName.set(name, context)
    this.#byName = byName
    for (const { files, served } of this.#outcomes) {
      for (const warning of served?.warnings ?? []) this.#parts.log.warn({ ...files }, warning)
      if (served !== undefined && served.notAfter > now && endsSoon(served, now)) {
        this.#parts.log.warn({ ...files, ...end(served) }, 'a certificate of files ends soon')
      }
    }
  }
}

/** Two weeks before the end, or a sixth of a short life: whoever renews does so earlier. */
export function endsSoon({ notBefore, notAfter }: CertificateFacts, now: number): boolean {
  return notAfter - now < Math.min(toldBefore, (notAfter - notBefore) / 6)
}

function keyOf({ certificate, key }: CertificateFiles): string {
  return `${certificate}\0${key}`
}

function end({ notAfter }: CertificateFacts): { readonly notAfter: string } {
  return { notAfter: new Date(notAfter).toISOString() }
}

/** Changes whenever a file is written, replaced, or a link to it is turned; the same while one is missing. */
function stateOf(pairs: readonly CertificateFiles[]): string {
  return pairs.map(({ certificate, key }) => `${fileState(certificate)} ${fileState(key)}`).join('\n')
}

function fileState(path: string): string {
  try {
    const { ino, mtimeNs, size } = statSync(path, { bigint: true })
    return `${path} ${ino} ${mtimeNs} ${size}`
  } catch {
    return `${path} -`
  }
}
