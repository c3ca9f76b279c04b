import type { AccessFace } from '#access'
import type { IdentityFace } from '#identity'
import type { Actor } from '#kit'
import type { PkiFace } from '#pki'
import { type Ctx, type Kernel, lateRoutes, type Opened, originOf } from '#platform'
import { apiRoutes } from './admin/api.ts'
import { defencePages } from './admin/defence-pages.ts'
import { placeCheck } from './admin/fore-check.ts'
import { addRoute, openApps } from './admin/overview.ts'
import { pageRoutes } from './admin/pages.ts'
import { routeActions, routeSearch } from './admin/search.ts'
import { upstreamRoutes } from './admin/upstreams-api.ts'
import { Identities } from './assertion/identities.ts'
import { ensureKey, renewKey, rotateKey } from './assertion/key-rotation.ts'
import { signingKey } from './assertion/keys.ts'
import type { GatewayConfig } from './config.ts'
import { Rates } from './defence/rates.ts'
import { Authenticators } from './entry/authenticators.ts'
import { rulePages } from './entry/rule-page.ts'
import { ForwardAuth } from './forward-auth/forward-auth.ts'
import { decisionPrefix, questionHost } from './forward-auth/question.ts'
import { Gate } from './gate.ts'
import type { GateDeps } from './gate-deps.ts'
import { importDoors } from './import/doors.ts'
import { snapshotLoader } from './live-state.ts'
import { policies } from './policies.ts'
import { probeAll } from './proxy/probe.ts'
import { Upstreams } from './proxy/upstreams.ts'
import { requestPages } from './request/request-page.ts'
import { secretRoutes } from './request/secret-routes.ts'
import { findRoute, pageOfRoutes } from './route-store.ts'
import { LiveRoutes } from './routing/live-routes.ts'
import { logReport } from './routing/report.ts'
import { routingRoutes } from './routing/routing-routes.ts'
import { type GatewayRoute, resourceOf } from './routing/table.ts'
import { Traffic } from './seen/traffic.ts'
import { trafficRoutes } from './seen/traffic-routes.ts'
import { OpenSockets } from './sockets/open-sockets.ts'
import { AppHost } from './sso/app-host.ts'
import { forgetCodes } from './sso/code-store.ts'
import { gateRoute } from './sso/console-gate.ts'
import { routesState } from './state.ts'
import { MachinePaths } from './upstreams/machine-paths.ts'
import { upstreamNotes } from './upstreams/notes.ts'
import { byTimer } from './upstreams/prober.ts'
import { UpstreamRules } from './upstreams/upstream-rules.ts'

/** What other rooms may ask of the gateway. */
export interface GatewayFace {
  /** Whether a host is published here now. */
  isRouted(host: string): Promise<boolean>
}

interface Needs {
  readonly access: AccessFace
  readonly identity: IdentityFace
  readonly pki: PkiFace
}

const system: Actor = { principal: { kind: 'system', id: 'system', name: 'gateway' } }
/** Codes are kept a day past their end, so that a replay is still known as one. */
const codeMemoryMs = 86_400_000

