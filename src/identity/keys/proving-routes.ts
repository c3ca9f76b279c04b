import { z } from 'zod'
import { type Route, route } from '#platform'
import { getAccount } from '../accounts.ts'
import type { Parts } from '../parts.ts'
import { ownAccountId } from '../resources.ts'
import { proveAgain, provedReply, provesAgain } from '../routes/prove-routes.ts'
import { secondReply } from '../routes/second-routes.ts'
import type { Answer, KeyAnswers } from './answers.ts'
import { confirmationUse, secondUse } from './ways.ts'

const halfWay =
  'goes on with the half sign-in of the cookie, which is worth nothing elsewhere; without one it leads back'
const nonce = z.string().max(128)
const answer = z.string().max(16_384)
const to = z.string().max(4096).optional()
const keyForm = z.strictObject({ nonce, signature: answer, to })
const secretForm = z.strictObject({ nonce, hmac: answer, to })
const maxBody = 65_536

/** Proving oneself with a key or shared secret once more: in a session, or as the second factor of a sign-in. */
export function keyProvingRoutes(parts: Parts, answers: KeyAnswers): readonly Route[] {
  return [
    ...provingWith(parts, answers, 'key', keyForm, ({ nonce, signature }) => ({ nonce, answer: signature })),
    ...provingWith(parts, answers, 'shared-secret', secretForm, ({ nonce, hmac }) => ({ nonce, answer: hmac })),
  ]
}

function provingWith<Body extends { readonly to?: string | undefined }>(
  parts: Parts,
  answers: KeyAnswers,
  kind: 'key' | 'shared-secret',
  form: z.ZodType<Body>,
  answerIn: (body: Body) => Answer,
): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: `/account/prove/${kind}`,
      door: 'browser',
      access: { signedIn: provesAgain },
      body: form,
      maxBody,
      handler: (ctx, { body, request }) =>
        provedReply(parts, ctx, body.to, async () => {
          const { handle } = await getAccount(ctx, ownAccountId(ctx))
          return proveAgain(parts, ctx, request, answers.proving(confirmationUse(ctx, handle), answerIn(body)))
        }),
    }),
    route({
      method: 'POST',
      path: `/sign-in/second/${kind}`,
      door: 'browser',
      access: { public: halfWay },
      body: form,
      maxBody,
      handler: (ctx, { body, request }) =>
        secondReply(parts, ctx, request, body.to, ({ id, factors: [{ account }] }) =>
          answers.proving(secondUse(id, account.handle), answerIn(body)),
        ),
    }),
  ]
}
