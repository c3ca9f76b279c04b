import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addAccounts } from './definitions/accounts.ts'
import { addAudit } from './definitions/audit.ts'
import { addFirstSteps } from './definitions/first-steps.ts'
import { addGrants } from './definitions/grants.ts'
import { addGroups } from './definitions/groups.ts'
import { addInvitations } from './definitions/invitations.ts'
import { addMail } from './definitions/mail.ts'
import { addNetworks } from './definitions/networks.ts'
import { addPki } from './definitions/pki.ts'
import { addPolicies } from './definitions/policies.ts'
import { addRequests } from './definitions/requests.ts'
import { addRoles } from './definitions/roles.ts'
import { addRoutes } from './definitions/routes.ts'
import { addState } from './definitions/state.ts'
import { addTokens } from './definitions/tokens.ts'
import { addWebhooks } from './definitions/webhooks.ts'
import { addWhy } from './definitions/why.ts'
import { exitMeanings } from './failure.ts'

/**
 * All commands with their options and help. Only what is written here is loaded at start; what a command does is
 * imported when it runs.
 */
export function buildProgram(): Command {
  const program = new Command('gatehouse')
    .description('Decides who may reach what, and writes down why.')
    .version(version(), '-V, --version', 'prints the version')
    .helpOption('-h, --help', 'prints this help')
    .helpCommand('help [command]', 'prints the help of a command')
    .exitOverride()
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    // told by the caller in the form of all failures; help that nobody asked for goes to stderr as it is
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', epilogue())
  addFirstSteps(program)
  addAccounts(program)
  addInvitations(program)
  addGroups(program)
  addRoles(program)
  addPolicies(program)
  addNetworks(program)
  addRoutes(program)
  addPki(program)
  addTokens(program)
  addState(program)
  addGrants(program)
  addRequests(program)
  addWhy(program)
  addAudit(program)
  addWebhooks(program)
  addMail(program)
  return program
}

function epilogue(): string {
  const codes = Object.entries(exitMeanings).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`)
  return `
Commands talk to the server of the data directory here (its admin socket), or to the one
named by --url, or else to the one signed in to last with "gatehouse login".

Exit codes:
${codes.join('\n')}`
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
  return manifest.version
}
