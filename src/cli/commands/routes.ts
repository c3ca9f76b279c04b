import {
  createRouteBody,
  probeView,
  type RouteView,
  routeList,
  routeView,
  savedRoute,
  settingsDefaults,
  type UpdateRoute,
  updateRouteBody,
} from '#gateway/contract'
import { connect, ifMatch } from '../client.ts'
import { exitCodes, Failure, wrongUsage } from '../failure.ts'
import { judged, milliseconds } from '../input.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, print } from '../terminal.ts'
import { facts, table, time } from '../text.ts'
import { type DefenceOptions, defenceFacts, defenceShapeOf } from './route-defence.ts'
import { type RequestOptions, requestFacts, requestShapeOf } from './route-request.ts'
import { balanceFacts, balanceShapeOf, type UpstreamOptions } from './route-upstreams.ts'
import { noteWarnings } from './routing.ts'

const path = '/api/v1/routes'

export interface RouteOptions extends TargetOptions, UpstreamOptions, RequestOptions, DefenceOptions {
  readonly host?: string
  readonly upstream?: readonly string[]
  readonly path?: string
  readonly public?: string
  readonly signedIn?: boolean
  readonly permission?: string
  readonly exact?: boolean
  readonly method?: readonly string[]
  readonly anyMethod?: boolean
  readonly priority?: string
  readonly network?: readonly string[]
  readonly anyNetwork?: boolean
  readonly policy?: string[]
  readonly authenticators?: string
  readonly region?: string[]
  readonly anyRegion?: boolean
  readonly assurance?: string
  readonly onRefusal?: string
  readonly mode?: string
  readonly presentCertificate?: boolean
  readonly connectTimeout?: string
  readonly headersTimeout?: string
  readonly bodyTimeout?: string
  readonly socketIdleTimeout?: string
  readonly yes?: boolean
}

export async function listRoutes(options: TargetOptions & { readonly limit: string }): Promise<void> {
  const client = await connect(options)
  const list = await fetchAll(client, path, routeList, {}, options.limit)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'No routes yet. Put an app behind the gate:\n  gatehouse routes create wiki --host wiki.localhost --upstream http://127.0.0.1:3000'
      : table(
          ['NAME', 'ADDRESS', 'UPSTREAM', 'WHO', 'FROM'],
          list.items.map((route) => [route.name, route.url, route.upstreams.join(' '), who(route), from(route)]),
        ) + list.more,
  )
}

export async function showRoute(name: string, options: TargetOptions): Promise<void> {
  const { data, raw } = await getRoute(name, options)
  print(options, raw, () => describe(data))
}

export async function createRoute(name: string, options: RouteOptions): Promise<void> {
  const body = judged(createRouteBody, { name, ...shapeOf(options), access: accessOf(options, name) })
  const client = await connect(options)
  const { data, raw } = await client.call('POST', path, savedRoute, { body })
  print(options, raw, () => `Made.\n\n${describe(data)}`)
  noteWarnings(data.warnings)
}

export async function updateRoute(name: string, options: RouteOptions): Promise<void> {
  const access = accessOf(options, name)
  const patch = judged(updateRouteBody, { ...shapeOf(options), ...(access === undefined ? {} : { access }) })
  if (Object.keys(patch).length === 0) throw wrongUsage('Nothing to change was named.')
  const before = await getRoute(name, options)
  const opened = openedBy(before.data, patch)
  if (opened !== undefined) await confirm(opened, options)
  const { data, raw } = await before.client.call('PATCH', `${path}/${encodeURIComponent(name)}`, savedRoute, {
    body: patch,
    headers: ifMatch(before),
  })
  print(options, raw, () => `Changed.\n\n${describe(data)}`)
  noteWarnings(data.warnings)
}

export async function deleteRoute(name: string, options: TargetOptions & { readonly yes?: boolean }): Promise<void> {
  const before = await getRoute(name, options)
  await confirm(
    `Delete route ${name}? ${before.data.url} is no longer reached through the gate. The app itself stays; the name is never used again.`,
    options,
  )
  await before.client.send('DELETE', `${path}/${encodeURIComponent(name)}`, { headers: ifMatch(before) })
  print(options, { deleted: name }, () => `Deleted ${name}.`)
}

