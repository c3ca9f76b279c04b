import { z } from 'zod'
import { networkFault } from '#kit'
import { warnings } from './routing/contract.ts'
import { settingsPatch, settingsWhole } from './settings/route-settings.ts'
import { maxUpstreamText, parseUpstream, upstreamText } from './upstreams/target.ts'

export { secretHeaderBody, secretHeaderList, secretHeaderView } from './request/contract.ts'
export { type TrafficView, trafficView } from './seen/contract.ts'
export { usualCheck } from './settings/balance-settings.ts'
export { settingsDefaults } from './settings/route-settings.ts'

/** Routes as API, CLI and pages speak of them. */

export { type ImportView, importView, mostRulesBytes } from './import/report.ts'
export { type FindingView, routeReport, type TrialView, trialBody, trialView } from './routing/contract.ts'

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'

export const routeName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and hyphens, at most 63')
  .refine((name) => name !== 'new', 'new is the address of the form')
  .describe('Immutable, never reused; permissions and the journal refer to it.')

/** Of a route that is made: names that are addresses of pages are kept free. */
export const newRouteName = routeName.refine((name) => name !== 'check' && name !== 'test', 'is the address of a page')

export const hostName = z
  .string()
  .max(253)
  .regex(new RegExp(`^${label}(?:\\.${label})+$`), 'a lower-case host name of two labels or more, without port')
  .refine((host) => !/^[\d.]+$/.test(host), 'a name, not an address')
  .describe('The public host: blog.example.org, or anything under localhost.')

export const routePath = z
  .string()
  .max(1024)
  .regex(
    /^(?:\/|(?:\/(?:\*|[A-Za-z0-9_~-][A-Za-z0-9._~-]*))+)$/,
    '/ or segments like /app/v1, without a slash at the end; * stands for one segment',
  )
  .refine((path) => !/^\/\.gatehouse(?:\/|$)/i.test(path), 'belongs to Gatehouse')
  .describe('Covers the path itself and everything under it; `*` stands for one segment. The most specific path wins.')

export const upstreamUrl = z
  .string()
  .max(maxUpstreamText)
  .refine(
    (text) => parseUpstream(text) !== undefined,
    'http:// or https:// with host and port only (no user, path, query or fragment), unix:/path, folder:/path or none:',
  )
  .transform(upstreamText)
  .describe(
    'Where the app listens: `http://127.0.0.1:3000`, `https://…`, `unix:/run/app.sock`; `folder:/srv/site` serves files; `none:` decides only.',
  )

export const upstreamUrls = z
  .array(upstreamUrl)
  .min(1, 'at least one address where the app listens')
  .max(32)
  .refine((urls) => new Set(urls).size === urls.length, 'each only once')
  .refine((urls) => urls.length === 1 || !urls.includes('none:'), 'none: stands alone')
  .describe('Where the app listens; with several they share the work.')

export const routePermission = z
  .string()
  .regex(/^routes:use:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'routes:use:<name>')
  .describe('routes:use:<name>; several routes may share one.')

const policyName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'the name of a policy')

export const accessRule = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('public'),
    reason: z.string().trim().min(3, 'say why nobody is asked').max(200).describe('Why nobody is asked who they are.'),
  }),
  z.strictObject({ kind: z.literal('signed-in') }),
  z.strictObject({ kind: z.literal('permission'), permission: routePermission }),
  z.strictObject({
    kind: z.literal('policy'),
    policies: z
      .array(policyName)
      .min(1, 'at least one policy')
      .max(20)
      .refine((names) => new Set(names).size === names.length, 'each only once')
      .describe('Names of your own policies, of which one must permit it. What a role or grant gives is not enough.'),
  }),
])

