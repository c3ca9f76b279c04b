import type { Command } from 'commander'
import type { DryRunOptions, SaveOptions, SwitchOptions } from '../commands/policies.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote } from './command.ts'

/** `gatehouse policies …` */
export function addPolicies(program: Command): void {
  const policies = group(program, 'policies', 'Rules of your own, written in Cedar, beside roles and grants')

  remote(policies, 'list', { summary: 'Lists the policies', example: 'gatehouse policies list' })
    .option('--limit <count>', 'how many at most', '1000')
    .action(async (options: TargetOptions & { limit: string }) => {
      const { listPolicies } = await import('../commands/policies.ts')
      await listPolicies(options)
    })

  remote(policies, 'show <policy> [version]', {
    summary: 'Shows a policy and its text, or the text of an earlier version',
    example: 'gatehouse policies show vpn-only\ngatehouse policies show vpn-only 2',
  }).action(async (name: string, version: string | undefined, options: TargetOptions) => {
    const { showPolicy } = await import('../commands/policies.ts')
    await showPolicy(name, version, options)
  })

  remote(policies, 'save <policy>', {
    summary: 'Writes a policy, or its next version, from a file',
    example: 'gatehouse policies save vpn-only -f vpn-only.cedar --reason "the café has no business here"',
  })
    .requiredOption('-f, --file <file>', 'the text; - reads it from the input')
    .option('--title <title>', 'how pages show it; the name when absent')
    .option('--state <state>', 'enforced, shadow or off; as it is, for a new policy enforced')
    .option('--reason <text>', 'why, for the history and the journal')
    .option('--yes', 'does not ask')
    .action(async (name: string, options: SaveOptions) => {
      const { savePolicy } = await import('../commands/policies.ts')
      await savePolicy(name, options)
    })

  remote(policies, 'dry-run <policy>', {
    summary: 'Says whose access a text would change; saves nothing',
    example: 'gatehouse policies dry-run vpn-only -f vpn-only.cedar --address 192.0.2.7',
  })
    .requiredOption('-f, --file <file>', 'the text; - reads it from the input')
    .option('--state <state>', 'as which it would be saved: enforced, shadow or off', 'enforced')
    .option('--address <address>', 'where those are whose address no record tells; yours when absent')
    .option('--at <time>', 'the instant it is tried for, for example 2026-12-24T22:00:00Z; now when absent')
    .action(async (name: string, options: DryRunOptions) => {
      const { dryRunPolicy } = await import('../commands/policies.ts')
      await dryRunPolicy(name, options)
    })

  remote(policies, 'history <policy>', {
    summary: 'Lists every version of a policy, newest first',
    example: 'gatehouse policies history vpn-only',
  })
    .option('--limit <count>', 'how many at most', '100')
    .action(async (name: string, options: TargetOptions & { limit: string }) => {
      const { policyHistory } = await import('../commands/policies.ts')
      await policyHistory(name, options)
    })

  remote(policies, 'rollback <policy> <version>', {
    summary: 'Makes the text of an earlier version the newest one',
    example: 'gatehouse policies rollback vpn-only 2 --reason "too narrow"',
  })
    .option('--reason <text>', 'why, for the history and the journal')
    .option('--yes', 'does not ask')
    .action(async (name: string, version: string, options: SwitchOptions) => {
      const { rollBackPolicy } = await import('../commands/policies.ts')
      await rollBackPolicy(name, version, options)
    })

  for (const [verb, summary] of [
    ['enable', 'Brings a policy into force'],
    ['shadow', 'Only watches what a policy would answer'],
    ['disable', 'Switches a policy off; on the admin socket it works whatever policies say'],
  ] as const) {
    remote(policies, `${verb} <policy>`, { summary, example: `gatehouse policies ${verb} vpn-only` })
      .option('--reason <text>', 'why, for the journal')
      .option('--yes', 'does not ask')
      .action(async (name: string, options: SwitchOptions) => {
        const { switchPolicy } = await import('../commands/policies.ts')
        await switchPolicy(name, verb, options)
      })
  }

  remote(policies, 'delete <policy>', {
    summary: 'Deletes a policy; its name stays taken',
    example: 'gatehouse policies delete vpn-only --reason "the VPN is gone" --yes',
  })
    .option('--reason <text>', 'why, for the history and the journal')
    .option('--yes', 'does not ask')
    .action(async (name: string, options: SwitchOptions) => {
      const { deletePolicy } = await import('../commands/policies.ts')
      await deletePolicy(name, options)
    })

  remote(policies, 'templates [template]', {
    summary: 'Lists policies to begin with, or prints the text of one',
    example: 'gatehouse policies templates\ngatehouse policies templates only-from-the-vpn > vpn-only.cedar',
  }).action(async (name: string | undefined, options: TargetOptions) => {
    const { listTemplates } = await import('../commands/policies.ts')
    await listTemplates(name, options)
  })

  remote(policies, 'schema', {
    summary: 'Prints the words of policies: entity types, actions, context',
    example: 'gatehouse policies schema > gatehouse.cedarschema',
  }).action(async (options: TargetOptions) => {
    const { printSchema } = await import('../commands/policies.ts')
    await printSchema(options)
  })
}
