import { z } from 'zod'
import {
  accessRule,
  type CreateRoute,
  createRouteBody,
  hostName,
  network,
  newRouteName,
  routePath,
  routePermission,
  upstreamUrls,
} from '../contract.ts'
import type { GatewayRoute } from '../routing/table.ts'
import { ruleSettings } from '../settings/rule-settings.ts'
import { balanceFields, balanceOf, balanceValues } from './balance-form.ts'

const orElse = (value: string) =>
  z
    .string()
    .trim()
    .transform((text) => (text === '' ? value : text))

export const ticked = z
  .literal('on')
  .optional()
  .transform((text) => text === 'on')

/** Words, one a line or with spaces or commas between. */
export const words = z
  .string()
  .default('')
  .transform((text) => text.split(/[\s,]+/).filter((one) => one !== ''))

export interface HeaderLines {
  readonly headers: Readonly<Record<string, string>>
  readonly fault: string | undefined
}

/** `Name: value`, one a line. */
export function headerLines(text: string): HeaderLines {
  const headers: Record<string, string> = {}
  for (const line of text.split(/[\r\n]+/).filter((one) => one.trim() !== '')) {
    const colon = line.indexOf(':')
    if (colon < 0) return { headers, fault: `${line.trim()} has no colon: write Name: value` }
    const name = line.slice(0, colon).trim()
    if (Object.hasOwn(headers, name)) return { headers, fault: `${name} stands there twice` }
    headers[name] = line.slice(colon + 1).trim()
  }
  return { headers, fault: undefined }
}

/** Headers as `headerLines` reads them. */
export function linesOf(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}

const { exact: _, methods, priority } = ruleSettings.whole.shape

const shared = {
  host: z.string().trim().toLowerCase().pipe(hostName),
  path: orElse('/').pipe(routePath),
  exact: ticked,
  methods: words.transform((names) => names.map((name) => name.toUpperCase())).pipe(methods),
  priority: z
    .string()
    .trim()
    .default('')
    .refine((text) => /^(?:|-?\d{1,4})$/.test(text), 'a whole number')
    .transform(Number)
    .pipe(priority),
  upstreams: z
    .string()
    .transform((text) =>
      text
        .split(/[\r\n]+/)
        .map((one) => one.trim())
        .filter((one) => one !== ''),
    )
    .pipe(upstreamUrls),
  ...balanceFields,
  rule: z.enum(['permission', 'signed-in', 'policy', 'public']),
  permission: z.string().trim().default(''),
  policies: words.pipe(z.array(z.string()).max(20)),
  reason: z.string().trim().max(200).default(''),
  networks: words.pipe(z.array(network).max(100)),
  presentCertificate: ticked,
}

interface RuleFields {
  readonly rule: GatewayRoute['access']['kind']
  readonly permission: string
  readonly policies: string[]
  readonly reason: string
}

function checkRule(form: RuleFields, context: z.RefinementCtx): void {
  if (form.rule === 'public' && form.reason.length < 3) {
    context.addIssue({ code: 'custom', path: ['reason'], message: 'say why nobody is asked who they are' })
  }
  if (form.rule === 'permission' && form.permission !== '' && !routePermission.safeParse(form.permission).success) {
    context.addIssue({ code: 'custom', path: ['permission'], message: 'routes:use:<name>, or empty' })
  }
  if (form.rule === 'policy' && !accessRule.safeParse({ kind: 'policy', policies: form.policies }).success) {
    context.addIssue({ code: 'custom', path: ['policies'], message: 'names of your own policies, each once' })
  }
}

/** The form for a new route, as the browser sends it. */
export const newRouteForm = z
  .strictObject({ name: z.string().trim().pipe(newRouteName), ...shared })
  .superRefine(checkRule)
  .transform(
    ({ rule, permission, policies, reason, healthPath, ca, ...rest }): CreateRoute =>
      createRouteBody.parse({
        ...rest,
        balance: balanceOf({ healthPath, ca }),
        access: ruleOf({ rule, permission, policies, reason }, rest.name),
      }),
  )

/** The form for a route that exists; `revision` is the one it was filled from. */
export const editRouteForm = z.strictObject({ ...shared, revision: z.coerce.number().int() }).superRefine(checkRule)

export function ruleOf(fields: RuleFields, name: string): GatewayRoute['access'] {
  if (fields.rule === 'public') return { kind: 'public', reason: fields.reason }
  if (fields.rule === 'signed-in') return { kind: 'signed-in' }
  if (fields.rule === 'policy') return { kind: 'policy', policies: fields.policies }
  return { kind: 'permission', permission: fields.permission === '' ? `routes:use:${name}` : fields.permission }
}

export type FormValues = Readonly<Record<string, string | undefined>>

/** What the form knows of a route, be it there or only wanted. */
type Shown = Pick<GatewayRoute, 'name' | 'host' | 'path' | 'upstreams' | 'networks' | 'presentCertificate'> & {
  readonly [Name in 'access' | 'exact' | 'methods' | 'priority']?: GatewayRoute[Name] | undefined
} & { readonly balance?: Parameters<typeof balanceValues>[0] }

/** A route as the form shows it. @param revision of a route that is there */
export function valuesOf(route: Shown, revision?: number): FormValues {
  const access = route.access ?? { kind: 'permission', permission: '' }
  return {
    name: route.name,
    host: route.host,
    path: route.path,
    exact: route.exact ? 'on' : undefined,
    methods: route.methods?.join(' '),
    priority: String(route.priority ?? 0),
    upstreams: route.upstreams.join('\n'),
    rule: access.kind,
    permission: access.kind === 'permission' ? access.permission : '',
    policies: access.kind === 'policy' ? access.policies.join('\n') : '',
    reason: access.kind === 'public' ? access.reason : '',
    networks: route.networks.join('\n'),
    presentCertificate: route.presentCertificate ? 'on' : undefined,
    ...balanceValues(route.balance),
    revision: revision?.toString(),
  }
}

/** What was typed, for showing a form again. */
export function typed(form: Readonly<Record<string, string | readonly string[]>>): FormValues {
  return Object.fromEntries(
    Object.entries(form).map(([name, value]) => [name, typeof value === 'string' ? value : value.at(-1)]),
  )
}
