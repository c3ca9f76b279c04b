import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { distinguishedName, type Name, signCertificate } from './certificate.ts'
import type { Der } from './der.ts'
import { authorityConstraints, authorityKeyIdentifier, keyUsage, subjectKeyIdentifier } from './extensions.ts'
import { type PublicKeyInfo, publicKeyInfo } from './public-keys.ts'
import { type Signer, signerOf } from './signature.ts'

/** What tests of encodings share: authorities and leaves of any shape, and programs to judge them. */

const day = 86_400_000

export interface TestAuthority {
  readonly subject: Der
  readonly key: PublicKeyInfo
  readonly signer: Signer
  readonly der: Uint8Array
}

export interface TestAuthorityOptions {
  readonly name?: Name
  readonly keys?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  /** Self-signed when absent. */
  readonly issuer?: TestAuthority
  readonly pathLength?: number
  readonly extensions?: readonly Der[]
  readonly now: number
}

export function testAuthority(options: TestAuthorityOptions): TestAuthority {
  const { publicKey, privateKey } = options.keys ?? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const key = publicKeyInfo(publicKey)
  const subject = distinguishedName(options.name ?? [['commonName', 'Test root']])
  const signer = signerOf(privateKey)
  const { issuer } = options
  const der = signCertificate(
    {
      serial: serial(options.pathLength ?? 9),
      issuer: issuer?.subject ?? subject,
      subject,
      notBefore: options.now - day,
      notAfter: options.now + (issuer === undefined ? 3650 : 1825) * day,
      publicKey: key.spki,
      extensions: [
        authorityConstraints(options.pathLength),
        keyUsage('keyCertSign', 'cRLSign'),
        subjectKeyIdentifier(key.identifier),
        ...(issuer === undefined ? [] : [authorityKeyIdentifier(issuer.key.identifier)]),
        ...(options.extensions ?? []),
      ],
    },
    issuer?.signer ?? signer,
  )
  return { subject, key, signer, der }
}

/** A certificate with these extensions and nothing else decided for it. */
export function testLeaf(
  issuer: TestAuthority,
  options: {
    readonly now: number
    readonly serial: number
    readonly extensions: readonly Der[]
    readonly key: PublicKeyInfo
  },
): Uint8Array {
  return signCertificate(
    {
      serial: serial(options.serial),
      issuer: issuer.subject,
      subject: distinguishedName([['commonName', `leaf ${options.serial}`]]),
      notBefore: options.now - day,
      notAfter: options.now + 30 * day,
      publicKey: options.key.spki,
      extensions: [
        ...options.extensions,
        subjectKeyIdentifier(options.key.identifier),
        authorityKeyIdentifier(issuer.key.identifier),
      ],
    },
    issuer.signer,
  )
}

/** 16 octets that end with a number. */
export function serial(number: number): Uint8Array {
  const bytes = new Uint8Array(16)
  bytes[0] = 0x41
  new DataView(bytes.buffer).setUint32(12, number)
  return bytes
}

/** A folder with programs run in it. */
export interface Workbench {
  readonly write: (file: string, content: Uint8Array | string) => void
  readonly path: (file: string) => string
  /** Standard output. @throws where the program fails */
  readonly run: (program: string, ...args: readonly string[]) => string
  readonly runBytes: (program: string, ...args: readonly string[]) => Buffer
  /** Exit status and everything it said. */
  readonly judge: (
    program: string,
    ...args: readonly string[]
  ) => { readonly status: number | null; readonly text: string }
  /** The same without blocking, for programs that ask a server of this process; failing is an answer too. */
  readonly start: (
    program: string,
    ...args: readonly string[]
  ) => Promise<{ readonly stdout: string; readonly stderr: string }>
  readonly close: () => void
}

export function workbench(): Workbench {
  const cwd = mkdtempSync(join(tmpdir(), 'gatehouse-x509-'))
  const runBytes = (program: string, ...args: readonly string[]): Buffer =>
    execFileSync(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 << 20 })
  return {
    path: (file) => join(cwd, file),
    write: (file, content) => writeFileSync(join(cwd, file), content),
    runBytes,
    run: (program, ...args) => runBytes(program, ...args).toString(),
    judge: (program, ...args) => {
      const { status, stdout, stderr } = spawnSync(program, args, { cwd })
      return { status, text: `${stdout.toString()}${stderr.toString()}` }
    },
    start: (program, ...args) =>
      new Promise((resolve) => {
        execFile(program, args, { cwd }, (_failure, stdout, stderr) => resolve({ stdout, stderr }))
      }),
    close: () => rmSync(cwd, { recursive: true }),
  }
}
