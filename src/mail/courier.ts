import type { Ctx, Kernel } from '#platform'
import { deleteMail, findDueMail, postponeMail, type WaitingMail } from './mail-store.ts'
import { openMail } from './queue.ts'
import { mostAttempts, pauseAfter } from './schedule.ts'
import type { Sender, SendOutcome } from './smtp.ts'

/** Sends what is due, one after the other, on one node at a time. Never throws for what a mail server does. */
export interface Courier {
  deliverDue(stop: AbortSignal): Promise<void>
}

type Outcome = 'sent' | 'failed' | 'given-up'

export function createCourier(kernel: Kernel, sender: Sender, counted: (outcome: Outcome) => void): Courier {
  const deliver = async (ctx: Ctx, mail: WaitingMail): Promise<void> => {
    const now = kernel.clock.now()
    if (mail.expiresAt !== undefined && mail.expiresAt <= now) {
      await giveUp(ctx, mail, 'expired')
      counted('given-up')
      return
    }
    const outcome = await sendOpened(kernel, sender, mail, ctx.signal)
    // broken off by us: nobody knows whether it arrived, so it is sent again
    if (ctx.signal.aborted && !outcome.sent) return
    counted(await note(ctx, mail, outcome))
  }
  const note = async (ctx: Ctx, mail: WaitingMail, outcome: SendOutcome): Promise<Outcome> => {
    if (outcome.sent) {
      await ctx.tx((tx) => deleteMail(tx.db, mail.id))
      return 'sent'
    }
    const attempts = mail.attempts + 1
    const fields = { id: mail.id, purpose: mail.purpose, attempts, reason: outcome.reason }
    if (outcome.refused || attempts >= mostAttempts) {
      kernel.log.error(fields, 'a mail was given up')
      await giveUp(ctx, { ...mail, attempts }, outcome.refused ? 'refused' : 'failing')
      return 'given-up'
    }
    kernel.log.warn(fields, 'a mail was not taken; it is tried again')
    const dueAt = kernel.clock.now() + pauseAfter(attempts)
    await ctx.tx((tx) => postponeMail(tx.db, mail.id, { attempts, dueAt, lastFailure: outcome.reason }))
    return 'failed'
  }
  return {
    async deliverDue(stop) {
      await kernel.underLease('mail/courier', stop, async (ctx) => {
        while (!ctx.signal.aborted) {
          const mail = await findDueMail(ctx.db, kernel.clock.now())
          if (mail === undefined) return
          await deliver(ctx, mail)
        }
      })
    },
  }
}

/** A mail that cannot be opened any more is one that cannot be sent. */
async function sendOpened(
  kernel: Kernel,
  sender: Sender,
  mail: WaitingMail,
  signal: AbortSignal,
): Promise<SendOutcome> {
  try {
    return await sender.send({ ...openMail(kernel, mail), id: mail.id, at: mail.createdAt }, signal)
  } catch (error) {
    kernel.log.error({ error, id: mail.id }, 'a mail could not be opened')
    return { sent: false, refused: true, reason: 'It could not be opened.' }
  }
}

/** The address stays out of the journal, which is kept for ever. */
async function giveUp(ctx: Ctx, mail: WaitingMail, reason: 'refused' | 'failing' | 'expired'): Promise<void> {
  await ctx.tx(async (tx) => {
    if (!(await deleteMail(tx.db, mail.id))) return
    await tx.audit({
      action: 'mails.give-up',
      ...(mail.about === undefined ? {} : { target: mail.about }),
      detail: { purpose: mail.purpose, attempts: mail.attempts, reason },
    })
  })
}
