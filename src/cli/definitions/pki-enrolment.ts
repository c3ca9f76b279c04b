import type { Command } from 'commander'
import type { EnrolTokenOptions } from '../commands/enrol-tokens.ts'
import type { AgentOptions } from '../commands/pki-agent.ts'
import type { TargetOptions } from '../target.ts'
import { group, leaf, remote, several } from './command.ts'

/** `gatehouse pki enrol-tokens …` and `gatehouse pki agent`. */
export function addEnrolment(pki: Command): void {
  addEnrolTokens(group(pki, 'enrol-tokens', 'What devices and services fetch their first certificate with'))
  addAgent(pki)
}

function addEnrolTokens(tokens: Command): void {
  remote(tokens, 'list', {
    summary: 'Lists enrolment tokens, newest first',
    example: 'gatehouse pki enrol-tokens list',
  })
    .option('--limit <count>', 'how many at most', '100')
    .action(async (options: TargetOptions & { limit: string }) => {
      const { listEnrolTokens } = await import('../commands/enrol-tokens.ts')
      await listEnrolTokens(options)
    })

  remote(tokens, 'create', {
    summary: 'Makes a token for certificates of a profile, and prints its secret once, alone on stdout',
    example:
      'gatehouse pki enrol-tokens create --device wm-42\ngatehouse pki enrol-tokens create --service billing --host billing.gatehouse.localhost --expires-in 1h > token.txt',
  })
    .option('--device <name>', 'its certificates speak for this device; the first use makes it known')
    .option('--service <name>', 'or for this service')
    .option('--account <handle>', 'or for this account')
    .option('--profile <name>', 'of which profile; device, service, person or server when absent')
    .option('--host <name>', 'a host name or address in the certificates (repeatable)', several)
    .option('--label <text>', 'what it is for; whom its certificates speak for when absent')
    .option('--uses <count>', 'how many certificates can be fetched', '1')
    .option('--expires-in <duration>', 'when it ends: 15m to 30d', '24h')
    .option('--network <cidr>', 'only from this network or @named network (repeatable)', several)
    .action(async (options: EnrolTokenOptions) => {
      const { createEnrolToken } = await import('../commands/enrol-tokens.ts')
      await createEnrolToken(options)
    })

  remote(tokens, 'revoke <id>', {
    summary: 'Ends a token; certificates fetched with it stay',
    example: 'gatehouse pki enrol-tokens revoke ent_0199c0ffee00700080000000000000aa --yes',
  })
    .option('--yes', 'does not ask')
    .action(async (id: string, options: TargetOptions & { yes?: boolean }) => {
      const { revokeEnrolToken } = await import('../commands/enrol-tokens.ts')
      await revokeEnrolToken(id, options)
    })
}

function addAgent(pki: Command): void {
  leaf(pki, 'agent [command...]', {
    summary: 'Fetches a certificate, renews it in time, and has its program read the new one',
    example:
      'gatehouse pki agent --server https://gate.example.org --ca 5f:…:d1 --token-file token.txt --cert /etc/app/tls.crt --key /etc/app/tls.key -- systemctl reload nginx\ngatehouse pki agent --once --json --server https://gate.example.org --cert tls.crt --key tls.key --pid-file /run/app.pid',
  })
    .requiredOption('--server <origin>', 'the Gatehouse: https://host:port')
    .requiredOption('--cert <file>', 'where the certificate goes, with its chain')
    .requiredOption('--key <file>', 'where the private key goes, which is made here and never leaves')
    .option('--ca <file>', 'how to know the server: a file with its authority, or the fingerprint it prints')
    .option('--token-file <file>', 'a file with the enrolment token; needed for the first certificate only')
    .option('--token-stdin', 'reads the enrolment token as one line from stdin')
    .option('--name <name>', 'refuses a certificate for anybody else')
    .option('--pid-file <file>', 'sends a signal to this process instead of running a command')
    .option('--signal <name>', 'which: HUP, USR1 or USR2 (with --pid-file; HUP when absent)')
    .option('--once', 'ends after one look, for cron')
    .option('--print-unit', 'prints a systemd service that runs this, and does nothing')
    .action(async (command: readonly string[], options: AgentOptions) => {
      const { runAgent } = await import('../commands/pki-agent.ts')
      await runAgent(command, options)
    })
}
