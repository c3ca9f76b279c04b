import type { Command } from 'commander'
import type { TargetOptions } from '../target.ts'
import { group, remote } from './command.ts'

/** `gatehouse pki holders …` */
export function addHolders(pki: Command): void {
  const holders = group(pki, 'holders', 'Devices and services that certificates speak for')

  remote(holders, 'list', {
    summary: 'Lists devices and services by name',
    example: 'gatehouse pki holders list --kind device --search washer',
  })
    .option('--search <text>', 'only those with this text in name or title')
    .option('--kind <kind>', 'only of this kind: device, service')
    .option('--limit <count>', 'how many at most', '1000')
    .action(async (options: TargetOptions & { search?: string; kind?: string; limit: string }) => {
      const { listHolders } = await import('../commands/certificate-holders.ts')
      await listHolders(options)
    })

  remote(holders, 'show <holder>', {
    summary: 'Shows a device or service, by name or id',
    example: 'gatehouse pki holders show washer-7',
  }).action(async (holder: string, options: TargetOptions) => {
    const { showHolder } = await import('../commands/certificate-holders.ts')
    await showHolder(holder, options)
  })

  remote(holders, 'create <name>', {
    summary: 'Makes a device or service known, without a certificate',
    example: 'gatehouse pki holders create washer-7 --kind device --title "Washing machine, cellar"',
  })
    .option('--kind <kind>', 'device or service', 'device')
    .option('--title <title>', 'what people call it')
    .action(async (name: string, options: TargetOptions & { kind: string; title?: string }) => {
      const { createHolder } = await import('../commands/certificate-holders.ts')
      await createHolder(name, options)
    })

  remote(holders, 'change <holder>', {
    summary: 'Changes what people call a device or service; its name stays',
    example: 'gatehouse pki holders change washer-7 --title "Washing machine, attic"',
  })
    .option('--title <title>', 'what people call it')
    .action(async (holder: string, options: TargetOptions & { title?: string }) => {
      const { renameHolder } = await import('../commands/certificate-holders.ts')
      await renameHolder(holder, options)
    })

  remote(holders, 'remove <holder>', {
    summary: 'Removes a device or service: its certificates end at once, its name stays taken',
    example: 'gatehouse pki holders remove washer-7 --yes',
  })
    .option('--yes', 'does not ask')
    .action(async (holder: string, options: TargetOptions & { yes?: boolean }) => {
      const { removeHolder } = await import('../commands/certificate-holders.ts')
      await removeHolder(holder, options)
    })
}
