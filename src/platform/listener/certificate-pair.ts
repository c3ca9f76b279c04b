import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'

/** Where a certificate stands; both are paths, never contents. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
}

/** What a certificate of files says. */
export interface CertificateFacts {
  /** Lower case; `*.` in front stands for one label. */
  readonly names: readonly string[]
  readonly notBefore: number
  readonly notAfter: number
  /** SHA-256 of the leaf, lower case with colons. */
  readonly fingerprint: string
  /** What an operator should know, in sentences; it is served all the same. */
  readonly warnings: readonly string[]
}

/** A certificate of files, ready to be served. */
export interface CertificatePair {
  readonly facts: CertificateFacts
  readonly context: SecureContext
  /** All that a handshake shows. */
  readonly shown: string
}

/** What is wrong with which of the two files. */
export interface PairFault {
  readonly file: 'certificate' | 'key'
  readonly message: string
}

const mostBytes = 262_144
const mostNames = 1_000
const begin = '-----BEGIN CERTIFICATE-----'
const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const dnsName = /^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

/** Reads and checks both; every fault of the two files at once. Never throws. */
export function readPair(files: CertificateFiles, now: number): CertificatePair | readonly PairFault[] {
  const chain = parsed('certificate', files.certificate, readChain)
  const key = parsed('key', files.key, readKey)
  const faults = [chain, key].filter((one) => 'message' in one)
  if ('message' in chain || 'message' in key) return faults
  const [leaf] = chain.value
  if (!leaf.checkPrivateKey(key.value)) {
    return [{ file: 'key', message: `is not the key of the certificate in ${files.certificate}` }]
  }
  const names = namesOf(leaf)
  if (names.length === 0) return [{ file: 'certificate', message: 'names no host that could be served' }]
  const shown = chain.value.map(String).join('')
  try {
    const context = createSecureContext({ cert: shown, key: key.value.export({ type: 'pkcs8', format: 'pem' }) })
    const facts = {
      names,
      notBefore: leaf.validFromDate.getTime(),
      notAfter: leaf.validToDate.getTime(),
      fingerprint: leaf.fingerprint256.toLowerCase(),
      warnings: [...warningsAbout(chain.value, now), ...keyWarnings(files.key)],
    }
    return { facts, context, shown }
  } catch (error) {
    // OpenSSL's own floor: keys too short, signatures too weak
    return [{ file: 'certificate', message: `cannot be served: ${reasonOf(error)}` }]
  }
}

type Chain = readonly [X509Certificate, ...X509Certificate[]]

function parsed<T>(
  file: PairFault['file'],
  path: string,
  read: (text: string) => T | string,
): { readonly value: T } | PairFault {
  try {
    const state = statSync(path)
    // a pipe would never end, and a device never be read
    if (!state.isFile()) return { file, message: 'is not a file' }
    if (state.size > mostBytes) return { file, message: `is larger than ${mostBytes} bytes` }
    const value = read(readFileSync(path, 'latin1'))
    return typeof value === 'string' ? { file, message: value } : { value }
  } catch (error) {
    return { file, message: `cannot be read: ${reasonOf(error)}` }
  }
}

function readChain(text: string): Chain | string {
  const [first, ...others] = text.match(block) ?? []
  if (first === undefined) return 'holds no certificate in PEM'
  // half written: the leaf would be served without those above it
  if (text.split(begin).length - 1 > others.length + 1) return 'holds a certificate that is not whole'
  return [new X509Certificate(first), ...others.map((one) => new X509Certificate(one))]
}

function readKey(text: string): KeyObject | string {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    return 'is protected by a passphrase, which nobody is there to type: store the key without one'
  }
  if (!/-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/.test(text)) return 'holds no private key in PEM'
  return createPrivateKey(text)
}

/** The names browsers judge by; a common name is not among them. */
function namesOf(leaf: X509Certificate): readonly string[] {
  const entries = (leaf.subjectAltName ?? '').split(', ').slice(0, mostNames)
  const names = entries.filter((entry) => entry.startsWith('DNS:')).map((entry) => entry.slice(4).toLowerCase())
  return [...new Set(names.filter((name) => dnsName.test(name)))]
}

function warningsAbout([leaf, ...others]: Chain, now: number): readonly string[] {
  const [from, to] = [leaf.validFromDate, leaf.validToDate]
  const isOwn = leaf.checkIssued(leaf)
  const [issuer] = others
  return [
    ...(to.getTime() <= now ? [`The certificate ended on ${to.toISOString()}: browsers refuse it.`] : []),
    ...(from.getTime() > now ? [`The certificate is not good before ${from.toISOString()}.`] : []),
    ...(issuer === undefined && !isOwn
      ? ['What stands between the certificate and its root is missing: name the file with the full chain.']
      : []),
    ...(issuer !== undefined && !leaf.checkIssued(issuer)
      ? ['The second certificate in the file did not issue the first: put them in order, the leaf first.']
      : []),
  ]
}

function keyWarnings(path: string): readonly string[] {
  const open = (statSync(path).mode & 0o007) !== 0
  return open ? ['Everybody on this machine may read the key: take that right away (chmod o= FILE).'] : []
}

/** Node's own sentence, without the path, which is told beside it, and without the place in OpenSSL's source. */
function reasonOf(error: unknown): string {
  const { code, message, reason } = error as { readonly code?: string; readonly message: string; reason?: string }
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'Gatehouse may not read it'
  return reason ?? message.replace(/^error:[0-9A-F]+:/, '').replace(/, \w+ '.*'$/, '')
}
