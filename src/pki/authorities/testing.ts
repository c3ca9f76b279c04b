import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemRandom } from '#platform'
import { type Issuance, issueWhenDue, type ServerCertificate } from '../hosts/server-certificates.ts'
import { nameOf } from '../hosts/server-contexts.ts'
import { type Ground, testSettings } from '../testing.ts'
import { pemOf } from '../x509/certificate.ts'
import type { AuthorityRouteParts } from './api.ts'
import { createHierarchy, type Hierarchy } from './hierarchy.ts'
import type { AuthorityParts } from './root.ts'

/** What use-cases of the authorities work with, on a test's ground. */
export function partsOn({ keyring, database, log }: Pick<Ground, 'keyring' | 'database' | 'log'>): AuthorityParts & {
  readonly hierarchy: Hierarchy
  readonly log: AuthorityRouteParts['log']
} {
  const parts = { keyring, random: systemRandom, settings: testSettings }
  return { ...parts, log, hierarchy: createHierarchy(database, parts) }
}

/** A new server certificate, issued by whoever issues now. */
export function issueLeaf(ground: Ground, parts: ReturnType<typeof partsOn>, host: string): Promise<ServerCertificate> {
  const { keyring, log } = ground
  const issuance: Issuance = {
    hierarchy: parts.hierarchy,
    keyring,
    random: systemRandom,
    log,
    issued: () => undefined,
  }
  return issueWhenDue(ground.ctx, issuance, nameOf(host))
}

/** Certificates in files, and OpenSSL among them. */
export interface Shelf {
  put(name: string, ...ders: readonly Uint8Array[]): void
  write(name: string, text: string): void
  read(name: string): string
  openssl(...args: readonly string[]): string
  /** Whether `openssl verify` accepts a leaf with its chain for a root, at the time given. */
  verifies(leaf: Pick<ServerCertificate, 'certificate' | 'chain'>, roots: readonly Uint8Array[], now: number): boolean
}

export function openShelf(t: TestContext): Shelf {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-authorities-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const put = (name: string, ...ders: readonly Uint8Array[]): void =>
    writeFileSync(join(folder, name), ders.map(pemOf).join(''))
  const openssl = (...args: readonly string[]): string =>
    execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  return {
    put,
    openssl,
    write: (name, text) => writeFileSync(join(folder, name), text),
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    verifies: (leaf, roots, now) => {
      put('roots.pem', ...roots)
      put('chain.pem', ...leaf.chain)
      put('leaf.pem', leaf.certificate)
      const at = ['-attime', String(Math.ceil(now / 1000))]
      try {
        openssl(
          'verify',
          '-x509_strict',
          '-purpose',
          'sslserver',
          ...at,
          '-CAfile',
          'roots.pem',
          '-untrusted',
          'chain.pem',
          'leaf.pem',
        )
        return true
      } catch {
        return false
      }
    },
  }
}
