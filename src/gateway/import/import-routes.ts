import type { z } from 'zod'
import type { AccessFace } from '#access'
import type { PkiFace } from '#pki'
import { type CoreConfig, type Ctx, type Route, route } from '#platform'
import { createRouteBody } from '../contract.ts'
import { questionHost } from '../forward-auth/question.ts'
import { allRoutes, removedNames } from '../route-store.ts'
import { findingsAbout, placed, reportOf } from '../routing/findings.ts'
import { placeKey } from '../routing/place.ts'
import { viewOf } from '../routing/report.ts'
import { settingsDefaults, withSettings } from '../settings/route-settings.ts'
import { importDoors } from './doors.ts'
import { generalNotes, type Imported, importRules } from './oathkeeper.ts'
import { type ImportView, importBody, importView, mostRulesBytes } from './report.ts'

/** The gravest are told. */
const mostFindings = 500

export interface ImportDeps {
  readonly config: Pick<CoreConfig, 'console'>
  readonly pki: Pick<PkiFace, 'certificateHost'>
  readonly access: Pick<AccessFace, 'decide'>
}

/** Rules of other gates, turned into routes that `POST /api/v1/state/plan` shows before anything changes. */
export function importRoutes(deps: ImportDeps): readonly Route[] {
  return [
    route({
      ...importDoors['POST /api/v1/route-imports/oathkeeper'],
      body: importBody,
      maxBody: mostRulesBytes + 1024,
      responses: { 200: importView },
      handler: async (ctx, { body }) => ({ kind: 'json', body: await imported(deps, ctx, body) }),
    }),
  ]
}

async function imported(
  deps: ImportDeps,
  ctx: Ctx,
  { rules, strategy }: z.infer<typeof importBody>,
): Promise<ImportView> {
  const standing = await allRoutes(ctx.db)
  const keys = new Map(standing.map((one) => [one.name, placeKey(one)]))
  const removed = new Set(await removedNames(ctx.db))
  const made = importRules(rules, {
    strategy,
    reserved: [deps.config.console.host, deps.pki.certificateHost, questionHost(deps.config.console.host)],
    isTaken: (name, place) => removed.has(name) || (keys.has(name) && keys.get(name) !== placeKey(place)),
  })
  const mayRead = (await deps.access.decide(ctx.actor, 'routes:read', undefined, { now: ctx.now })).allowed
  const beside = mayRead ? standing.filter(({ name }) => !made.routes.has(name)).map(placed) : []
  const report = reportOf([...beside, ...placesIn(made)], Number.POSITIVE_INFINITY)
  const about = findingsAbout(report, new Set(made.routes.keys()))
  return {
    rules: made.rules.map((one) => ({ ...one })),
    findings: made.findings.map((one) => ({ ...one })),
    routeFindings: about.slice(0, mostFindings).map(viewOf),
    complete: made.complete && about.length <= mostFindings,
    general: [...generalNotes],
    state: { version: 1, routes: Object.fromEntries(made.routes) },
  }
}

function placesIn({ routes }: Imported) {
  return [...routes].map(([name, body]) => {
    const given = createRouteBody.parse({ name, ...body })
    const { exact, methods, priority } = withSettings(settingsDefaults, given)
    const isPublic = given.access?.kind === 'public'
    return { name, place: { host: given.host, path: given.path, exact, methods, priority }, isPublic, inShadow: false }
  })
}
