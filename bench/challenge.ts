/**
 * Answers to challenges verified a second, per kind, beside bare `node:crypto` verifying the same signature with the same
 * key, in alternating rounds of one run. Ours begins with what was pasted and the key as it is stored; bare begins with
 * bytes (of an HMAC its digits) and, in the first comparison, the same stored key (its reading included), in the second a key that was read before.
 *
 *     bin/runtime bench/challenge.ts [--json]
 */

import { spawnSync } from 'node:child_process'
import {
  constants,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { readMac, verifyMac } from '../src/identity/keys/macs.ts'
import { readPublicKey } from '../src/identity/keys/public-keys.ts'
import { createVerifyingKeys, keyMaterial, readSignedAnswer, verifyAnswer } from '../src/identity/keys/signatures.ts'
import { readSshSignature, sshSignedBytes } from '../src/identity/keys/sshsig.ts'
import { median, rounded } from './machine/figures.ts'

const rounds = 9
const roundMs = 50
const target = 0.8
const text =
  'gatehouse sign-in at https://gatehouse.localhost:8443 as sam until 2030-01-01T00:00:00Z nonce c29tZXRoaW5nIG9mIGZpZnR5LW9uZSBjaGFyYWN0ZXJzLCBuZWFybHk'
const keys = createVerifyingKeys()

interface Contest {
  readonly kind: string
  readonly ours: () => boolean
  /** From the key as it is stored. */
  readonly stored: () => boolean
  /** From a key that was read before. */
  readonly ready: () => boolean
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }

function withOpenssl(
  kind: string,
  pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  digest: string | null,
  padding = {},
): Contest {
  const material = keyMaterial(readPublicKey(pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()))
  const signature = sign(digest, Buffer.from(text), { key: pair.privateKey, ...padding })
  const pasted = signature.toString('base64').replaceAll(/.{64}/g, '$&\n')
  const spki = Buffer.from(material.spki, 'base64')
  const data = Buffer.from(text)
  return {
    kind,
    ours: () => proves(pasted, material),
    stored: () => verify(digest, data, { key: spki, format: 'der', type: 'spki', ...padding }, signature),
    ready: () => verify(digest, data, { key: pair.publicKey, ...padding }, signature),
  }
}

function proves(pasted: string, material: Parameters<typeof keys>[0]): boolean {
  const answer = readSignedAnswer(pasted)
  return answer !== undefined && verifyAnswer(answer, keys(material), text)
}

/** Signed by `ssh-keygen`, verified bare as the signature inside: over a hash, in a frame. */
function withSsh(directory: string): Contest {
  const run = (args: readonly string[], input = '') =>
    spawnSync('ssh-keygen', args, { cwd: directory, input }).stdout.toString()
  run(['-q', '-t', 'ed25519', '-N', '', '-f', 'key'])
  const pasted = run(['-q', '-Y', 'sign', '-n', 'gatehouse', '-f', 'key'], text)
  const { key, ...read } = readPublicKey(readFileSync(join(directory, 'key.pub'), 'utf8'))
  const material = keyMaterial({ key, ...read })
  const signature = readSshSignature(pasted)?.signature.subarray(4)
  if (signature === undefined) throw new Error('ssh-keygen signed nothing')
  return {
    kind: 'Ed25519, ssh-keygen',
    ours: () => proves(pasted, material),
    stored: () =>
      verify(null, sshSignedBytes(text, 'sha512'), { key: read.spki, format: 'der', type: 'spki' }, signature),
    ready: () => verify(null, sshSignedBytes(text, 'sha512'), key, signature),
  }
}

function withSecret(): Contest {
  const secret = `gss_${randomBytes(32).toString('base64url')}`
  const mac = createHmac('sha256', secret).update(text).digest()
  const pasted = `SHA2-256(stdin)= ${mac.toString('hex')}\n`
  const hex = mac.toString('hex')
  const bare = () => timingSafeEqual(Buffer.from(hex, 'hex'), createHmac('sha256', secret).update(text).digest())
  const ours = () => {
    const answer = readMac(pasted)
    return answer !== undefined && verifyMac(answer, secret, text)
  }
  return { kind: 'HMAC-SHA-256', ours, stored: bare, ready: bare }
}

/** A second of CPU time, so that a busy machine does not change the figure. */
function rate(work: () => boolean): number {
  const begun = process.cpuUsage()
  const end = performance.now() + roundMs
  let done = 0
  while (performance.now() < end) {
    for (let n = 0; n < 8; n += 1) if (!work()) throw new Error('a right answer was refused')
    done += 8
  }
  const { user, system } = process.cpuUsage(begun)
  return (done * 1e6) / (user + system)
}

function contest({ kind, ours, stored, ready }: Contest) {
  const runs = { ours: [] as number[], stored: [] as number[], ready: [] as number[] }
  for (const warm of [ours, stored, ready]) rate(warm)
  for (let round = 0; round < rounds; round += 1) {
    runs.ours.push(rate(ours))
    runs.stored.push(rate(stored))
    runs.ready.push(rate(ready))
  }
  const ratio = (beside: readonly number[]) => rounded(median(runs.ours.map((one, at) => one / (beside[at] ?? 1))), 100)
  return {
    kind,
    oursPerSecond: Math.round(median(runs.ours)),
    barePerSecond: Math.round(median(runs.stored)),
    ratio: ratio(runs.stored),
    bareReadyPerSecond: Math.round(median(runs.ready)),
    ratioToReady: ratio(runs.ready),
  }
}

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
try {
  const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve })
  const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength })
  const contests = [
    withOpenssl('RSA-2048', rsa(2048), 'sha256'),
    withOpenssl('RSA-4096', rsa(4096), 'sha256'),
    withOpenssl('RSA-2048, PSS', rsa(2048), 'sha256', pss),
    withOpenssl('P-256', ec('P-256'), 'sha256'),
    withOpenssl('P-384', ec('P-384'), 'sha256'),
    withOpenssl('P-521', ec('P-521'), 'sha256'),
    withOpenssl('Ed25519', generateKeyPairSync('ed25519'), null),
    withSsh(directory),
    withSecret(),
  ]
  const figures = contests.map(contest)
  if (!process.argv.includes('--json')) console.table(figures)
  const loadAverage = rounded(loadavg()[0] ?? 0, 10)
  console.log(JSON.stringify({ bench: 'challenge', rounds, roundMs, targets: { ratio: target }, loadAverage, figures }))
} finally {
  rmSync(directory, { recursive: true })
}
