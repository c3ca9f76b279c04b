import { readFileSync } from 'node:fs'
import { Secret } from '#kit'
import type { MailSettings } from './config.ts'
import { fail } from './errors.ts'

/** A mail as it is handed over. */
export interface Letter {
  /** Ours; the same at every attempt, so that a mailbox shows one mail that was sent twice as one. */
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly at: number
}

export type SendOutcome =
  | { readonly sent: true; readonly answer: string }
  /** `refused`: this mail will never be taken. Otherwise another attempt may do. `reason` is one line, for operators only. */
  | { readonly sent: false; readonly refused: boolean; readonly reason: string }

export interface Sender {
  send(letter: Letter, signal: AbortSignal): Promise<SendOutcome>
}

const connectMs = 10_000
const silenceMs = 30_000
/** The whole conversation; a server that always says a little would otherwise hold us for ever. */
const longestMs = 60_000
const longestAnswer = 65_536

/**
 * Hands mail to the one configured server, a connection each. It is the operator's own choice, so it may lie in a private
 * network, where `egress` would refuse it; nobody else chooses where this connects to.
 *
 * @throws GateError `mail.file-unreadable` for a password or root that cannot be read
 */
export function smtpSender(settings: MailSettings, ourName: string): Sender {
  const password =
    settings.passwordFile === undefined ? settings.password : new Secret(firstLine(settings.passwordFile))
  const ca = settings.caFile === undefined ? undefined : readText(settings.caFile)
  return {
    async send(letter, signal) {
      try {
        // here and not above: where no mail is sent these cost nothing
        const [{ default: SMTPConnection }, { default: MailComposer }] = await Promise.all([
          import('nodemailer/lib/smtp-connection'),
          import('nodemailer/lib/mail-composer'),
        ])
        const message = await new MailComposer(contentOf(settings.from, letter)).compile().build()
        const connection = new SMTPConnection({
          host: settings.host,
          port: settings.port,
          secure: settings.tls === 'implicit',
          requireTLS: settings.tls === 'starttls',
          ignoreTLS: settings.tls === 'none',
          name: ourName,
          connectionTimeout: connectMs,
          greetingTimeout: connectMs,
          dnsTimeout: connectMs,
          socketTimeout: silenceMs,
          socketCloseTimeout: 1_000,
          maxResponseSize: longestAnswer,
          tls: { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
        })
        const auth = settings.user === undefined ? undefined : { user: settings.user, pass: password?.reveal() ?? '' }
        const envelope = { from: settings.from, to: [letter.to] }
        return { sent: true, answer: oneLine(await converse(connection, { auth, envelope, message, signal })) }
      } catch (error) {
        return { sent: false, refused: isRefusal(error), reason: reasonOf(error) }
      }
    },
  }
}

type Connection = InstanceType<typeof import('nodemailer/lib/smtp-connection')['default']>

interface Talk {
  readonly auth: { readonly user: string; readonly pass: string } | undefined
  readonly envelope: { readonly from: string; readonly to: string[] }
  readonly message: Buffer
  readonly signal: AbortSignal
}

/** Answers what the server said when it took the message. The connection is closed whatever happens. */
async function converse(connection: Connection, { auth, envelope, message, signal }: Talk): Promise<string> {
  const broken = Promise.withResolvers<never>()
  const ends = AbortSignal.any([signal, AbortSignal.timeout(longestMs)])
  const abort = () => broken.reject(new Error('broken off'))
  ends.addEventListener('abort', abort, { once: true })
  connection.on('error', (error: unknown) => broken.reject(error))
  connection.on('end', () => broken.reject(new Error('the mail server ended the connection')))
  // what fails after the conversation is nobody's to catch
  broken.promise.catch(() => undefined)
  try {
    return await Promise.race([broken.promise, talk()])
  } finally {
    ends.removeEventListener('abort', abort)
    connection.close()
  }

  async function talk(): Promise<string> {
    await step((done) => connection.connect(done))
    if (auth !== undefined) await step((done) => connection.login({ ...auth }, done))
    const info = await new Promise<{ readonly response: string }>((resolve, reject) => {
      connection.send(envelope, message, (error, sent) => {
        if (error !== null || sent === undefined) reject(error ?? new Error('no answer'))
        else resolve(sent)
      })
    })
    return info.response
  }
}

function step(run: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    run((error) => (error === null || error === undefined ? resolve() : reject(error)))
  })
}

function contentOf(from: string, { id, to, subject, text, at }: Letter) {
  return {
    from: { name: 'Gatehouse', address: from },
    to: { name: '', address: to },
    subject,
    text,
    date: new Date(at),
    messageId: `<${id}@${from.slice(from.indexOf('@') + 1)}>`,
    // RFC 3834: no out-of-office answers to a program
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** A refusal for good (5xx) of the recipient or the message; a refused sign-in is the operator's to put right. */
function isRefusal(error: unknown): boolean {
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown }
  const ofThisMail = code === 'EENVELOPE' || code === 'EMESSAGE'
  return ofThisMail && typeof responseCode === 'number' && responseCode >= 500
}

function reasonOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : 'unknown')
}

function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Bidi_Control}]+/gu, ' ')
    .trim()
    .slice(0, 300)
}

function firstLine(file: string): string {
  return readText(file).split(/\r?\n/, 1)[0] ?? ''
}

function readText(file: string): string {
  try {
    const text = readFileSync(file, 'utf8')
    if (text.trim() !== '') return text
  } catch (error) {
    throw fail('mail.file-unreadable', { fields: { file }, cause: error })
  }
  throw fail('mail.file-unreadable', { fields: { file } })
}