/** One that cannot be read admits nobody: `10.0.0.1/8` would close the route to everybody without a word. */
export const network = z.string().superRefine((text, context) => {
  if (/^@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return
  const fault = text.includes('/') ? networkFault(text) : 'a CIDR, or @ and a named network'
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
})

const milliseconds = (least: number, most: number) => z.int().min(least).max(most)

export const timeouts = z.strictObject({
  connectMs: milliseconds(100, 60_000).default(5_000).describe('Until the app accepts a connection.'),
  headersMs: milliseconds(100, 3_600_000).default(60_000).describe('Until the app begins to answer.'),
  bodyMs: milliseconds(100, 3_600_000).default(300_000).describe('Between two pieces of an answer.'),
  socketIdleMs: milliseconds(1_000, 86_400_000)
    .default(600_000)
    .describe('Until a WebSocket on which nothing passes is closed.'),
})

const presentCertificate = z
  .boolean()
  .describe('Gatehouse shows the app a client certificate of its own (mutual TLS); the app must be reached over https.')

export const createRouteBody = z.strictObject({
  name: newRouteName,
  host: hostName,
  path: routePath.default('/'),
  upstreams: upstreamUrls,
  /** Absent: whoever holds `routes:use:<name>`. */
  access: accessRule.optional().describe('Absent: whoever holds routes:use:<name>.'),
  networks: z.array(network).max(100).default([]).describe('CIDRs and @named networks; empty: from everywhere.'),
  timeouts: timeouts.prefault({}),
  presentCertificate: presentCertificate.default(false),
  ...settingsPatch,
})
export type CreateRoute = z.infer<typeof createRouteBody>

/** Merge patch (RFC 7396): absent members stay. */
export const updateRouteBody = z.strictObject({
  host: hostName.optional(),
  path: routePath.optional(),
  upstreams: upstreamUrls.optional(),
  access: accessRule.optional(),
  networks: z.array(network).max(100).optional(),
  timeouts: z
    .strictObject({
      connectMs: milliseconds(100, 60_000).optional(),
      headersMs: milliseconds(100, 3_600_000).optional(),
      bodyMs: milliseconds(100, 3_600_000).optional(),
      socketIdleMs: milliseconds(1_000, 86_400_000).optional(),
    })
    .optional(),
  presentCertificate: presentCertificate.optional(),
  ...settingsPatch,
})
export type UpdateRoute = z.infer<typeof updateRouteBody>

export const routeParams = z.strictObject({ name: routeName })

export const routeView = z.object({
  id: z.string(),
  name: z.string(),
  host: z.string(),
  path: z.string(),
  url: z.string().describe('Where people reach it.'),
  upstreams: z.array(z.string()),
  access: accessRule,
  permission: z.string().describe('What a request on this route needs.'),
  networks: z.array(z.string()),
  timeouts,
  presentCertificate,
  ...settingsWhole,
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})
export type RouteView = z.infer<typeof routeView>

/** A route that was just made or changed. */
export const savedRoute = routeView.extend({ warnings })

export const routeList = z.object({ items: z.array(routeView), next: z.string().nullable() })

export const listQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1024).optional(),
})

const probed = {
  reachable: z.boolean(),
  status: z.int().optional().describe("What the app answered to GET on the route's path."),
  ms: z.number(),
  code: z.string().optional().describe('Why not, in the code a visitor would see.'),
  detail: z.string().optional(),
}

/** What a test of a route's upstreams found: of the first that did not answer, or of the first. */
export const probeView = z.object({
  ...probed,
  each: z.array(z.object({ upstream: z.string(), ...probed })).describe('Every upstream.'),
})
export type ProbeView = z.infer<typeof probeView>

/** How one upstream of a route is, as the node that answers sees it. */
export const upstreamView = z.object({
  upstream: z.string(),
  state: z
    .enum(['up', 'failing', 'trying', 'ejected', 'down'])
    .describe(
      '`ejected`: it failed and gets no requests for a while; `trying`: one request finds out how it is; `down`: its health check fails; `failing`: it fails and is asked all the same, for there is no other.',
    ),
  inFlight: z.int().describe('Requests that wait for its answer.'),
  sockets: z.int().describe('WebSockets open there.'),
  restsForMs: z.int().describe('How long it still gets no requests.'),
  lastFault: z.string().nullable().describe('The code of what went wrong last.'),
  checked: z
    .object({
      at: z.iso.datetime(),
      passed: z.boolean(),
      status: z.int().optional(),
      code: z.string().optional(),
      ms: z.number(),
    })
    .nullable()
    .describe('What the last health check found.'),
})
export type UpstreamView = z.infer<typeof upstreamView>
export const upstreamList = z.object({ items: z.array(upstreamView) })

export const assertionKeyView = z.object({
  id: z.string(),
  createdAt: z.iso.datetime(),
  state: z.enum(['published', 'signing', 'ending']),
})
export const assertionKeyList = z.object({ items: z.array(assertionKeyView) })

export const jwks = z.object({ keys: z.array(z.record(z.string(), z.string())) })

export const permissionTypes = [
  {
    type: 'routes',
    ids: 'exact',
    actions: {
      read: 'See routes and test their upstreams',
      create: 'Put an app behind the gate',
      update: 'Change where a route leads and who may use it',
      delete: 'Remove a route; the app is no longer reachable through the gate',
      use: 'Use the app behind a route',
    },
  },
  {
    type: 'assertion-keys',
    ids: 'exact',
    actions: {
      read: 'See the keys that sign what apps are told about people',
      rotate: 'Make a new signing key',
    },
  },
] as const
