import type { Command } from 'commander'
import type { TargetOptions } from '../target.ts'
import { group, remote, several } from './command.ts'

/** What the app is told, as options of create and update. */
export function requestShape(command: Command): Command {
  return command
    .option(
      '--identity-header <header>',
      'says who came, in place of the usual four: "X-User: {handle}" (repeatable)',
      several,
    )
    .option('--no-identity-header', 'says not who came')
    .option('--assertion', 'the app gets a signed assertion of who came')
    .option('--no-assertion', 'the app gets none')
    .option(
      '--set-header <header>',
      'the app gets this one, whatever the client sends: "X-Tenant: acme" (repeatable)',
      several,
    )
    .option('--no-set-header', 'the app gets none of these')
    .option('--remove-header <name>', 'the app does not get this one of the client (repeatable)', several)
    .option('--no-remove-header', 'the app gets all of them')
    .option('--rewrite-prefix <path>', "what the app sees in place of the route's path: /")
    .option('--no-rewrite-prefix', 'the app sees the path as it is')
}

/** `gatehouse routes secret-headers …` */
export function addSecretHeaders(routes: Command): void {
  const secrets = group(routes, 'secret-headers', 'Headers for the app whose value nobody is shown again')

  remote(secrets, 'list <route>', {
    summary: 'Lists which ones the app gets, without the values',
    example: 'gatehouse routes secret-headers list wiki',
  }).action(async (name: string, options: TargetOptions) => {
    const { listSecretHeaders } = await import('../commands/route-request.ts')
    await listSecretHeaders(name, options)
  })

  remote(secrets, 'set <route> <header>', {
    summary: 'Reads the value as one line from stdin; it is sealed when it arrives',
    example: 'gatehouse routes secret-headers set wiki Authorization < key.txt',
  }).action(async (name: string, header: string, options: TargetOptions) => {
    const { setSecretHeader } = await import('../commands/route-request.ts')
    await setSecretHeader(name, header, options)
  })

  remote(secrets, 'clear <route> <header>', {
    summary: 'Lets the app no longer get one',
    example: 'gatehouse routes secret-headers clear wiki Authorization',
  }).action(async (name: string, header: string, options: TargetOptions) => {
    const { clearSecretHeader } = await import('../commands/route-request.ts')
    await clearSecretHeader(name, header, options)
  })
}
