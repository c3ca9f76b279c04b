import type { AccessFace } from '#access'
import type { Actor } from '#kit'
import { type Ctx, consoleOrigin, type Kernel, type Listener, type Opened, type SetupStep } from '#platform'
import { authorityRoutes } from './authorities/api.ts'
import { createHierarchy } from './authorities/hierarchy.ts'
import { authorityNavigation, pendingAuthorities, watchAuthorities } from './authorities/open.ts'
import { authorityPages } from './authorities/pages.ts'
import { authoritiesPath, plainAuthorities, rootPath, trustedRoots } from './authorities/published.ts'
import { ensureRoot } from './authorities/root.ts'
import { certificateAuthenticator } from './clients/authenticator.ts'
import { createCertificateUses } from './clients/certificate-uses.ts'
import { createClientActors } from './clients/client-actors.ts'
import { gatewayCertificate } from './clients/gateway-certificate.ts'
import { signInCertificates } from './clients/sign-in-certificates.ts'
import { type PkiConfig, pkiSettings } from './config.ts'
import { enrolmentActions, enrolmentNavigation, enrolmentRoutes, forgetTokens } from './enrol/open.ts'
import type { PkiFace } from './face.ts'
import { holderResources } from './holders/holders.ts'
import { holderPages } from './holders/pages.ts'
import { holderRoutes } from './holders/routes.ts'
import { pendingFiles } from './hosts/file-certificates.ts'
import { type Issuance, issueWhenDue } from './hosts/server-certificates.ts'
import { nameOf, type ServerContexts, serverContexts } from './hosts/server-contexts.ts'
import { forgetEndedKeys } from './issue/certificate-store.ts'
import { certificateCounts, pendingEndings } from './issue/ending.ts'
import type { IssueParts } from './issue/issue.ts'
import { certificatePages } from './issue/pages.ts'
import { pointersUnder } from './issue/pointers.ts'
import { profileLives } from './issue/profile-store.ts'
import { certificatePolicies, certificateResources } from './issue/resources.ts'
import { certificateRoutes } from './issue/routes.ts'
import { resetRoutes } from './reset/routes.ts'
import { offlineListRoutes } from './revoke/list-routes.ts'
import { openRevocation } from './revoke/open-revocation.ts'
import { findCompromisedKey } from './revoke/revocation-store.ts'
import { revocationRoutes } from './revoke/routes.ts'
import { pkiRoutes } from './routes.ts'
import { certificateSearch, holderSearch } from './search.ts'

const day = 86_400_000
const hour = 3_600_000
const usesWrittenEvery = 5_000
const itself: Actor = { principal: { kind: 'system', id: 'system', name: 'Gatehouse' } }

/** What this room uses of the platform. */
export type PkiKernel = Pick<
  Kernel,
  'config' | 'clock' | 'random' | 'log' | 'database' | 'keyring' | 'metrics' | 'context' | 'regions'
> & {
  readonly listener: Pick<
    Listener,
    'certificates' | 'clientCertificates' | 'fileCertificates' | 'plain' | 'httpsPort' | 'httpPort'
  >
}

