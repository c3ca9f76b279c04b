import type { Command } from 'commander'
import type { ImportOptions } from '../commands/route-import.ts'
import type { RouteOptions } from '../commands/routes.ts'
import type { TrialOptions } from '../commands/routing.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote, several } from './command.ts'
import { defenceShape } from './route-defence.ts'
import { addSecretHeaders, requestShape } from './route-request.ts'
import { addRouteUpstreams, upstreamShape } from './route-upstreams.ts'

/** `gatehouse routes …` */
export function addRoutes(program: Command): void {
  const routes = group(program, 'routes', 'What is reached through the gate, and who may reach it')

  remote(routes, 'list', { summary: 'Lists the routes', example: 'gatehouse routes list' })
    .option('--limit <count>', 'how many at most', '1000')
    .action(async (options: TargetOptions & { limit: string }) => {
      const { listRoutes } = await import('../commands/routes.ts')
      await listRoutes(options)
    })

  remote(routes, 'show <name>', { summary: 'Shows one route', example: 'gatehouse routes show wiki' }).action(
    async (name: string, options: TargetOptions) => {
      const { showRoute } = await import('../commands/routes.ts')
      await showRoute(name, options)
    },
  )

  const create = remote(routes, 'create <name>', {
    summary: 'Puts a web app behind the gate; without an access option, for holders of routes:use:NAME',
    example: 'gatehouse routes create wiki --host wiki.localhost --upstream http://127.0.0.1:3000',
  })
    .requiredOption('--host <host>', 'the public host, for example wiki.localhost')
    .requiredOption('--upstream <url>', 'where the app listens: http://127.0.0.1:3000 (repeatable)', several)
  shape(create).action(async (name: string, options: RouteOptions) => {
    const { createRoute } = await import('../commands/routes.ts')
    await createRoute(name, options)
  })

  const update = remote(routes, 'update <name>', {
    summary: 'Changes what is named of a route, and leaves the rest',
    example: 'gatehouse routes update wiki --signed-in --network 10.0.0.0/8',
  })
    .option('--host <host>', 'the public host')
    .option('--upstream <url>', 'where the app listens (repeatable); in place of all there were', several)
    .option('--any-method', 'takes every method')
    .option('--any-network', 'lets every network in')
    .option('--any-region', 'lets every country in')
    .option('--yes', 'does not ask before opening the route to more people')
  shape(update).action(async (name: string, options: RouteOptions) => {
    const { updateRoute } = await import('../commands/routes.ts')
    await updateRoute(name, options)
  })

  remote(routes, 'delete <name>', {
    summary: 'Takes an app off the gate',
    example: 'gatehouse routes delete wiki --yes',
  })
    .option('--yes', 'does not ask')
    .action(async (name: string, options: TargetOptions & { yes?: boolean }) => {
      const { deleteRoute } = await import('../commands/routes.ts')
      await deleteRoute(name, options)
    })

  remote(routes, 'traffic <name>', {
    summary: 'Tells what passes through a route, how fast it is answered, and what is refused',
    example: 'gatehouse routes traffic wiki\ngatehouse routes traffic wiki --json',
  }).action(async (name: string, options: TargetOptions) => {
    const { showTraffic } = await import('../commands/route-traffic.ts')
    await showTraffic(name, options)
  })

  remote(routes, 'probe <name>', {
    summary: 'Asks the app behind a route whether it answers; exits with 1 when it does not',
    example: 'gatehouse routes probe wiki',
  }).action(async (name: string, options: TargetOptions) => {
    const { probeRoute } = await import('../commands/routes.ts')
    await probeRoute(name, options)
  })

  remote(routes, 'test <method> <url>', {
    summary: 'Says what would become of a request: which route, which rule, which decision; nothing is sent',
    example: 'gatehouse routes test GET https://wiki.localhost/pages --as ada',
  })
    .option('--as <handle>', 'whoever has this handle asks; without it, a stranger')
    .option('--from <address>', 'as if it came from there')
    .action(async (method: string, url: string, options: TrialOptions) => {
      const { tryRequest } = await import('../commands/routing.ts')
      await tryRequest(method, url, options)
    })

  addSecretHeaders(routes)

  const imports = group(routes, 'import', 'Routes made of what another gate has')
  remote(imports, 'oathkeeper <file>', {
    summary:
      "Turns Ory Oathkeeper's access rules (JSON or YAML, - for stdin) into routes, never wider ones; shows the difference and asks",
    example: 'gatehouse routes import oathkeeper rules.json --dry-run',
  })
    .option('--glob', 'patterns are globs, not regular expressions')
    .option('--dry-run', 'only shows; ends with 3 when something would change')
    .option('--partial', 'leaves out the rules that cannot be taken')
    .option('--yes', 'does not ask')
    .action(async (file: string, options: ImportOptions) => {
      const { importOathkeeper } = await import('../commands/route-import.ts')
      await importOathkeeper(file, options)
    })

  remote(routes, 'check', {
    summary: 'Lists what is odd about the routes; exits with 1 when one can never answer as it stands',
    example: 'gatehouse routes check',
  }).action(async (options: TargetOptions) => {
    const { checkRoutes } = await import('../commands/routing.ts')
    await checkRoutes(options)
  })

  addRouteUpstreams(routes)
}

/** What create and update have in common. */
function shape(command: Command): Command {
  return defenceShape(requestShape(upstreamShape(command)))
    .option('--path <path>', 'covers this path and everything under it; * stands for one segment')
    .option('--exact', 'covers this very path only, nothing under it')
    .option('--no-exact', 'covers everything under the path too')
    .option('--method <method>', 'takes this method only (repeatable)', several)
    .option('--priority <number>', 'the higher wins where several cover a path; 0 unless said')
    .option('--public <reason>', 'anybody may use it; the reason is kept')
    .option('--signed-in', 'anybody who is signed in may use it')
    .option('--permission <permission>', 'holders of this permission may use it: routes:use:NAME')
    .option('--network <cidr>', 'only from this network or @named network (repeatable)', several)
    .option('--policy <policy>', 'whom this policy of yours permits may use it (repeatable)', several)
    .option('--region <country>', 'only from this country: DE (repeatable)', several)
    .option('--authenticators <names>', 'credentials that count, in order: token,session,certificate,anonymous')
    .option('--assurance <how>', 'how surely: any, two-factors, phishing-resistant, or both with a comma')
    .option('--on-refusal <how>', 'auto (people are led to sign-in, get pages) or api (always problem+json)')
    .option('--mode <mode>', 'enforce, or shadow: what the rule refuses is noted and let through')
    .option('--present-certificate', "the app is shown Gatehouse's own client certificate, over https")
    .option('--no-present-certificate', 'the app is shown none')
    .option('--connect-timeout <duration>', 'until the app accepts a connection: 5s')
    .option('--headers-timeout <duration>', 'until the app begins to answer: 60s')
    .option('--body-timeout <duration>', 'between two pieces of an answer: 5m')
    .option('--socket-idle-timeout <duration>', 'until a silent WebSocket is closed: 10m')
}
