import { z } from 'zod'
import { Secret } from '#kit'
import {
  type Ctx,
  type FieldFault,
  GateError,
  type Reply,
  type RequestView,
  type Route,
  refusedForm,
  refusedInputOf,
  route,
} from '#platform'
import { recoveryDoors } from '../doors.ts'
import { linkCookie, linkToken, noLinkCookie } from '../link-cookie.ts'
import type { Parts } from '../parts.ts'
import { askRecovery, findRecoveryPass, mayAskByMail, recover } from './recovery.ts'
import { askedPage, askPage, recoveredPage, recoverPage } from './views/recovery.ts'

/** Getting back in: asking for a link, and using one. */
export function recoveryPages(parts: Parts): readonly Route[] {
  return [...asking(parts), ...using(parts)]
}

function asking(parts: Parts): readonly Route[] {
  return [
    route({
      ...recoveryDoors['GET /recover/ask'],
      handler: async () => ({ kind: 'page', page: askPage({ byMail: mayAskByMail(parts) }) }),
    }),
    route({
      ...recoveryDoors['POST /recover/ask'],
      body: z.strictObject({ who: z.string().min(1, 'Type your handle or address.').max(1024) }),
      maxBody: 4_096,
      async handler(ctx, { body }) {
        await askRecovery(parts, ctx, body.who)
        return { kind: 'page', page: askedPage() }
      },
      invalid: async (_, { faults }) => ({
        kind: 'page',
        status: 400,
        page: askPage({ byMail: mayAskByMail(parts), faults }),
      }),
    }),
  ]
}

const passwordForm = z.strictObject({ password: z.string().max(4096), passwordAgain: z.string().max(4096) })

function using(parts: Parts): readonly Route[] {
  return [
    route({
      ...recoveryDoors['GET /recover'],
      query: z.object({ token: z.string().max(100).optional().catch(undefined) }),
      async handler(ctx, { query, request }): Promise<Reply> {
        if (query.token !== undefined) {
          return { kind: 'redirect', location: '/recover', cookies: [linkCookie(query.token)] }
        }
        return { kind: 'page', page: recoverPage(await findRecoveryPass(parts, ctx, linkToken(request))) }
      },
    }),
    route({
      ...recoveryDoors['POST /recover'],
      body: passwordForm,
      maxBody: 16_384,
      handler: (ctx, { body, request }) => recoverByForm(parts, ctx, body, request),
    }),
  ]
}

async function recoverByForm(
  parts: Parts,
  ctx: Ctx,
  body: z.infer<typeof passwordForm>,
  request: RequestView,
): Promise<Reply> {
  const token = linkToken(request)
  const pass = await findRecoveryPass(parts, ctx, token)
  const again = (faults: readonly FieldFault[], refused?: GateError): Reply => ({
    kind: 'page',
    status: 400,
    refusedInput: refused === undefined ? refusedForm(faults) : refusedInputOf(refused),
    page: recoverPage(pass, faults),
  })
  if (body.password !== body.passwordAgain) {
    return again([{ field: 'passwordAgain', message: 'The two passwords differ.' }])
  }
  try {
    const account = await recover(parts, ctx, token, new Secret(body.password))
    return { kind: 'page', page: recoveredPage(account), cookies: [noLinkCookie] }
  } catch (error) {
    if (error instanceof GateError && error.code === 'identity.invalid-password') return again(error.faults, error)
    if (error instanceof GateError && error.code === 'identity.password-in-use') {
      return again([{ field: 'password', message: error.detail }], error)
    }
    throw error
  }
}
