/** A mail server for tests: the real protocol on a real socket, and a mailbox to look into. */
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { MailFace } from './face.ts'

/** A mail as it came over the wire. */
export interface ReceivedMail {
  /** Of the envelope, not of the headers. */
  readonly from: string
  readonly to: readonly string[]
  /** Unfolded, by lower-case name; the last of several. */
  readonly headers: ReadonlyMap<string, string>
  /** Decoded. */
  readonly text: string
  readonly raw: string
}

export interface Mailbox {
  readonly port: number
  readonly mails: ReceivedMail[]
  /** What the server says to the next recipients instead of taking them: `550 no such mailbox`. */
  refuseWith: { readonly code: number; readonly text: string } | undefined
  /** `[mail]` that sends here. */
  readonly config: Readonly<Record<string, unknown>>
  /** The newest mail to an address; fails the test when there is none. */
  newest(to: string): ReceivedMail
}

/** An installation without `[mail]`. */
export const noMail: MailFace = { enabled: false, queue: async () => false }

/** The first link in a mail. */
export function linkIn({ text }: ReceivedMail): URL {
  const found = /https:\/\/\S+/.exec(text)
  if (found === null) throw new TypeError(`no link in: ${text}`)
  return new URL(found[0])
}

/** Whatever runs ends when it is over: a test, or a journey's own. */
export interface Ending {
  after(end: () => Promise<void>): unknown
}

/** Listens on loopback without TLS until the test ends. */
export async function startMailbox(t: Ending, options: SMTPServerOptions = {}): Promise<Mailbox> {
  const mails: ReceivedMail[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: options.secure === true || options.key !== undefined ? [] : ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onRcptTo(_address, _session, done) {
      const { refuseWith } = box
      done(
        refuseWith === undefined ? null : Object.assign(new Error(refuseWith.text), { responseCode: refuseWith.code }),
      )
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const from = mailFrom === false ? '' : (mailFrom?.address ?? '')
        mails.push(
          readMail(
            Buffer.concat(chunks).toString('latin1'),
            from,
            rcptTo.map(({ address }) => address),
          ),
        )
        done()
      })
    },
    ...options,
  })
  // a client that breaks off is a case some tests make
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const { port } = server.server.address() as AddressInfo
  const box: Mailbox = {
    port,
    mails,
    refuseWith: undefined,
    config: { host: '127.0.0.1', port, tls: 'none', from: 'gatehouse@example.org' },
    newest(to) {
      const mail = mails.findLast((one) => one.to.includes(to))
      if (mail === undefined) throw new TypeError(`no mail to ${to}, but to ${mails.map((one) => one.to).join(', ')}`)
      return mail
    },
  }
  return box
}

function readMail(raw: string, from: string, to: readonly string[]): ReceivedMail {
  const end = raw.indexOf('\r\n\r\n')
  const head = raw.slice(0, end).replaceAll(/\r\n[ \t]+/g, ' ')
  const headers = new Map(
    head.split('\r\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  const encoding = headers.get('content-transfer-encoding') ?? '7bit'
  return { from, to, headers, raw, text: decode(raw.slice(end + 4), encoding).replaceAll('\r\n', '\n') }
}

function decode(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString()
  if (encoding !== 'quoted-printable') return Buffer.from(body, 'latin1').toString()
  const bytes = body
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}
