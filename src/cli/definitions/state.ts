import type { Command } from 'commander'
import type { ApplyOptions, ExportOptions } from '../commands/state.ts'
import { remote } from './command.ts'

/** `gatehouse apply` and `gatehouse export`. */
export function addState(program: Command): void {
  remote(program, 'apply', {
    summary: 'Makes what stands what a file says: shows the difference, asks, and applies all of it or nothing',
    example:
      'gatehouse apply -f state.yaml --dry-run\ngatehouse apply -f state.yaml --prune\ngatehouse apply -f state.yaml --yes --secrets made.json',
  })
    .requiredOption('-f, --file <file>', 'the file, YAML or JSON; - reads standard input')
    .option('--dry-run', 'only shows the difference; ends with 3 when there is one')
    .option('--prune', 'also deletes what stands of the kinds the file names and is not in it')
    .option('--secrets <file>', 'writes passwords and tokens that were made to a new file (mode 0600), not to stdout')
    .option('--yes', 'does not ask')
    .action(async (options: ApplyOptions) => {
      const { applyState } = await import('../commands/state.ts')
      await applyState(options)
    })

  remote(program, 'export', {
    summary: 'Prints what stands as a file that apply takes; without secrets',
    example: 'gatehouse export > state.yaml\ngatehouse export --kinds routes,networks -o routes.yaml',
  })
    .option('-o, --output <file>', 'writes it there (mode 0600)')
    .option('--kinds <kinds>', 'only these kinds, separated by commas')
    .action(async (options: ExportOptions) => {
      const { exportState } = await import('../commands/state.ts')
      await exportState(options)
    })
}
