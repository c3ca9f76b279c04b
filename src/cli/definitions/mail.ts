import type { Command } from 'commander'
import type { TargetOptions } from '../target.ts'
import { group, remote } from './command.ts'

/** `gatehouse mail …` */
export function addMail(program: Command): void {
  const mail = group(program, 'mail', 'Whether mail goes out')

  remote(mail, 'show', {
    summary: 'Shows the mail server and how much waits to be sent',
    example: 'gatehouse mail show',
  }).action(async (options: TargetOptions) => {
    const { showMail } = await import('../commands/mail.ts')
    await showMail(options)
  })

  remote(mail, 'test <address>', {
    summary: 'Sends a test mail at once and prints what the mail server answered',
    example: 'gatehouse mail test sam@example.org',
  }).action(async (address: string, options: TargetOptions) => {
    const { testMail } = await import('../commands/mail.ts')
    await testMail(address, options)
  })
}
