import { type Ctx, listAudit, type Route, route } from '#platform'
import { type Console, permitted } from './console.ts'
import { overviewDoors } from './doors.ts'
import { overviewPage } from './views/overview.ts'

const latest = 8

/** `/`: what is open to me, what is left to set up, what happened lately. Strangers are led to sign in by the door. */
export function overviewRoute(console: Console): Route {
  return route({
    ...overviewDoors['GET /'],
    handler: async (ctx) => {
      const [steps, pending, apps, records, name, holdings] = await Promise.all([
        stepsOf(console, ctx),
        Promise.all(console.contributed().pending.map((list) => list(ctx))),
        Promise.all(console.contributed().apps.map((list) => list(ctx))),
        recordsOf(console, ctx),
        console.displayName(ctx),
        console.holdings(ctx),
      ])
      const { credential, address } = ctx.actor
      const body = overviewPage({
        host: console.host,
        now: ctx.now,
        name,
        ...holdings,
        credential: credential?.kind,
        address,
        steps,
        pending: pending.flat(),
        apps: apps.flat(),
        records,
      })
      return { kind: 'page', page: { title: 'Overview', body, section: '/', frame: 'full' } }
    },
  })
}

async function stepsOf(console: Console, ctx: Ctx) {
  const steps = await permitted(console, ctx, console.contributed().setupSteps)
  return Promise.all(steps.map(async (step) => ({ step, done: await step.done(ctx) })))
}

async function recordsOf(console: Console, ctx: Ctx) {
  return (await console.allowed(ctx, 'audit:read')) ? listAudit(ctx.db, {}, { limit: latest }) : undefined
}
