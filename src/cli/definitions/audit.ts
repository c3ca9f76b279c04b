import type { Command } from 'commander'
import type { AuditListOptions, AuditTailOptions } from '../commands/audit.ts'
import type { AuditUsesOptions } from '../commands/audit-uses.ts'
import type { VerifyOptions } from '../commands/audit-verify.ts'
import { group, remote } from './command.ts'

/** `gatehouse audit …` */
export function addAudit(program: Command): void {
  const audit = group(program, 'audit', 'The journal: every change and every refusal')

  remote(audit, 'list', {
    summary: 'Lists journal records, newest first',
    example: 'gatehouse audit list --actor sam --since 24h\ngatehouse audit list --outcome refused --json',
  })
    .option('--actor <account>', 'what this account did: handle, or the id of any principal')
    .option('--action <action>', 'an action or its beginning, such as routes.')
    .option('--target <id>', 'what happened to the thing with this id')
    .option('--outcome <outcome>', 'done or refused')
    .option('--since <time>', 'from then on: 24h, 7d, or 2026-01-31T12:00:00Z')
    .option('--until <time>', 'before then')
    .option('--limit <count>', 'how many at most', '100')
    .action(async (options: AuditListOptions) => {
      const { listRecords } = await import('../commands/audit.ts')
      await listRecords(options)
    })

  remote(audit, 'tail', {
    summary: 'Prints journal records as they come; with --json one object a line',
    example: 'gatehouse audit tail\ngatehouse audit tail --outcome refused --json',
  })
    .option('--actor <account>', 'what this account does: handle, or the id of any principal')
    .option('--action <action>', 'an action or its beginning, such as routes.')
    .option('--target <id>', 'what happens to the thing with this id')
    .option('--outcome <outcome>', 'done or refused')
    .option('--after <seq>', 'go on behind the record of this number in the chain; absent: from now on')
    .option('--limit <count>', 'end after so many')
    .action(async (options: AuditTailOptions) => {
      const { tailRecords } = await import('../commands/audit.ts')
      await tailRecords(options)
    })

  remote(audit, 'uses', {
    summary: 'Lists who used which app, counted by the minute, newest first',
    example: 'gatehouse audit uses --actor sam\ngatehouse audit uses --route wiki --json',
  })
    .option('--actor <account>', 'what this account used: handle, or the id of any principal')
    .option('--route <name>', 'who used the app of this route, by the name in its permission (routes:use:NAME)')
    .option('--limit <count>', 'how many at most', '100')
    .action(async (options: AuditUsesOptions) => {
      const { listAppUses } = await import('../commands/audit-uses.ts')
      await listAppUses(options)
    })

  remote(audit, 'verify', {
    summary: 'Recomputes the hash chain here, and asks the server too; exits with 1 when the journal was altered',
    example: 'gatehouse audit verify\ngatehouse audit verify --contains 1042:9f86d081884c7d65…',
  })
    .option('--contains <head>', 'a head printed earlier, SEQ:HASH, which the chain must still contain')
    .action(async (options: VerifyOptions) => {
      const { verifyJournal } = await import('../commands/audit-verify.ts')
      await verifyJournal(options)
    })
}
