import type { Command } from 'commander'
import type { NetworkChange, NewNetworkOptions } from '../commands/networks.ts'
import type { DeleteOptions } from '../deleting.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote, several } from './command.ts'

/** `gatehouse networks …` */
export function addNetworks(program: Command): void {
  const networks = group(program, 'networks', 'Addresses with a name, written @name wherever networks are listed')

  remote(networks, 'list', { summary: 'Lists the named networks', example: 'gatehouse networks list' })
    .option('--search <text>', 'only those with this text in name or title')
    .option('--limit <count>', 'how many at most', '1000')
    .action(async (options: TargetOptions & { search?: string; limit: string }) => {
      const { listNetworks } = await import('../commands/networks.ts')
      await listNetworks(options)
    })

  remote(networks, 'show <network>', {
    summary: 'Shows which addresses a named network holds',
    example: 'gatehouse networks show vpn',
  }).action(async (name: string, options: TargetOptions) => {
    const { showNetwork } = await import('../commands/networks.ts')
    await showNetwork(name, options)
  })

  remote(networks, 'create <network>', {
    summary: 'Gives networks a name',
    example: 'gatehouse networks create vpn --title VPN --cidr 10.8.0.0/24 --cidr 2001:db8:8::/48',
  })
    .requiredOption('--cidr <network>', 'an address or a network (repeatable)', several)
    .option('--title <title>', 'how pages show it; the name when absent')
    .action(async (name: string, options: NewNetworkOptions) => {
      const { createNetwork } = await import('../commands/networks.ts')
      await createNetwork(name, options)
    })

  remote(networks, 'change <network>', {
    summary: 'Changes which addresses it holds, everywhere it is named and at once',
    example: 'gatehouse networks change vpn --add 10.9.0.0/24 --remove 10.8.0.0/24',
  })
    .option('--title <title>', 'how pages show it')
    .option('--add <network>', 'an address or a network it holds from now on (repeatable)', several)
    .option('--remove <network>', 'one of its entries, as "show" writes it (repeatable)', several)
    .option('--yes', 'does not ask')
    .action(async (name: string, options: NetworkChange) => {
      const { changeNetwork } = await import('../commands/networks.ts')
      await changeNetwork(name, options)
    })

  remote(networks, 'delete <network>', {
    summary: 'Deletes a named network; whatever names it admits nobody from then on',
    example: 'gatehouse networks delete vpn --yes',
  })
    .option('--force', 'also when policies in force name it')
    .option('--yes', 'does not ask')
    .action(async (name: string, options: DeleteOptions) => {
      const { deleteNetwork } = await import('../commands/networks.ts')
      await deleteNetwork(name, options)
    })
}
