import { z } from 'zod'
import { type Route, route } from '#platform'
import { getAccount } from '../accounts.ts'
import { challenge, createdToken, halfSignIn, secondChallengeBody, secondKeyBody } from '../contract.ts'
import { keyProvingDoors } from '../credential-doors.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { ownAccountId } from '../resources.ts'
import { proveAgain, provedReply } from '../routes/prove-routes.ts'
import { secondReply } from '../routes/second-routes.ts'
import { getWaitingSignIn, proveSecond, tokenOpener, type WaitingSignIn } from '../sign-in/finish.ts'
import { signingProgram, tokenReply } from '../sign-in/sign-in-reply.ts'
import { type Answer, type AnswerUse, askForAnswer, type KeyAnswers } from './answers.ts'
import { findPrivateKey } from './private-keys.ts'
import { challengeReply } from './sign-in-routes.ts'
import { confirmationUse, secondUse } from './ways.ts'

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
    ...secondApi(parts, answers),
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
      ...keyProvingDoors[`POST /account/prove/${kind}`],
      body: form,
      maxBody,
      handler: (ctx, { body, request }) =>
        provedReply(parts, ctx, body.to, async () => {
          const { handle } = await getAccount(ctx, ownAccountId(ctx))
          return proveAgain(parts, ctx, request, answers.proving(confirmationUse(ctx, handle), answerIn(body)))
        }),
    }),
    route({
      ...keyProvingDoors[`POST /sign-in/second/${kind}`],
      body: form,
      maxBody,
      handler: (ctx, { body, request }) =>
        secondReply(parts, ctx, request, body.to, (waiting) => answers.proving(useOf(waiting), answerIn(body))),
    }),
  ]
}

/** The second factor for the command line, as `/api/v1/sign-in/challenge` and `/key` are the first. */
function secondApi(parts: Parts, answers: KeyAnswers): readonly Route[] {
  return [
    route({
      ...keyProvingDoors['POST /api/v1/sign-in/second/challenge'],
      body: secondChallengeBody,
      maxBody: 16_384,
      responses: { 201: challenge },
      async handler(ctx, { body }) {
        return challengeReply(askForAnswer(parts, useOf(await getWaitingSignIn(ctx, body.signIn)), ctx.now))
      },
    }),
    route({
      ...keyProvingDoors['POST /api/v1/sign-in/second/key'],
      body: secondKeyBody,
      maxBody,
      responses: { 201: createdToken, 202: halfSignIn },
      async handler(ctx, { body, request }) {
        if (findPrivateKey(body.answer) !== undefined) throw fail('identity.private-key-pasted')
        const waiting = await getWaitingSignIn(ctx, body.signIn)
        const proving = answers.proving(useOf(waiting), body)
        const open = tokenOpener(parts, body.label)
        return tokenReply(ctx, await proveSecond(parts, ctx, waiting, signingProgram(request), proving, open))
      },
    }),
  ]
}

function useOf({ id, factors: [{ account }] }: WaitingSignIn): AnswerUse {
  return secondUse(id, account.handle)
}
