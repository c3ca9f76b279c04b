import type { Command } from 'commander'
import type { TargetOptions } from '../target.ts'
import { remote, several } from './command.ts'

/** `gatehouse routes upstreams` */
export function addRouteUpstreams(routes: Command): void {
  remote(routes, 'upstreams <name>', {
    summary: 'Shows how the addresses of an app are, as the node that answers sees them',
    example: 'gatehouse routes upstreams wiki',
  }).action(async (name: string, options: TargetOptions) => {
    const { showUpstreams } = await import('../commands/route-upstreams.ts')
    await showUpstreams(name, options)
  })
}

/** What create and update say about upstreams, besides where they are. */
export function upstreamShape(command: Command): Command {
  return command
    .option('--retries <count>', 'how often a GET that met a broken upstream goes to another: 1')
    .option('--health-check <path>', 'asks every upstream for this path; one that fails gets no requests')
    .option('--no-health-check', 'asks none')
    .option('--health-every <duration>', 'how often it is asked: 10s')
    .option('--health-timeout <duration>', 'until no answer counts as a failed one: 2s')
    .option('--health-expect <status>', 'an answer that means it is well: 200 or 2xx (repeatable)', several)
    .option('--keep-connections <duration>', 'how long an idle connection to the app is kept: 30s')
    .option('--upstream-ca <file>', 'PEM of the only authorities an app at https:// may show a certificate of')
    .option('--no-upstream-ca', 'what this machine trusts counts again')
}