export async function probeRoute(name: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('POST', `${path}/${encodeURIComponent(name)}/test`, probeView)
  if (data.reachable) {
    print(options, raw, () =>
      data.each
        .map(({ upstream, status, ms }) => {
          const who = data.each.length === 1 ? 'The app' : upstream
          return `${who} answered with status ${status ?? '?'} after ${Math.round(ms)} ms.`
        })
        .join('\n'),
    )
    return
  }
  if (options.json === true) print(options, raw, () => '')
  throw new Failure({
    exit: exitCodes.failed,
    code: data.code ?? 'gateway.upstream-unreachable',
    title: `The app behind ${name} did not answer${atWhich(data.each)}`,
    detail: data.detail ?? 'Check that it runs where the route leads.',
  })
}

/** Of several upstreams those that did not answer. */
function atWhich(each: readonly { readonly upstream: string; readonly reachable: boolean }[]): string {
  if (each.length === 1) return ''
  const silent = each.filter(({ reachable }) => !reachable)
  return ` at ${silent.map(({ upstream }) => upstream).join(', ')}`
}

async function getRoute(name: string, options: TargetOptions) {
  const client = await connect(options)
  const answer = await client.call('GET', `${path}/${encodeURIComponent(name)}`, routeView)
  return { ...answer, client }
}

/** `socketIdleMs` as people say it. */
function wordsOf(key: string): string {
  return key.replace(/Ms$/, '').replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

/** The members of a body that the options name. */
function shapeOf(options: RouteOptions): Readonly<Record<string, unknown>> {
  const timeouts = {
    ...timeout('connectMs', options.connectTimeout),
    ...timeout('headersMs', options.headersTimeout),
    ...timeout('bodyMs', options.bodyTimeout),
    ...timeout('socketIdleMs', options.socketIdleTimeout),
  }
  const networks = options.anyNetwork === true ? [] : options.network
  const methods = options.anyMethod === true ? [] : options.method
  return {
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.path === undefined ? {} : { path: options.path }),
    ...(options.upstream === undefined ? {} : { upstreams: options.upstream }),
    ...(networks === undefined ? {} : { networks }),
    ...(methods === undefined ? {} : { methods }),
    ...(options.exact === undefined ? {} : { exact: options.exact }),
    ...(options.priority === undefined ? {} : { priority: Number(options.priority) }),
    ...(Object.keys(timeouts).length === 0 ? {} : { timeouts }),
    ...(options.presentCertificate === undefined ? {} : { presentCertificate: options.presentCertificate }),
    ...balanceShapeOf(options),
    ...defenceShapeOf(options),
    ...ruleShapeOf(options),
    ...requestShapeOf(options),
  }
}

/** Who comes in and how, besides the rule itself. */
function ruleShapeOf(options: RouteOptions): Readonly<Record<string, unknown>> {
  const { authenticators, region, anyRegion, assurance, onRefusal, mode } = options
  const regions = anyRegion === true ? [] : region?.map((code) => code.toUpperCase())
  return {
    ...(authenticators === undefined ? {} : { authenticators: authenticators.split(/[\s,]+/).filter(Boolean) }),
    ...(regions === undefined ? {} : { regions }),
    ...(assurance === undefined ? {} : { assurance: assuranceOf(assurance) }),
    ...(onRefusal === undefined ? {} : { onRefusal }),
    ...(mode === undefined ? {} : { mode }),
  }
}

function assuranceOf(text: string) {
  const words = text.split(/[\s,]+/).filter(Boolean)
  const unknown = words.find((word) => !['any', 'two-factors', 'phishing-resistant'].includes(word))
  if (unknown !== undefined || words.length === 0) {
    throw wrongUsage('An assurance is any, two-factors, phishing-resistant or two-factors,phishing-resistant.')
  }
  return { factors: words.includes('two-factors') ? 2 : 1, phishingResistant: words.includes('phishing-resistant') }
}

