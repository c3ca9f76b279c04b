import type { Ctx, Kernel } from '#platform'
import { addressFault } from './address.ts'
import type { NewMail } from './face.ts'
import { countMails, insertMail, placeOf, type WaitingMail } from './mail-store.ts'

/** The outbox event that says a mail waits. It carries nothing: what is due is looked up. */
export const queuedEvent = 'mail.queued'
/** More than so many do not wait: the mail server has been away for long, or somebody makes it send. */
export const mostWaiting = 10_000
const longestSubject = 200
const longestText = 20_000

interface Content {
  readonly to: string
  readonly subject: string
  readonly text: string
}

type Deps = Pick<Kernel, 'keyring' | 'log'>

/** Queues a mail in this transaction. @returns false when too many wait already */
export async function queueMail({ keyring, log }: Deps, tx: Ctx, mail: NewMail): Promise<boolean> {
  if (!tx.db.inTransaction) throw new TypeError('a mail is queued in the transaction that causes it: use ctx.tx')
  requireSound(mail)
  if ((await countMails(tx.db, mostWaiting)) >= mostWaiting) {
    log.warn({ purpose: mail.purpose }, 'a mail was not queued: too many wait')
    return false
  }
  const id = tx.newId('eml')
  const content: Content = { to: mail.to, subject: mail.subject, text: mail.text }
  await insertMail(tx.db, {
    id,
    purpose: mail.purpose,
    about: mail.about,
    sealed: keyring.seal(Buffer.from(JSON.stringify(content)), placeOf(id)),
    attempts: 0,
    dueAt: tx.now,
    expiresAt: mail.expiresAt,
    createdAt: tx.now,
    lastFailure: undefined,
  })
  await tx.emit(queuedEvent, {})
  return true
}

/** What a waiting mail says, and to whom. @throws GateError `platform.sealed-value-damaged` */
export function openMail({ keyring }: Pick<Kernel, 'keyring'>, { id, sealed }: WaitingMail): Content {
  return JSON.parse(Buffer.from(keyring.open(sealed, placeOf(id))).toString()) as Content
}

/** What would put words of our own choice into headers or commands is a fault of the caller, found before it is stored. */
function requireSound({ to, subject, text }: NewMail): void {
  if (addressFault(to) !== undefined) throw new TypeError('a mail needs one well-formed address')
  if (subject.length > longestSubject || /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.test(subject)) {
    throw new TypeError('a subject is one line')
  }
  if (text.length > longestText) throw new TypeError('a mail is longer than people read')
}
