import type { Command } from 'commander'
import type { AskOptions, RequestListOptions } from '../commands/requests.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote } from './command.ts'

/** `gatehouse requests …` */
export function addRequests(program: Command): void {
  const requests = group(program, 'requests', 'Asking for access where it was refused, and answering')

  remote(requests, 'list', {
    summary: 'Lists what others ask for that you could grant, or what you asked for',
    example: 'gatehouse requests list\ngatehouse requests list --mine',
  })
    .option('--mine', 'what you asked for, and what became of it')
    .option('--limit <count>', 'how many at most', '100')
    .action(async (options: RequestListOptions) => {
      const { listRequests } = await import('../commands/requests.ts')
      await listRequests(options)
    })

  remote(requests, 'ask <permission>', {
    summary: 'Asks whoever holds a permission to grant it to you for a time',
    example: 'gatehouse requests ask routes:use:wiki --reason "To mend the page about the printer"',
  })
    .requiredOption('--reason <text>', 'what it is for')
    .option('--for <duration>', 'how long: 15m, 1h, up to 7d', '1h')
    .action(async (permission: string, options: AskOptions) => {
      const { ask } = await import('../commands/requests.ts')
      await ask(permission, options)
    })

  remote(requests, 'grant <request>', {
    summary: 'Grants what was asked for, from what you hold; it ends by itself',
    example: 'gatehouse requests grant ask_0199… --for 1h',
  })
    .option('--for <duration>', 'how long; as long as was asked for when absent')
    .action(async (id: string, options: TargetOptions & { for?: string }) => {
      const { grantRequest } = await import('../commands/requests.ts')
      await grantRequest(id, options)
    })

  remote(requests, 'decline <request>', {
    summary: 'Declines a request',
    example: 'gatehouse requests decline ask_0199… --words "Ask again on Monday"',
  })
    .option('--words <text>', 'what the one who asked reads', '')
    .action(async (id: string, options: TargetOptions & { words: string }) => {
      const { declineRequest } = await import('../commands/requests.ts')
      await declineRequest(id, options)
    })

  remote(requests, 'withdraw <request>', {
    summary: 'Takes your own request back',
    example: 'gatehouse requests withdraw ask_0199…',
  }).action(async (id: string, options: TargetOptions) => {
    const { withdrawRequest } = await import('../commands/requests.ts')
    await withdrawRequest(id, options)
  })
}
