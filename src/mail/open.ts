import type { Kernel, Opened } from '#platform'
import type { MailConfig } from './config.ts'
import { createCourier } from './courier.ts'
import type { MailFace } from './face.ts'
import { countMails } from './mail-store.ts'
import { mostWaiting, queuedEvent, queueMail } from './queue.ts'
import { mailRoutes } from './routes.ts'
import { smtpSender } from './smtp.ts'

const lookedEveryMs = 5_000

/** @throws GateError `mail.file-unreadable` */
export function openMailRoom(kernel: Kernel, config: MailConfig): Opened<MailFace> {
  const { console: site } = kernel.config
  const sender = config === undefined ? undefined : smtpSender(config, site.host)
  const routes = mailRoutes({ kernel, config, sender })
  const navigation = [{ title: 'Mail', href: '/mail', permission: 'mail:read', order: 85, group: 'record' }] as const
  if (sender === undefined) return { face: { enabled: false, queue: async () => false }, routes, navigation }

  const { metrics } = kernel
  const attempts = metrics.counter('gatehouse_mail_attempts_total', 'Attempts to hand over a mail, by outcome', [
    'outcome',
  ])
  const waiting = metrics.gauge('gatehouse_mails_waiting', 'Mails that wait to be sent', [], 'most')
  const courier = createCourier(kernel, sender, (outcome) => attempts.inc({ outcome }))
  const deliver = async (stop: AbortSignal): Promise<void> => {
    await courier.deliverDue(stop)
    waiting.set(await countMails(kernel.database.db, mostWaiting))
  }
  return {
    face: { enabled: true, queue: (tx, mail) => queueMail(kernel, tx, mail) },
    routes,
    navigation,
    // at once after the commit; what failed, and what another node left, when it is due
    events: { [queuedEvent]: (_, ctx) => deliver(ctx.signal) },
    jobs: [{ name: 'mail.deliver', everyMs: lookedEveryMs, run: (ctx) => deliver(ctx.signal) }],
  }
}