function accessOf(options: RouteOptions, name: string): unknown {
  const { policy: policies } = options
  const rules = [options.public, options.signedIn, options.permission, policies]
  if (rules.filter((rule) => rule !== undefined).length > 1) {
    throw wrongUsage('Name one of --public, --signed-in, --permission and --policy.')
  }
  if (options.public !== undefined) return { kind: 'public', reason: options.public }
  if (options.signedIn === true) return { kind: 'signed-in' }
  if (policies !== undefined) return { kind: 'policy', policies }
  if (options.permission === undefined) return undefined
  const permission = options.permission === 'routes:use' ? `routes:use:${name}` : options.permission
  return { kind: 'permission', permission }
}

function timeout(key: string, text: string | undefined): Readonly<Record<string, number>> {
  if (text === undefined) return {}
  return { [key]: milliseconds(text) }
}

/** What to ask when a change lets more people in than before. */
function openedBy(before: RouteView, patch: UpdateRoute): string | undefined {
  const order = { policy: 0, permission: 0, 'signed-in': 1, public: 2 }
  const wider = patch.access !== undefined && order[patch.access.kind] > order[before.access.kind]
  const everywhere =
    (patch.networks?.length === 0 && before.networks.length > 0) ||
    (patch.regions?.length === 0 && before.regions.length > 0)
  if (patch.mode === 'shadow' && before.mode === 'enforce') {
    return `Put ${before.name} into shadow mode? What its rule refuses is then noted and let through: everybody reaches ${before.url}.`
  }
  if (!wider && !everywhere) return undefined
  const people = patch.access === undefined ? who(before) : who({ ...before, access: patch.access })
  const place = from({ networks: patch.networks ?? before.networks, regions: patch.regions ?? before.regions })
  return `Open ${before.url} to ${people}, from ${place}? It is ${who(before)}, from ${from(before)} now.`
}

function describe(route: RouteView): string {
  const isUsualOrder = route.authenticators.join() === settingsDefaults.authenticators.join()
  return facts([
    ['Name', route.name],
    ['Address', route.url],
    ['Methods', route.methods.length === 0 ? undefined : route.methods.join(', ')],
    ['Place', route.exact ? 'this very path only' : undefined],
    ['Priority', route.priority === 0 ? undefined : String(route.priority)],
    ['Upstream', route.upstreams.join(' ')],
    ['Who', who(route)],
    ['Reason', route.access.kind === 'public' ? route.access.reason : undefined],
    ['From', from(route)],
    ['Mode', route.mode === 'shadow' ? 'SHADOW: what the rule refuses is let through' : undefined],
    ['Credentials', isUsualOrder ? undefined : route.authenticators.join(', ')],
    ['Assurance', assuranceText(route)],
    ['On refusal', route.onRefusal === 'api' ? 'always problem+json' : undefined],
    ...balanceFacts(route),
    ...defenceFacts(route),
    ['To the app', route.presentCertificate ? "Gatehouse's own client certificate is shown" : undefined],
    ...requestFacts(route),
    [
      'Timeouts',
      Object.entries(route.timeouts)
        .map(([key, ms]) => `${wordsOf(key)} ${ms} ms`)
        .join(', '),
    ],
    ['Id', route.id],
    ['Created', time(route.createdAt)],
    ['Changed', time(route.updatedAt)],
  ])
}

function who({ access }: Pick<RouteView, 'access'>): string {
  switch (access.kind) {
    case 'public':
      return 'everybody'
    case 'signed-in':
      return 'who is signed in'
    case 'permission':
      return `holders of ${access.permission}`
    case 'policy':
      return `whom ${access.policies.join(' or ')} permits`
  }
}

function from({ networks, regions }: Pick<RouteView, 'networks' | 'regions'>): string {
  const places = [...(regions.length === 0 ? [] : [regions.join(', ')]), ...networks]
  return places.length === 0 ? 'everywhere' : places.join(', ')
}

function assuranceText({ assurance: { factors, phishingResistant } }: RouteView): string | undefined {
  const asked = [
    ...(factors === 2 ? ['two factors'] : []),
    ...(phishingResistant ? ['a proof that resists phishing'] : []),
  ]
  return asked.length === 0 ? undefined : asked.join(', ')
}
