import { systemReason } from '#kit'

/** How the command ends. Scripts may rely on these; docs/cli.md lists them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  differs: 3,
  unreachable: 69,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What each exit code says, for docs and help. */
export const exitMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'done',
  1: 'refused or failed: nothing was changed unless the message says otherwise',
  2: 'wrong usage: nothing was sent',
  3: 'a dry run found differences: nothing was changed',
  69: 'the server cannot be reached, or cannot prove who it is',
  130: 'interrupted, or a question was answered with no',
}

/** The command's own codes, as docs/cli.md lists them; every other code is the server's. */
export const ownCodes: Readonly<Record<string, string>> = {
  'cli.agent-busy': 'Another agent looks after this certificate; nothing was done.',
  'cli.agent-files': 'A file that the agent did not put there is in the way; nothing was sent.',
  'cli.agent-no-token': 'There is no certificate to renew with, and no enrolment token was given.',
  'cli.agent-reload': 'The new certificate is in place, but its program could not be told.',
  'cli.another-factor': 'What was proved is right, but the server asks for another factor; no token was made.',
  'cli.certificate-not-read': 'A certificate of files could not be used; everything else was reloaded.',
  'cli.credentials-exposed': 'The stored credentials were not used: others could read or change the file.',
  'cli.credentials-unreadable': 'The stored credentials cannot be read.',
  'cli.first-contact': 'The fingerprint of the server’s authority must be confirmed, and nobody is there to do it.',
  'cli.interrupted': 'Stopped by the person; nothing was changed.',
  'cli.journal-altered': 'The journal is not the one that was written.',
  'cli.no-server': 'No server was named, none runs here, and none was signed in to.',
  'cli.no-such-account': 'No account has this handle.',
  'cli.not-accepted': 'The receiver of a webhook did not accept the test message.',
  'cli.not-read': 'A file on this machine could not be read.',
  'cli.not-signed-in': 'There is no token for this server.',
  'cli.not-trusted': 'The server could not prove that it is the one that is meant; nothing was sent.',
  'cli.not-written':
    'A result, or what is kept here, could not be written where it was to go; what the server did stands.',
  'cli.routes-faulty': 'A route can never answer as it stands, or chance decides between two; nothing was changed.',
  'cli.rules-refused': 'Rules of another gate cannot be taken as they are; nothing was changed.',
  'cli.state-differs': 'A dry run found that what stands is not what the file says; nothing was changed.',
  'cli.token-not-revoked': 'The token was forgotten here, but the server still accepts it.',
  'cli.unexpected-answer': 'The answer was not understood.',
  'cli.unreachable': 'The server does not answer.',
  'cli.usage': 'The command was written wrongly; nothing was sent.',
}

export interface FailureDetails {
  readonly exit: ExitCode
  /** `cli.not-signed-in`, or the server's own code. */
  readonly code: string
  /** What happened, in a few words. */
  readonly title: string
  /** What was kept and what to do. */
  readonly detail: string
  readonly requestId?: string
  readonly faults?: readonly { readonly field: string; readonly message: string }[]
  /** Which step of the decision chain refused. */
  readonly step?: string
}

/** Everything that ends a command early, told to the person without a stack trace. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly details: FailureDetails

  constructor(details: FailureDetails) {
    super(details.title)
    this.details = details
  }
}

/** The command was written wrongly. */
export function wrongUsage(detail: string): Failure {
  return new Failure({ exit: exitCodes.usage, code: 'cli.usage', title: 'Wrong usage', detail })
}

const cutOff =
  'What the server did stands, but what was to be written is missing there, or cut off. If it was a secret that is shown once, revoke that and make another.'

/** A full disk, a directory of others: `where` lacks what was to be written there, or has part of it. */
export function notWritten(where: string, cause: unknown, kept = cutOff): Failure {
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.not-written',
    title: 'Not everything could be written',
    detail: `${where}: ${systemReason(cause)}. ${kept}`,
  })
}

/** A file of another user, a damaged disk. */
export function notRead(path: string, cause: unknown): Failure {
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.not-read',
    title: 'A file could not be read',
    detail: `${path}: ${systemReason(cause)}. Run this as the user whose file it is, or let this one read it.`,
  })
}

/** Asked and not confirmed, or Ctrl-C. */
export function interrupted(): Failure {
  return new Failure({
    exit: exitCodes.interrupted,
    code: 'cli.interrupted',
    title: 'Stopped',
    detail: 'Nothing was changed.',
  })
}