/** @throws GateError `pki.authority-unusable`: without its root nothing may be served, and no other is made */
export async function openPki(
  kernel: PkiKernel,
  needs: { readonly access: AccessFace },
  config: PkiConfig,
): Promise<Opened<PkiFace>> {
  const { keyring, random, log, metrics, listener } = kernel
  const { console } = kernel.config
  const settings = pkiSettings(config, kernel.config, listener)
  const parts = { keyring, random, settings }
  await ensureRoot(kernel.context(itself), parts)
  const hierarchy = createHierarchy(kernel.database, parts)
  const root = await hierarchy.root()
  // a wrong keyring is found now and not at the first handshake
  if (root.stored.sealedKey !== undefined) root.privateKey()
  const issuedTotal = metrics.counter('gatehouse_certificates_issued_total', 'Certificates issued')
  const failedTotal = metrics.counter('gatehouse_certificate_renewals_failed_total', 'Renewals that failed')
  const authorities = { ...parts, hierarchy, log, ...needs }
  const pendingLines = pendingAuthorities(authorities)
  const watch = watchAuthorities(authorities, metrics)
  watch.measure(await hierarchy.current(), kernel.clock.now(), await profileLives(kernel.database.db))
  const { certificateHost } = settings
  const ownHosts: ReadonlySet<string> = new Set([console.host, 'localhost', certificateHost])
  const issue: IssueParts = {
    hierarchy,
    random,
    access: needs.access,
    trustDomain: settings.trustDomain,
    ownHosts,
    pointers: (authority, serial) => pointersUnder(settings.distribution(), authority, serial),
    compromised: (ctx, keyDigests) => findCompromisedKey(ctx.db, keyDigests),
    regionOf: (address) => kernel.regions.regionOf(address),
    issued: (count) => issuedTotal.inc({}, count),
  }
  const issuance: Issuance = { hierarchy, keyring, random, log, issued: () => issuedTotal.inc() }
  const contexts = serverContexts({
    issuance,
    newCtx: () => kernel.context(itself),
    now: () => kernel.clock.now(),
    epoch: () => `${kernel.database.epoch('certificates')} ${kernel.database.epoch('authorities')}`,
    renewalFailed: () => failedTotal.inc(),
  })
  const revocation = openRevocation({
    kernel,
    hierarchy,
    access: needs.access,
    distribution: () => settings.distribution(),
    newCtx: () => kernel.context(itself),
  })
  const { standings } = revocation
  const { database, clock } = kernel
  const uses = createCertificateUses(database, clock, log, kernel.regions)
  const clients = createClientActors({ database, access: needs.access, standings, note: uses.note })
  const ownCertificate = gatewayCertificate({
    issue,
    keyring,
    database,
    clock,
    log,
    newCtx: () => kernel.context(itself),
    renewalFailed: () => failedTotal.inc(),
  })
  let usesTimer: NodeJS.Timeout | undefined
  listener.clientCertificates((name) => name === certificateHost)
  listener.certificates((name) => (ownHosts.has(name) ? contexts.of(name) : undefined))
  const plain = plainAuthorities(hierarchy, () => kernel.clock.now())
  listener.plain(rootPath, plain)
  listener.plain(authoritiesPath, plain)
  const origin = (): string => consoleOrigin(kernel)
  return {
    face: {
      root: async () => (await hierarchy.root()).published,
      serverContext: (host) => contexts.of(host),
      prepare: async (ctx, host) => {
        await issueWhenDue(ctx, issuance, nameOf(host))
      },
      certificateHost,
      actorOf: (certificate, address, purpose, client) => clients.of(certificate, address, purpose, client),
      clientContext: (ca) => ownCertificate.context(ca),
    },
    apiHosts: [certificateHost],
    authenticators: [certificateAuthenticator(clients)],
    signInCredentials: [signInCertificates({ database, clock, standings, host: certificateHost })],
    routes: [
      ...pkiRoutes({ hierarchy, origin }),
      ...authorityRoutes(authorities),
      ...authorityPages(authorities),
      ...certificateRoutes({ issue, keyring, ...needs }),
      ...enrolmentRoutes({
        issue,
        hierarchy,
        keyring,
        origin,
        renewal: () => `https://${certificateHost}:${console.port ?? listener.httpsPort}`,
        standings,
      }),
      ...revocationRoutes(needs),
      ...resetRoutes({ issue }),
      ...offlineListRoutes({ hierarchy }),
      ...holderRoutes({ keyring, ...needs }),
      ...holderPages({ keyring, ...needs }),
      ...certificatePages({
        issue,
        keyring,
        origin,
        root: async () => (await hierarchy.root()).published,
        ...needs,
      }),
    ],
    resources: [certificateResources, holderResources],
    policies: [certificatePolicies],
    jobs: [
      { name: 'pki.renew', everyMs: day, run: (ctx) => renew(ctx, contexts) },
      { name: 'pki.count', everyMs: hour, run: certificateCounts(metrics) },
      { name: 'pki.forget-tokens', everyMs: day, run: forgetTokens },
      ...revocation.contributes.jobs,
      { name: 'pki.roll-authorities', everyMs: day, run: (ctx) => watch.roll(ctx) },
    ],
    events: revocation.contributes.events,
    pending: async (ctx) => [
      ...(await pendingLines(ctx)),
      ...(await revocation.contributes.pending(ctx)),
      ...(await pendingFiles(ctx, needs.access, listener.fileCertificates)),
      ...(await pendingEndings(ctx, needs.access)),
    ],
    navigation: [
      { title: 'Certificates', href: '/certificates', permission: 'certificates:read', order: 60, group: 'apps' },
      authorityNavigation,
      enrolmentNavigation,
    ],
    search: [certificateSearch, holderSearch],
    searchActions: [
      { title: 'Trust the root certificate', href: '/certificates' },
      { title: 'Add a device or service', href: '/certificates/holders/new' },
      ...enrolmentActions,
    ],
    setupSteps: [trustRoot],
    notices: async () =>
      trustedRoots(await hierarchy.current(), kernel.clock.now()).map(({ stored, published }) => ({
        title: stored.state === 'active' ? 'Root SHA-256' : 'Also trusted',
        text: published.fingerprint,
      })),
    start: async () => {
      usesTimer = setInterval(() => void uses.flush(), usesWrittenEvery).unref()
      await revocation.start()
    },
    stop: async () => {
      clearInterval(usesTimer)
      await uses.flush()
      await revocation.stop()
      await Promise.all([contexts.settle(), ownCertificate.settle()])
    },
  }
}

const trustRoot: SetupStep = {
  title: 'Trust the certificates',
  text: 'Browsers and programs that trust the root of this Gatehouse show no warning at its hosts.',
  permission: 'certificates:read',
  order: 30,
  action: { text: 'How to trust the root', href: '/certificates' },
  command: 'gatehouse ca',
  // which machines trust it is known to those machines alone
  done: () => Promise.resolve(undefined),
}

async function renew(ctx: Ctx, contexts: ServerContexts): Promise<void> {
  await contexts.renewDue(ctx.signal)
  // a day late, so that no handshake under way on a node with a slow clock loses its key
  await ctx.tx(async (tx) => {
    const count = await forgetEndedKeys(tx.db, tx.now - day)
    if (count > 0) await tx.audit({ action: 'certificates.forget-keys', detail: { count } })
  })
}
