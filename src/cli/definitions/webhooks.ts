import type { Command } from 'commander'
import type { DropOptions, ReplayOptions, WebhookOptions } from '../commands/webhooks.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote, several } from './command.ts'

/** `gatehouse webhooks …` and `gatehouse dead-events …` */
export function addWebhooks(program: Command): void {
  const webhooks = group(program, 'webhooks', 'Addresses that are told what changes here, in signed messages')
  addEndpoints(webhooks)
  addSwitches(webhooks)
  addDeliveries(webhooks)
  addDeadEvents(program)
}

function addEndpoints(webhooks: Command): void {
  remote(webhooks, 'list', { summary: 'Lists the webhooks', example: 'gatehouse webhooks list' })
    .option('--limit <count>', 'how many at most', '1000')
    .action(async (options: TargetOptions & { limit: string }) => {
      const { listWebhooks } = await import('../commands/webhooks.ts')
      await listWebhooks(options)
    })

  remote(webhooks, 'show <name>', { summary: 'Shows one webhook', example: 'gatehouse webhooks show siem' }).action(
    async (name: string, options: TargetOptions) => {
      const { showWebhook } = await import('../commands/webhooks.ts')
      await showWebhook(name, options)
    },
  )

  remote(webhooks, 'create <name>', {
    summary: 'Makes a webhook that is told what you may read, and prints its secret this once',
    example: "gatehouse webhooks create siem --to https://siem.example.org/hook --event 'accounts.*'",
  })
    .requiredOption('--to <url>', 'where messages are posted')
    .option('--event <pattern>', 'which events: *, accounts.*, accounts.disable (repeatable; all when absent)', several)
    .action(async (name: string, options: WebhookOptions & { to: string }) => {
      const { createWebhook } = await import('../commands/webhooks.ts')
      await createWebhook(name, options)
    })

  remote(webhooks, 'update <name>', {
    summary: 'Changes where a webhook sends to, or what; it acts as you from then on',
    example: 'gatehouse webhooks update siem --to https://siem.example.org/other',
  })
    .option('--to <url>', 'where messages are posted')
    .option('--event <pattern>', 'which events, instead of those before (repeatable)', several)
    .action(async (name: string, options: WebhookOptions) => {
      const { updateWebhook } = await import('../commands/webhooks.ts')
      await updateWebhook(name, options)
    })

  remote(webhooks, 'delete <name>', {
    summary: 'Deletes a webhook with its secret and what it had yet to send',
    example: 'gatehouse webhooks delete siem --yes',
  })
    .option('--yes', 'does not ask')
    .action(async (name: string, options: TargetOptions & { yes?: boolean }) => {
      const { deleteWebhook } = await import('../commands/webhooks.ts')
      await deleteWebhook(name, options)
    })
}

function addSwitches(webhooks: Command): void {
  remote(webhooks, 'test <name>', {
    summary: 'Sends a test message; exits with 1 when it was not accepted',
    example: 'gatehouse webhooks test siem',
  }).action(async (name: string, options: TargetOptions) => {
    const { testWebhook } = await import('../commands/webhooks.ts')
    await testWebhook(name, options)
  })

  remote(webhooks, 'pause <name>', {
    summary: 'Stops sending; what happens meanwhile is not queued',
    example: 'gatehouse webhooks pause siem',
  }).action(async (name: string, options: TargetOptions) => {
    const { switchWebhook } = await import('../commands/webhooks.ts')
    await switchWebhook(name, 'pause', options)
  })

  remote(webhooks, 'resume <name>', {
    summary: 'Sends again, first what was waiting',
    example: 'gatehouse webhooks resume siem',
  }).action(async (name: string, options: TargetOptions) => {
    const { switchWebhook } = await import('../commands/webhooks.ts')
    await switchWebhook(name, 'resume', options)
  })

  remote(webhooks, 'rotate-secret <name>', {
    summary: 'Makes a new secret and prints it; the former one signs too for a day',
    example: 'gatehouse webhooks rotate-secret siem --yes',
  })
    .option('--yes', 'does not ask')
    .action(async (name: string, options: TargetOptions & { yes?: boolean }) => {
      const { rotateSecret } = await import('../commands/webhooks.ts')
      await rotateSecret(name, options)
    })
}

function addDeliveries(webhooks: Command): void {
  remote(webhooks, 'deliveries <name>', {
    summary: "Lists a webhook's deliveries, newest event first",
    example: 'gatehouse webhooks deliveries siem --state dead',
  })
    .option('--state <state>', 'only waiting, delivered or dead')
    .option('--limit <count>', 'how many at most', '50')
    .action(async (name: string, options: TargetOptions & { limit: string; state?: string }) => {
      const { listDeliveries } = await import('../commands/webhooks.ts')
      await listDeliveries(name, options)
    })

  remote(webhooks, 'replay <name>', {
    summary: 'Sends one delivery again, or every event since a time',
    example: 'gatehouse webhooks replay siem --since 24h',
  })
    .option('--delivery <id>', 'this delivery')
    .option('--since <time>', 'events since a time (2026-11-22T01:00:00Z) or for so long (24h)')
    .action(async (name: string, options: ReplayOptions) => {
      const { replayWebhook } = await import('../commands/webhooks.ts')
      await replayWebhook(name, options)
    })
}

function addDeadEvents(program: Command): void {
  const dead = group(program, 'dead-events', 'Events inside Gatehouse that were given up')

  remote(dead, 'list', { summary: 'Lists them, oldest first', example: 'gatehouse dead-events list' })
    .option('--limit <count>', 'how many at most', '1000')
    .action(async (options: TargetOptions & { limit: string }) => {
      const { listDeadEvents } = await import('../commands/webhooks.ts')
      await listDeadEvents(options)
    })

  remote(dead, 'retry <id>', {
    summary: 'Tries one again, from the beginning',
    example: 'gatehouse dead-events retry evt_019b2c1e7d3a7c0e8f1a2b3c4d5e6f70',
  }).action(async (id: string, options: TargetOptions) => {
    const { retryDeadEvent } = await import('../commands/webhooks.ts')
    await retryDeadEvent(id, options)
  })

  remote(dead, 'drop <id>', {
    summary: 'Drops one for good; the reason is journalled',
    example: "gatehouse dead-events drop evt_019b2c1e7d3a7c0e8f1a2b3c4d5e6f70 --reason 'fixed by hand' --yes",
  })
    .requiredOption('--reason <words>', 'why')
    .option('--yes', 'does not ask')
    .action(async (id: string, options: DropOptions) => {
      const { dropDeadEvent } = await import('../commands/webhooks.ts')
      await dropDeadEvent(id, options)
    })
}
