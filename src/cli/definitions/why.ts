import type { Command } from 'commander'
import type { WhyOptions } from '../commands/why.ts'
import { remote } from './command.ts'

/** `gatehouse why …` */
export function addWhy(program: Command): void {
  remote(program, 'why <permission>', {
    summary: 'Says why somebody may or may not do something, step by step, and what would change it',
    example: 'gatehouse why routes:use:wiki --as sam\ngatehouse why accounts:create --as sam --from 198.51.100.7',
  })
    .option('--as <account>', 'who is asked about: handle, or the id of any principal; you when absent')
    .option('--from <address>', 'as if it came from this network address')
    .action(async (permission: string, options: WhyOptions) => {
      const { tellWhy } = await import('../commands/why.ts')
      await tellWhy(permission, options)
    })
}
