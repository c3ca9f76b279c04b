import { z } from 'zod'
import { type Ctx, type FieldFault, GateError, type Reply, type RequestView, type Route, route } from '#platform'
import { challenge, challengeBody, createdToken, halfSignIn, keySignInBody } from '../contract.ts'
import { keySignInDoors } from '../credential-doors.ts'
import { fail } from '../errors.ts'
import { foldHandle, handleFault } from '../handles.ts'
import type { Parts } from '../parts.ts'
import { returnPath } from '../return-path.ts'
import { proveAttempt } from '../sign-in/attempts.ts'
import { finishSignIn, sessionOpener, tokenOpener } from '../sign-in/finish.ts'
import { signInReply, signingBrowser, signingProgram, tokenReply } from '../sign-in/sign-in-reply.ts'
import { shownOnSignIn } from '../views/sign-in.ts'
import { type AnswerUse, type AskedChallenge, askForAnswer, type KeyAnswers } from './answers.ts'
import { findPrivateKey } from './private-keys.ts'
import { answerPage, keyHandlePage } from './views/sign-in.ts'

const to = z.string().max(4096).optional()
const handleForm = z.strictObject({ handle: z.string().min(1, 'Type your handle.').max(1024), to })
const answerForm = z.strictObject({
  handle: z.string().min(1).max(1024),
  nonce: z.string().max(128),
  answer: z.string().min(1, 'Paste what the command printed.').max(16_384, 'This is longer than any signature.'),
  to,
})

/** Signing in with a key or a shared secret: by page, and for the command line. The same for every handle. */
export function keySignInRoutes(parts: Parts, answers: KeyAnswers): readonly Route[] {
  return [handleForms(parts), answerForms(parts, answers), keySignInApi(parts, answers)].flat()
}

function handleForms(parts: Parts): readonly Route[] {
  return [
    route({
      ...keySignInDoors['GET /sign-in/key'],
      query: z.object({ to: z.string().optional().catch(undefined) }),
      handler: async (_, { query }) => ({ kind: 'page', page: keyHandlePage({ to: returnPath(query.to) }) }),
    }),
    route({
      ...keySignInDoors['POST /sign-in/key'],
      body: handleForm,
      maxBody: 16_384,
      async handler(ctx, { body }) {
        const handle = foldHandle(body.handle)
        const fault = handleFault(handle)
        const to = returnPath(body.to)
        // what is no handle is never shown again: it may be a password
        if (fault !== undefined) return askAgain(to, [{ field: 'handle', message: fault }])
        return {
          kind: 'page',
          page: answerPage({ to, handle, asked: askForAnswer(parts, signInUse(handle), ctx.now) }),
        }
      },
      invalid: async (_, { form, faults }) => askAgain(pathIn(form), faults),
    }),
  ]
}

function askAgain(to: string, faults: readonly FieldFault[]): Reply {
  return { kind: 'page', status: 400, page: keyHandlePage({ to, faults }) }
}

function answerForms(parts: Parts, answers: KeyAnswers): readonly Route[] {
  return [
    route({
      ...keySignInDoors['POST /sign-in/key/answer'],
      body: answerForm,
      maxBody: 65_536,
      handler: (ctx, { body, request }) => signInByForm(parts, answers, ctx, body, request),
      invalid: async (ctx, { form, faults }) => {
        const handle = foldHandle(typeof form['handle'] === 'string' ? form['handle'] : '')
        if (handleFault(handle) !== undefined) return askAgain(pathIn(form), [])
        const asked = askForAnswer(parts, signInUse(handle), ctx.now)
        return { kind: 'page', status: 400, page: answerPage({ to: pathIn(form), handle, asked, faults }) }
      },
    }),
  ]
}

async function signInByForm(
  parts: Parts,
  answers: KeyAnswers,
  ctx: Ctx,
  body: z.infer<typeof answerForm>,
  request: RequestView,
): Promise<Reply> {
  const browser = signingBrowser(parts, request)
  const to = returnPath(body.to)
  const handle = foldHandle(body.handle)
  if (handleFault(handle) !== undefined) return askAgain(to, [])
  const use = signInUse(handle)
  if (findPrivateKey(body.answer) !== undefined) {
    const faults = [{ field: 'answer', message: privateKeyPasted }]
    return {
      kind: 'page',
      status: 400,
      page: answerPage({ to, handle, asked: askForAnswer(parts, use, ctx.now), faults }),
    }
  }
  try {
    const result = await proveAttempt(
      parts,
      ctx,
      { ...browser, handle },
      {
        ...answers.proving(use, body),
        onProven: (tx, proven) => finishSignIn(parts, tx, [proven], sessionOpener(parts, browser)),
      },
    )
    return signInReply(parts, result, to, browser)
  } catch (error) {
    if (!(error instanceof GateError) || !shownOnSignIn.has(error.code)) throw error
    const refusal = { title: error.title, detail: error.detail }
    const page = answerPage({ to, handle, asked: askForAnswer(parts, use, ctx.now), refusal })
    return { kind: 'page', status: error.status, headers: error.headers, page }
  }
}

const privateKeyPasted =
  'This is a private key, not a signature. Nothing of it was kept, but take it for known: revoke it, and make a new one.'

function keySignInApi(parts: Parts, answers: KeyAnswers): readonly Route[] {
  return [
    route({
      ...keySignInDoors['POST /api/v1/sign-in/challenge'],
      body: challengeBody,
      maxBody: 16_384,
      responses: { 201: challenge },
      async handler(ctx, { body }) {
        return challengeReply(askForAnswer(parts, signInUse(requireHandle(body.handle)), ctx.now))
      },
    }),
    route({
      ...keySignInDoors['POST /api/v1/sign-in/key'],
      body: keySignInBody,
      maxBody: 65_536,
      responses: { 201: createdToken, 202: halfSignIn },
      async handler(ctx, { body, request }) {
        const handle = requireHandle(body.handle)
        if (findPrivateKey(body.answer) !== undefined) throw fail('identity.private-key-pasted')
        const tried = { ...signingProgram(request), handle }
        const result = await proveAttempt(parts, ctx, tried, {
          ...answers.proving(signInUse(handle), body),
          onProven: (tx, proven) => finishSignIn(parts, tx, [proven], tokenOpener(parts, body.label)),
        })
        return tokenReply(ctx, result)
      },
    }),
  ]
}

export function challengeReply({ text, nonce, expiresAt }: AskedChallenge): Reply {
  const body = { text, nonce, expiresAt: new Date(expiresAt).toISOString() }
  return { kind: 'json', status: 201, unrepeatable: true, body }
}

/** What is no handle names nobody: told like a wrong answer, and not put into a text that goes to a shell. */
function requireHandle(typed: string): string {
  const handle = foldHandle(typed)
  if (handleFault(handle) !== undefined) throw fail('identity.sign-in-failed')
  return handle
}

function signInUse(handle: string): AnswerUse {
  return { purpose: 'sign-in', within: '', handle }
}

function pathIn(form: Readonly<Record<string, unknown>>): string {
  return returnPath(typeof form['to'] === 'string' ? form['to'] : undefined)
}