/** Opens the room: the gate on every host but the console's, and its administration on the console's. */
export async function openGateway(kernel: Kernel, needs: Needs, config: GatewayConfig): Promise<Opened<GatewayFace>> {
  const paths = new MachinePaths({ ...config, data: kernel.config.data })
  const upstreamRules = new UpstreamRules(paths)
  const upstreams: Upstreams = new Upstreams({
    own: (ca) => needs.pki.clientContext(ca),
    paths,
    kind: (scheme) => upstreamRules.kind(scheme),
    clock: kernel.clock,
    schedule: byTimer,
    notes: upstreamNotes(kernel, () => upstreams.all),
  })
  const authenticators = new Authenticators({ kernel, ...needs })
  const consoleOrigin = () => originOf(kernel, kernel.config.console.host)
  const traffic = new Traffic(kernel)
  const load = snapshotLoader({ kernel, upstreams, authenticators, removed: (id) => traffic.forget(id) })
  const live = new LiveRoutes(kernel.database, kernel.clock, load)
  const deps = { kernel, live, authenticators, traffic, consoleOrigin, ...needs }
  const admin = {
    kernel,
    live,
    traffic,
    config: kernel.config,
    authenticators,
    pki: needs.pki,
    access: needs.access,
    upstreamRules,
    probe: (route: GatewayRoute) => probeAll(upstreams.balanceOf(route), route, kernel.clock),
    rotateKey: (ctx: Ctx) => rotateKey(kernel.keyring, ctx),
  }
  const foreCheck = placeCheck({ ...needs, kernel, authenticators })
  const rates = new Rates(kernel)
  const appHost = new AppHost(deps)
  const gate = makeGate(kernel, needs, deps, appHost, rates)
  const forwardAuth = new ForwardAuth({ deps, gate, appHost }, config.forwardAuthProxies)
  kernel.listener.plain(decisionPrefix, forwardAuth.handle)
  if (config.forwardAuthSocket !== undefined) {
    kernel.listener.onSocket(config.forwardAuthSocket, forwardAuth.handleLocal)
  }
  const askedAt = questionHost(kernel.config.console.host)
  kernel.listener.hostForPeers(askedAt, forwardAuth.handle)
  kernel.listener.certificates((host) =>
    host === askedAt && forwardAuth.isOpen ? needs.pki.serverContext(host) : undefined,
  )
  kernel.listener.otherHosts(gate.handle, gate.upgrade, (host) => live.known()?.routes.table.hasHost(host) === true)
  // a name nobody routed gets no certificate: the handshake ends there
  kernel.listener.certificates((host) =>
    live.askLatest(({ table }) => (table.hasHost(host) ? needs.pki.serverContext(host) : undefined)),
  )
  kernel.listener.clientCertificates((host) => live.askLatest((routes) => routes.asks(host)))
  return {
    face: { isRouted: async (host) => (await live.current()).routes.table.hasHost(host) },
    routes: [
      gateRoute(deps),
      ...apiRoutes(admin),
      ...routingRoutes({ ...deps, foreCheck }),
      ...lateRoutes(importDoors, async () => (await import('./import/import-routes.ts')).importRoutes(admin)),
      ...secretRoutes(kernel),
      ...upstreamRoutes(admin),
      ...pageRoutes(admin),
      ...rulePages(admin),
      ...requestPages(admin),
      ...defencePages(admin),
      ...trafficRoutes(admin),
    ],
    navigation: [{ title: 'Routes', href: '/routes', permission: 'routes:read', order: 50, group: 'apps' }],
    search: [routeSearch],
    searchActions: routeActions,
    setupSteps: [addRoute],
    apps: (ctx) => openApps(kernel, needs.access, ctx),
    resources: [
      {
        permissionType: 'routes',
        load: async (name, db) => {
          const found = await findRoute(db, name)
          return found === undefined ? undefined : resourceOf(found)
        },
        loadMany: async (names, db) => {
          const found = await pageOfRoutes(db, undefined, names.length, undefined, names)
          return new Map(found.map((route) => [route.name, resourceOf(route)]))
        },
        list: async (db, after, limit) => (await pageOfRoutes(db, after, limit)).map((found) => resourceOf(found)),
        related: async () => [],
      },
    ],
    policies: [policies],
    foreChecks: [foreCheck],
    state: [routesState(admin)],
    jobs: [
      {
        name: 'gateway.forget-codes',
        everyMs: 3_600_000,
        run: (ctx) => ctx.tx((inner) => forgetCodes(inner.db, inner.now - codeMemoryMs)),
      },
      { name: 'gateway.forget-rates', everyMs: 600_000, run: (ctx) => rates.forget(ctx) },
      { name: 'gateway.renew-assertion-key', everyMs: 86_400_000, run: (ctx) => renewKey(kernel.keyring, ctx) },
    ],
    async start({ gatewayAuthenticators, upstreamKinds }) {
      authenticators.contribute(gatewayAuthenticators)
      upstreamRules.learn(upstreamKinds)
      live.forget()
      rates.shared?.start()
      await ensureKey(kernel.keyring, kernel.context(system))
      // once it has one nobody gets another for it
      if (forwardAuth.isOpen) await prepareAhead(kernel, needs, askedAt)
      await logReport(kernel.database.db, kernel.log)
    },
    reconfigure: (changed) => forwardAuth.configure((changed as GatewayConfig).forwardAuthProxies),
    async stop() {
      await rates.shared?.stop()
      await upstreams.close()
    },
  }
}

async function prepareAhead(kernel: Kernel, { pki }: Needs, host: string): Promise<void> {
  try {
    await pki.serverContext(host)
  } catch (err) {
    kernel.log.warn({ host, err }, 'a certificate could not be made ahead; it is tried again at the first handshake')
  }
}

function makeGate(kernel: Kernel, needs: Needs, deps: GateDeps, appHost: AppHost, rates: Rates): Gate {
  const mark = Buffer.from(kernel.keyring.mac('gateway-via', 'instance')).toString('hex').slice(0, 12)
  const identities = new Identities({
    identity: needs.identity,
    access: needs.access,
    database: kernel.database,
    issuer: deps.consoleOrigin,
    signingKey: async (now) => {
      const key = signingKey((await deps.live.current()).keys, now)
      if (key === undefined) throw new TypeError('no assertion key: start makes one')
      return key
    },
  })
  return new Gate({
    deps,
    appHost,
    identities,
    sockets: new OpenSockets(deps),
    rates,
    via: `1.1 gatehouse-${mark}`,
  })
}
