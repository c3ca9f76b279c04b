import { z } from 'zod'

/** Wire shapes of mail's API. Times are RFC 3339, ids text. */

const time = z.iso.datetime()

export const mailState = z.strictObject({
  /** Whether mail is sent at all. */
  enabled: z.boolean(),
  /** `mail.example.org:465`; null without a server. */
  server: z.string().nullable(),
  tls: z.enum(['implicit', 'starttls', 'none']).nullable(),
  from: z.string().nullable(),
  /** Mails that wait to be sent or sent again. */
  waiting: z.int(),
  /** The oldest of them; null when none waits. */
  waitingSince: time.nullable(),
  /** What the mail server last said against one that still waits. */
  lastFailure: z.string().nullable(),
})

export const testMailBody = z.strictObject({ to: z.string().min(3).max(254) })

export const testMailSent = z.strictObject({
  /** What the mail server answered. */
  answer: z.string(),
})

/** Permission types of this room, with what each action lets one do. */
export const mailPermissions = [
  {
    type: 'mail',
    ids: 'exact',
    actions: { read: 'See whether mail is sent and how much waits', test: 'Send a test mail to any address' },
  },
] as const
