import type { Command } from 'commander'
import type { NewProfileOptions, ProfileChange } from '../commands/certificate-profiles.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote, several } from './command.ts'

/** `gatehouse pki profiles …` */
export function addProfiles(pki: Command): void {
  const profiles = group(pki, 'profiles', 'What certificates say: what for, how long, which keys and names')

  remote(profiles, 'list', {
    summary: 'Lists the profiles certificates are issued by',
    example: 'gatehouse pki profiles list',
  }).action(async (options: TargetOptions) => {
    const { listProfiles } = await import('../commands/certificate-profiles.ts')
    await listProfiles(options)
  })

  remote(profiles, 'show <profile>', {
    summary: 'Shows what a profile gives',
    example: 'gatehouse pki profiles show server',
  }).action(async (name: string, options: TargetOptions) => {
    const { showProfile } = await import('../commands/certificate-profiles.ts')
    await showProfile(name, options)
  })

  remote(profiles, 'create <profile>', {
    summary: 'Makes a profile; who may issue by it can have what it allows',
    example: "gatehouse pki profiles create internal --kind server --days 90 --name '*.corp.example.org'",
  })
    .requiredOption('--kind <kind>', 'server, device, person, service or gateway')
    .requiredOption('--days <number>', 'longest life, 1 to 3650')
    .option('--name <name>', 'a host, *.suffix or CIDR its certificates may carry (repeatable)', several)
    .option(
      '--key <kind>',
      'a kind of key it takes: P-256, P-384, P-521, Ed25519, RSA; absent: all (repeatable)',
      several,
    )
    .option('--line <line>', 'the line of authorities that issues it')
    .option('--title <title>', 'how pages show it; the name when absent')
    .option('--description <text>', 'what it is for')
    .action(async (name: string, options: NewProfileOptions) => {
      const { createProfile } = await import('../commands/certificate-profiles.ts')
      await createProfile(name, options)
    })

  remote(profiles, 'update <profile>', {
    summary: 'Changes what is issued and renewed by it from now on',
    example: "gatehouse pki profiles update internal --add-name '*.lab.example.org' --days 30",
  })
    .option('--days <number>', 'longest life, 1 to 3650')
    .option('--add-name <name>', 'a host, *.suffix or CIDR it allows from now on (repeatable)', several)
    .option('--remove-name <name>', 'one of its names, as "show" writes it (repeatable)', several)
    .option('--key <kind>', 'the kinds of keys it takes instead (repeatable)', several)
    .option('--line <line>', 'the line of authorities that issues it')
    .option('--title <title>', 'how pages show it')
    .option('--description <text>', 'what it is for')
    .action(async (name: string, options: ProfileChange) => {
      const { updateProfile } = await import('../commands/certificate-profiles.ts')
      await updateProfile(name, options)
    })

  remote(profiles, 'delete <profile>', {
    summary: 'Removes a profile; its certificates stand until they end and are not renewed',
    example: 'gatehouse pki profiles delete internal --yes',
  })
    .option('--yes', 'does not ask')
    .action(async (name: string, options: TargetOptions & { yes?: boolean }) => {
      const { deleteProfile } = await import('../commands/certificate-profiles.ts')
      await deleteProfile(name, options)
    })
}
