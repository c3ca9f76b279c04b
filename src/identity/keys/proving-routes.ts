import { z } from 'zod'
import { type Ctx, type Route, route } from '#platform'
import { getAccount } from '../accounts.ts'
import type { Parts } from '../parts.ts'
import { ownAccountId } from '../resources.ts'
import { proveAgain, provedReply } from '../routes/prove-routes.ts'
import type { KeyAnswers } from './answers.ts'
import { confirmationUse } from './ways.ts'

const aboutCaller = 'proves again who the caller is; whoever fails changes nothing'

const nonce = z.string().max(128)
const answer = z.string().max(16_384)
const to = z.string().max(4096).optional()
const keyForm = z.strictObject({ nonce, signature: answer, to })
const secretForm = z.strictObject({ nonce, hmac: answer, to })
const maxBody = 65_536

/** Proving oneself again with a key or shared secret. */
export function keyProvingRoutes(parts: Parts, answers: KeyAnswers): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/account/prove/key',
      door: 'browser',
      access: { signedIn: aboutCaller },
      body: keyForm,
      maxBody,
      handler: (ctx, { body, request }) =>
        provedReply(parts, ctx, body.to, async () => {
          const use = confirmationUse(ctx, await ownHandle(ctx))
          return proveAgain(parts, ctx, request, answers.proving(use, { nonce: body.nonce, answer: body.signature }))
        }),
    }),
    route({
      method: 'POST',
      path: '/account/prove/shared-secret',
      door: 'browser',
      access: { signedIn: aboutCaller },
      body: secretForm,
      maxBody,
      handler: (ctx, { body, request }) =>
        provedReply(parts, ctx, body.to, async () => {
          const use = confirmationUse(ctx, await ownHandle(ctx))
          return proveAgain(parts, ctx, request, answers.proving(use, { nonce: body.nonce, answer: body.hmac }))
        }),
    }),
  ]
}

async function ownHandle(ctx: Ctx): Promise<string> {
  return (await getAccount(ctx, ownAccountId(ctx))).handle
}
