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
import { joinDoors } from '../doors.ts'
import { linkCookie, linkToken, noLinkCookie } from '../link-cookie.ts'
import type { Parts } from '../parts.ts'
import { askToJoin, findJoinPass, type JoinPass, join } from './joining.ts'
import { readJoining } from './mode-store.ts'
import { askedPage, closedPage, joinedPage, joinPage, openPage } from './views/join.ts'

const joinForm = z.strictObject({
  handle: z.string().max(1024).default(''),
  displayName: z.string().max(400),
  password: z.string().max(4096),
  passwordAgain: z.string().max(4096),
})
const addressForm = z.strictObject({ email: z.string().max(1000) })

/** Joining, for strangers. */
export function joinPages(parts: Parts): readonly Route[] {
  return [
    route({
      ...joinDoors['GET /join'],
      query: z.object({ token: z.string().max(100).optional().catch(undefined) }),
      handler: async (ctx, { query, request }): Promise<Reply> =>
        query.token === undefined
          ? { kind: 'page', page: await firstPage(parts, ctx, request) }
          : { kind: 'redirect', location: '/join', cookies: [linkCookie(query.token)] },
    }),
    route({
      ...joinDoors['POST /join/address'],
      body: addressForm,
      maxBody: 4_096,
      handler: (ctx, { body }) => askByForm(parts, ctx, body.email),
    }),
    route({
      ...joinDoors['POST /join'],
      body: joinForm,
      maxBody: 16_384,
      handler: (ctx, { body, request }) => joinByForm(parts, ctx, body, request),
      async invalid(ctx, { faults, request }) {
        const pass = await findJoinPass(parts, ctx, linkToken(request))
        return { kind: 'page', status: 400, page: joinPage({ pass, faults }) }
      },
    }),
  ]
}

async function firstPage(parts: Parts, ctx: Ctx, request: RequestView) {
  const token = linkToken(request)
  if (token !== undefined) return joinPage({ pass: await findJoinPass(parts, ctx, token) })
  return parts.mail.enabled && (await readJoining(ctx.db)).mode === 'open' ? openPage({}) : closedPage()
}

async function askByForm(parts: Parts, ctx: Ctx, email: string): Promise<Reply> {
  try {
    await askToJoin(parts, ctx, email)
    return { kind: 'page', page: askedPage() }
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    if (error.code === 'identity.invalid-account') {
      const page = openPage({ email, faults: error.faults })
      return { kind: 'page', status: error.status, refusedInput: refusedInputOf(error), page }
    }
    if (error.code === 'identity.joining-closed') return { kind: 'page', status: error.status, page: closedPage() }
    throw error
  }
}

async function joinByForm(
  parts: Parts,
  ctx: Ctx,
  body: z.infer<typeof joinForm>,
  request: RequestView,
): Promise<Reply> {
  const token = linkToken(request)
  const pass: JoinPass = await findJoinPass(parts, ctx, token)
  const { handle, displayName } = body
  const again = (faults: readonly FieldFault[], refused?: GateError): Reply => ({
    kind: 'page',
    status: refused?.status ?? 400,
    refusedInput: refused === undefined ? refusedForm(faults) : refusedInputOf(refused),
    page: joinPage({ pass, handle, displayName, faults }),
  })
  if (body.password !== body.passwordAgain) {
    return again([{ field: 'passwordAgain', message: 'The two passwords differ.' }])
  }
  try {
    const account = await join(parts, ctx, token, { handle, displayName, password: new Secret(body.password) })
    return { kind: 'page', page: joinedPage(account), cookies: [noLinkCookie] }
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    if (error.code === 'identity.handle-taken') return again([{ field: 'handle', message: error.detail }], error)
    if (error.code === 'identity.invalid-account') return again(error.faults, error)
    throw error
  }
}
