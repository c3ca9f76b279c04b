import type { Actor, Decision, Resource } from '#kit'
import type { Db } from '../db/database.ts'
import type { DecisionContext, ResourceLoader } from '../room/contract.ts'
import { fillPermission, resourceParameter } from './permission-template.ts'
import type { RouteHead } from './route.ts'

export interface PageOpenerParts {
  readonly routes: readonly RouteHead[]
  readonly resources: readonly ResourceLoader[]
  readonly decide: (
    actor: Actor,
    permission: string | undefined,
    resource: Resource | undefined,
    context: DecisionContext,
  ) => Decision | Promise<Decision>
}

/** Who would open a page, and when. */
interface Visitor {
  readonly actor: Actor
  readonly db: Db
  readonly now: number
}

/**
 * Whether the page at a path would open for somebody: the question its door would ask, with the same permission, loader
 * and decision. For showing links; a page still decides at its own door. Paths no page answers, and things that are not
 * there, do not open.
 */
export function pageOpener(parts: PageOpenerParts): (visitor: Visitor, path: string) => Promise<boolean> {
  const pages = parts.routes
    .filter(({ method, door }) => method === 'GET' && door === 'browser')
    .map((route) => ({ route, segments: route.path.split('/') }))
  const loaders = new Map(parts.resources.map((loader) => [loader.permissionType, loader]))

  return async ({ actor, db, now }, path) => {
    const segments = segmentsOf(path)
    const found = segments && pages.find((page) => fits(page.segments, segments))
    if (found === undefined || segments === undefined) return false
    const { access } = found.route
    if ('public' in access) return true
    if ('signedIn' in access) return (await parts.decide(actor, undefined, undefined, { now })).allowed
    const permission = 'each' in access ? access.each : access.permission
    const params = paramsOf(found.segments, segments)
    const { type, parameter } = resourceParameter(permission)
    const loader = loaders.get(type)
    const id = parameter === undefined ? undefined : params[parameter]
    const resource = loader === undefined || id === undefined ? undefined : await loader.load(id, db)
    if (loader !== undefined && id !== undefined && resource === undefined) return false
    return (await parts.decide(actor, fillPermission(permission, params), resource, { now })).allowed
  }
}

function segmentsOf(path: string): readonly string[] | undefined {
  try {
    return (path.split(/[?#]/, 1)[0] ?? '').split('/').map(decodeURIComponent)
  } catch {
    return undefined
  }
}

const parameterOf = (segment: string) => /^\{(\w+)\}$/.exec(segment)?.[1]

function fits(template: readonly string[], segments: readonly string[]): boolean {
  return (
    template.length === segments.length &&
    template.every((part, index) =>
      parameterOf(part) === undefined ? part === segments[index] : segments[index] !== '',
    )
  )
}

function paramsOf(template: readonly string[], segments: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    template.flatMap((part, index) => {
      const name = parameterOf(part)
      return name === undefined ? [] : [[name, segments[index] ?? '']]
    }),
  )
}
