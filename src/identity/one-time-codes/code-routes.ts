import { z } from 'zod'
import { Secret } from '#kit'
import { type Route, route } from '#platform'
import { codeDoors } from '../credential-doors.ts'
import type { Parts } from '../parts.ts'
import { ownAccountId } from '../resources.ts'
import { proveAgain, provedReply } from '../routes/prove-routes.ts'
import { secondReply } from '../routes/second-routes.ts'
import { provingRecoveryCode, provingTotp } from './prove-code.ts'

const to = z.string().max(4096).optional()
const totpForm = z.strictObject({ code: z.string().max(100), to })
const recoveryForm = z.strictObject({ recoveryCode: z.string().max(100), to })

/** Codes as second factor, and as a proof once more. */
export function codeRoutes(parts: Parts): readonly Route[] {
  return [...secondByCode(parts), ...proveByCode(parts)]
}

function secondByCode(parts: Parts): readonly Route[] {
  return [
    route({
      ...codeDoors['POST /sign-in/second/totp'],
      body: totpForm,
      handler: (ctx, { body, request }) =>
        secondReply(parts, ctx, request, body.to, ({ accountId }) =>
          provingTotp(parts, { accountId, code: new Secret(body.code) }),
        ),
    }),
    route({
      ...codeDoors['POST /sign-in/second/recovery-codes'],
      body: recoveryForm,
      handler: (ctx, { body, request }) =>
        secondReply(parts, ctx, request, body.to, ({ accountId }) =>
          provingRecoveryCode(parts, { accountId, code: new Secret(body.recoveryCode) }),
        ),
    }),
  ]
}

function proveByCode(parts: Parts): readonly Route[] {
  return [
    route({
      ...codeDoors['POST /account/prove/totp'],
      body: totpForm,
      handler: (ctx, { body, request }) =>
        provedReply(parts, ctx, body.to, () => {
          const tried = { accountId: ownAccountId(ctx), code: new Secret(body.code) }
          return proveAgain(parts, ctx, request, provingTotp(parts, tried))
        }),
    }),
    route({
      ...codeDoors['POST /account/prove/recovery-codes'],
      body: recoveryForm,
      handler: (ctx, { body, request }) =>
        provedReply(parts, ctx, body.to, () => {
          const tried = { accountId: ownAccountId(ctx), code: new Secret(body.recoveryCode) }
          return proveAgain(parts, ctx, request, provingRecoveryCode(parts, tried))
        }),
    }),
  ]
}
