import { z } from 'zod'
import { type Ctx, GateError, type Kernel, type Reply, type Route, route } from '#platform'
import { addressFault } from './address.ts'
import type { MailConfig } from './config.ts'
import { mailState, testMailBody, testMailSent } from './contract.ts'
import { fail } from './errors.ts'
import { countMails, waitingFacts } from './mail-store.ts'
import { mostWaiting } from './queue.ts'
import type { Sender } from './smtp.ts'
import { mailPage } from './views/mail.ts'

interface Deps {
  readonly kernel: Kernel
  readonly config: MailConfig
  readonly sender: Sender | undefined
}

const testForm = z.strictObject({ to: z.string().max(300) })

/** Whether mail goes out, and a mail to try it. */
export function mailRoutes(deps: Deps): readonly Route[] {
  return [...mailApi(deps), ...mailPages(deps)]
}

function mailApi(deps: Deps): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/mail',
      door: 'api',
      access: { permission: 'mail:read' },
      summary: 'Read whether mail is sent, through which server, and how much waits',
      responses: { 200: mailState },
      handler: async (ctx) => ({ kind: 'json', body: await stateOf(deps, ctx) }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/mail/test',
      door: 'api',
      access: { permission: 'mail:test' },
      summary: 'Send a test mail at once and answer what the mail server said',
      body: testMailBody,
      responses: { 200: testMailSent },
      handler: async (ctx, { body }) => ({ kind: 'json', body: { answer: await sendTest(deps, ctx, body.to) } }),
    }),
  ]
}

function mailPages(deps: Deps): readonly Route[] {
  const shown = async (ctx: Ctx, extra: Pick<Parameters<typeof mailPage>[0], 'to' | 'refusal' | 'answer'>) =>
    mailPage({ state: await stateOf(deps, ctx), now: ctx.now, ...extra })
  return [
    route({
      method: 'GET',
      path: '/mail',
      door: 'browser',
      access: { permission: 'mail:read' },
      handler: async (ctx) => ({ kind: 'page', page: await shown(ctx, {}) }),
    }),
    route({
      method: 'POST',
      path: '/mail/test',
      door: 'browser',
      access: { permission: 'mail:test' },
      body: testForm,
      async handler(ctx, { body: { to } }): Promise<Reply> {
        try {
          return { kind: 'page', page: await shown(ctx, { to, answer: await sendTest(deps, ctx, to) }) }
        } catch (error) {
          if (!(error instanceof GateError)) throw error
          const refusal = { title: error.title, detail: error.detail }
          return { kind: 'page', status: error.status, page: await shown(ctx, { to, refusal }) }
        }
      },
    }),
  ]
}

async function stateOf({ config }: Deps, ctx: Ctx): Promise<z.infer<typeof mailState>> {
  const { since, lastFailure } = await waitingFacts(ctx.db)
  return {
    enabled: config !== undefined,
    server: config === undefined ? null : `${config.host}:${config.port}`,
    tls: config?.tls ?? null,
    from: config?.from ?? null,
    waiting: await countMails(ctx.db, mostWaiting),
    waitingSince: since === undefined ? null : new Date(since).toISOString(),
    lastFailure: lastFailure ?? null,
  }
}

/** @throws GateError `mail.off`, `mail.bad-address`, `mail.not-sent` */
async function sendTest({ kernel, sender }: Deps, ctx: Ctx, typed: string): Promise<string> {
  const to = typed.trim()
  if (sender === undefined) throw fail('mail.off')
  if (addressFault(to) !== undefined) throw fail('mail.bad-address')
  const { host } = kernel.config.console
  const letter = {
    id: ctx.newId('eml'),
    to,
    subject: `A test mail from Gatehouse at ${host}`,
    text: `${ctx.actor.principal.name} sent this from Gatehouse at ${host}, to see whether its mail arrives. It does.\n`,
    at: ctx.now,
  }
  const outcome = await sender.send(letter, ctx.signal)
  if (!outcome.sent) throw fail('mail.not-sent', { fields: { reason: sentence(outcome.reason) } })
  await ctx.tx((tx) => tx.audit({ action: 'mails.test' }))
  return outcome.answer
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
