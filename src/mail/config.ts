import { isIP } from 'node:net'
import { z } from 'zod'
import { Secret } from '#kit'
import { addressFault } from './address.ts'

const usualPorts = { implicit: 465, starttls: 587, none: 25 } as const

/** `[mail]` in gatehouse.toml. Without `host` Gatehouse sends no mail, and nothing else of the table may be set. */
export const mailConfig = z
  .strictObject({
    host: z
      .string()
      .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.:-]*[A-Za-z0-9])?$/, 'expected a host name or address, without port')
      .optional()
      .describe(
        'The server that takes mail (SMTP submission). Without it no mail is sent, and links are shown instead.',
      ),
    port: z
      .int()
      .min(1)
      .max(65535)
      .optional()
      .describe('Its port; when absent 465 for `implicit`, 587 for `starttls`, 25 for `none`.'),
    tls: z
      .enum(['implicit', 'starttls', 'none'])
      .default('implicit')
      .describe(
        '`implicit`: TLS from the first byte. `starttls`: TLS before anything is said, or nothing is sent. `none`: only to a server on this machine.',
      ),
    caFile: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file with the root to trust instead of the usual ones, for a mail server of your own.'),
    user: z.string().min(1).max(200).optional().describe('Name to sign in with at the mail server.'),
    password: z
      .string()
      .min(1)
      .max(1000)
      .transform((text) => new Secret(text))
      .optional()
      .describe('Password at the mail server; better in `GATEHOUSE_MAIL_PASSWORD` or a file.'),
    passwordFile: z.string().min(1).optional().describe('File whose first line is the password at the mail server.'),
    from: z
      .string()
      .superRefine((text, context) => {
        const fault = addressFault(text)
        if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
      })
      .optional()
      .describe('The address mail comes from: `gatehouse@example.org`.'),
  })
  .superRefine((table, context) => {
    const fault = (key: keyof typeof table, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message })
    if (table.host === undefined) {
      for (const key of ['port', 'caFile', 'user', 'password', 'passwordFile', 'from'] as const) {
        if (table[key] !== undefined) fault(key, 'means nothing without [mail] host')
      }
      return
    }
    if (table.from === undefined) fault('from', 'needed: the address mail comes from')
    if (table.tls === 'none' && !isLoopback(table.host)) {
      fault('tls', 'none is for a server on this machine only; use implicit or starttls')
    }
    const passwords = [table.password, table.passwordFile].filter((value) => value !== undefined).length
    if (passwords > 1) fault('passwordFile', 'give the password or its file, not both')
    if ((table.user === undefined) !== (passwords === 0)) fault('user', 'name and password belong together')
  })
  .transform((table) => settingsOf(table))

/** Where and how mail is sent. */
export interface MailSettings {
  readonly host: string
  readonly port: number
  readonly tls: 'implicit' | 'starttls' | 'none'
  readonly from: string
  readonly caFile: string | undefined
  readonly user: string | undefined
  readonly password: Secret | undefined
  readonly passwordFile: string | undefined
}

/** `undefined`: no mail is sent. */
export type MailConfig = MailSettings | undefined

interface Table {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly tls: MailSettings['tls']
  readonly caFile?: string | undefined
  readonly user?: string | undefined
  readonly password?: Secret | undefined
  readonly passwordFile?: string | undefined
  readonly from?: string | undefined
}

function settingsOf({ host, port, tls, from, ...rest }: Table): MailConfig {
  if (host === undefined || from === undefined) return undefined
  const { caFile, user, password, passwordFile } = rest
  return { host, port: port ?? usualPorts[tls], tls, from, caFile, user, password, passwordFile }
}

function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}
