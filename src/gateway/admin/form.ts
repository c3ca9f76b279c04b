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
import { balanceFields, balanceOf, balanceValues } from './balance-form.ts'

const orElse = (value: string) =>
  z
    .string()
    .trim()
    .transform((text) => (text === '' ? value : text))

const ticked = z
  .literal('on')
  .optional()
  .transform((text) => text === 'on')

/** Words, one a line or with spaces or commas between. */
export const words = z
  .string()
  .default('')
  .transform((text) => text.split(/[\s,]+/).filter((one) => one !== ''))

const shared = {
  host: z.string().trim().toLowerCase().pipe(hostName),
  path: orElse('/').pipe(routePath),
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

/** A route as the form shows it. */
export function valuesOf(route: GatewayRoute): FormValues {
  const { access } = route
  return {
    name: route.name,
    host: route.host,
    path: route.path,
    upstreams: route.upstreams.join('\n'),
    rule: access.kind,
    permission: access.kind === 'permission' ? access.permission : '',
    policies: access.kind === 'policy' ? access.policies.join('\n') : '',
    reason: access.kind === 'public' ? access.reason : '',
    networks: route.networks.join('\n'),
    presentCertificate: route.presentCertificate ? 'on' : undefined,
    ...balanceValues(route.balance),
    revision: String(route.revision),
  }
}

/** What was typed, for showing a form again. */
export function typed(form: Readonly<Record<string, string | readonly string[]>>): FormValues {
  return Object.fromEntries(
    Object.entries(form).map(([name, value]) => [name, typeof value === 'string' ? value : value.at(-1)]),
  )
}
