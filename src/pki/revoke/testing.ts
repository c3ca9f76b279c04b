import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { type Ctx, systemRandom } from '#platform'
import { fakeClock, type OpenDatabase } from '#platform/testing'
import { createHierarchy, type Hierarchy } from '../authorities/hierarchy.ts'
import type { LiveAuthority } from '../authorities/live-authority.ts'
import { ensureRoot } from '../authorities/root.ts'
import { listCertificates } from '../issue/certificate-list-store.ts'
import { type CertificateRecord, insertCertificate, type NewCertificate } from '../issue/certificate-store.ts'
import { issuedWithKey } from '../issue/contract.ts'
import { type Ground, type GroundOptions, postRoute, startNode, type TestNode, testSettings } from '../testing.ts'

/** Authorities without the rest of the room. */
export async function startHierarchy({ ctx, database, keyring }: Ground): Promise<Hierarchy> {
  const parts = { keyring, random: systemRandom, settings: testSettings }
  await ensureRoot(ctx, parts)
  return createHierarchy(database, parts)
}

/** The authority of the line `clients`. */
export function clientsAuthority(ctx: Ctx, hierarchy: Hierarchy): Promise<LiveAuthority> {
  return ctx.tx((tx) => hierarchy.issuer(tx, 'clients'))
}

let made = 0

/** A row as issuing leaves it; nothing is signed, since nothing here reads the certificate itself. */
export async function issued(
  ctx: Ctx,
  authorityId: string,
  given: Partial<NewCertificate> = {},
): Promise<NewCertificate> {
  const certificate = randomBytes(300)
  const stored: NewCertificate = {
    id: `crt_${String(++made).padStart(8, '0')}`,
    authorityId,
    serial: `4${randomBytes(16).toString('hex').slice(1)}`,
    fingerprint: createHash('sha256').update(certificate).digest('hex'),
    profile: 'device',
    holderId: undefined,
    subject: 'sample',
    names: [],
    host: undefined,
    keyDigest: randomBytes(32).toString('hex'),
    notBefore: ctx.now - 3_600_000,
    notAfter: ctx.now + 365 * 86_400_000,
    certificate,
    sealedKey: undefined,
    renewedFrom: undefined,
    limits: undefined,
    label: undefined,
    askedBy: undefined,
    via: 'api',
    createdAt: ctx.now,
    revokedAt: undefined,
    revocationReason: undefined,
    ...given,
  }
  await ctx.tx((tx) => insertCertificate(tx.db, stored))
  return stored
}

/** A node answering on plain HTTP, with a folder for programs that ask it. */
export interface World {
  readonly node: TestNode
  /** `http://127.0.0.1:…` */
  readonly address: string
  readonly folder: string
  /** Issues a device's certificate; it lies in the folder as `<name>.pem`. */
  issue(name: string): Promise<IssuedDevice>
  /** What happens after every revocation, on whichever node: lists are made anew. */
  deliver(): Promise<void>
  /** Everything issued, responders included. */
  certificates(): Promise<readonly CertificateRecord[]>
  write(name: string, content: Uint8Array): void
  /** Runs a program in the folder. @returns its output, both streams @throws when it fails */
  run(program: string, ...args: readonly string[]): Promise<string>
}

export interface IssuedDevice {
  readonly id: string
  readonly serial: string
  readonly authorityId: string
  readonly fingerprint: string
}

export async function startWorld(t: TestContext, open: OpenDatabase, options: GroundOptions = {}): Promise<World> {
  return worldOf(t, await startNode(t, open, { clock: fakeClock(Date.now()), ...options }))
}

export async function worldOf(t: TestContext, node: TestNode): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-revoke-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const address = await servePlain(t, node)
  writeFileSync(join(folder, 'root.pem'), (await node.face.root()).certificatePem)
  const admin = node.ctx.as({ principal: { kind: 'local', id: 'local', name: 'local' } })
  return {
    node,
    address,
    folder,
    issue: async (name) => {
      const body = { profile: 'device', device: name, newKey: true }
      const issued = issuedWithKey.parse(await postRoute(node, admin, '/api/v1/certificates', body))
      writeFileSync(join(folder, `${name}.pem`), issued.pem)
      const [, issuer = ''] = issued.chain.split(/(?<=-----END CERTIFICATE-----\n)/)
      writeFileSync(join(folder, 'issuer.pem'), issuer)
      const { id, serial, authorityId } = issued
      return { id, serial, authorityId, fingerprint: issued.fingerprint.replaceAll(':', '') }
    },
    deliver: async () => {
      node.clock.advance(1_000)
      await node.opened.events?.['pki.revoked']?.({ count: 1 }, node.ctx)
    },
    certificates: () => listCertificates(node.database.db, {}, undefined, 100, node.clock.now()),
    write: (name, content) => writeFileSync(join(folder, name), content),
    run: async (program, ...args) => {
      const { stdout, stderr } = await promisify(execFile)(program, [...args], { cwd: folder })
      return stdout + stderr
    },
  }
}

/** The room's plain HTTP side, dispatched as the listener does. */
async function servePlain(t: TestContext, { plainHandlers }: TestNode): Promise<string> {
  const server = createServer((request, response) => {
    const found = [...plainHandlers].find(([prefix]) => request.url?.startsWith(prefix) === true)
    if (found === undefined) response.writeHead(421).end()
    else found[1](request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
}
