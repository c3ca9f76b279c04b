import { z } from 'zod'
import { Secret } from '#kit'
import { type Ctx, GateError, type Reply, type Route, refusedInputOf, route } from '#platform'
import { getAccount } from '../accounts.ts'
import { idParams } from '../contract.ts'
import { newCodeDoors } from '../credential-doors.ts'
import { getResettable, readyCredential, requireMaking, type WantedCredential } from '../credentials/create.ts'
import { listCredentials } from '../credentials/credential-store.ts'
import { emptyLimitsForm, limitsFormBytes, limitsFormShape } from '../credentials/limits-form.ts'
import { withLimits } from '../credentials/limits-reply.ts'
import { type LimitsExtra, type LimitsView, limitsView } from '../credentials/limits-view.ts'
import type { Parts } from '../parts.ts'
import { ownAccountId } from '../resources.ts'
import { madeReply, resetReply } from '../routes/made-reply.ts'
import { renewedCookie } from '../session-cookie.ts'
import { countRecoveryCodes } from './recovery-code-store.ts'
import { createRecoveryCodes, resetRecoveryCodes } from './recovery-sets.ts'
import { beginTotp, createTotp, resetTotp, resumeTotp, type TotpEnrolment } from './totps.ts'
import {
  carriedCode,
  type NewCodeForm,
  newRecoveryPage,
  newTotpPage,
  newTotpPath,
  recoveryCodesPage,
  resetRecoveryPage,
  scanPage,
} from './views.ts'

const labelled = z.strictObject({ label: z.string().max(400), ...limitsFormShape })
const confirmed = { enrolment: z.string().max(2_000), code: z.string().max(100) }
const confirmForm = labelled.extend(confirmed)
const resetForm = z.strictObject(confirmed)

/** Setting up an authenticator app, making recovery codes, and both anew. */
export function newCodeRoutes(parts: Parts): readonly Route[] {
  return [...makingTotp(parts), ...resettingTotp(parts), ...makingRecovery(parts), ...resettingRecovery(parts)]
}

function makingTotp(parts: Parts): readonly Route[] {
  return [
    route({
      ...newCodeDoors['GET /account/credentials/new/totp'],
      handler: (ctx) => formReply(parts, ctx, newTotpPage, { label: 'Authenticator app', ...emptyLimitsForm() }),
    }),
    route({
      ...newCodeDoors['POST /account/credentials/new/totp'],
      body: labelled,
      maxBody: limitsFormBytes,
      async handler(ctx, { body }) {
        const account = await getAccount(ctx, await requireMaking(parts, ctx))
        return making(parts, ctx, newTotpPage, body, async (wanted) => {
          await readyCredential(parts, ctx, wanted)
          return { kind: 'page', page: scanNew(beginTotp(parts, ctx, account), body) }
        })
      },
    }),
    route({
      ...newCodeDoors['POST /account/credentials/new/totp/confirm'],
      body: confirmForm,
      maxBody: limitsFormBytes,
      async handler(ctx, { body: { enrolment, code, ...form } }) {
        const account = await getAccount(ctx, await requireMaking(parts, ctx))
        return making(parts, ctx, newTotpPage, form, async (wanted) => {
          try {
            const made = await createTotp(
              parts,
              ctx,
              { ...wanted, enrolment, code: new Secret(code) },
              async (_, credential) => credential,
            )
            return await madeReply(ctx, made)
          } catch (error) {
            return scanAgain(error, (faults) => scanNew(resumeTotp(parts, ctx, account, enrolment), form, faults))
          }
        })
      },
    }),
  ]
}

function resettingTotp(parts: Parts): readonly Route[] {
  const scan = (id: string, enrolment: TotpEnrolment, faults: Faults = []) =>
    scanPage({
      enrolment,
      faults,
      action: `/credentials/${id}/reset/totp`,
      submit: 'Use this key from now on',
      lead: 'The key the app has now stops working once a code of the new one was right; the limits stay.',
      cancel: '/account/security',
    })
  return [
    route({
      ...newCodeDoors['GET /credentials/{id}/reset/totp'],
      params: idParams,
      async handler(ctx, { params }) {
        await getResettable(ctx, params.id, 'totp')
        const account = await getAccount(ctx, ownAccountId(ctx))
        return { kind: 'page', page: scan(params.id, beginTotp(parts, ctx, account)) }
      },
    }),
    route({
      ...newCodeDoors['POST /credentials/{id}/reset/totp'],
      params: idParams,
      body: resetForm,
      async handler(ctx, { params, body: { enrolment, code } }) {
        try {
          return resetReply(parts, await resetTotp(parts, ctx, params.id, { enrolment, code: new Secret(code) }))
        } catch (error) {
          const account = await getAccount(ctx, ownAccountId(ctx))
          return scanAgain(error, (faults) => scan(params.id, resumeTotp(parts, ctx, account, enrolment), faults))
        }
      },
    }),
  ]
}

function makingRecovery(parts: Parts): readonly Route[] {
  return [
    route({
      ...newCodeDoors['GET /account/credentials/new/recovery-codes'],
      async handler(ctx) {
        const [standing] = await listCredentials(ctx.db, ownAccountId(ctx), 'recovery-codes')
        if (standing !== undefined)
          return { kind: 'redirect', location: `/credentials/${standing.id}/reset/recovery-codes` }
        return formReply(parts, ctx, newRecoveryPage, { label: 'Recovery codes', ...emptyLimitsForm() })
      },
    }),
    route({
      ...newCodeDoors['POST /account/credentials/new/recovery-codes'],
      body: labelled,
      maxBody: limitsFormBytes,
      async handler(ctx, { body }) {
        await requireMaking(parts, ctx)
        return making(parts, ctx, newRecoveryPage, body, async (wanted) =>
          codesReply(parts, ctx, await createRecoveryCodes(parts, ctx, wanted)),
        )
      },
    }),
  ]
}

function resettingRecovery(parts: Parts): readonly Route[] {
  return [
    route({
      ...newCodeDoors['GET /credentials/{id}/reset/recovery-codes'],
      params: idParams,
      async handler(ctx, { params }) {
        const credential = await getResettable(ctx, params.id, 'recovery-codes')
        return { kind: 'page', page: resetRecoveryPage(credential, await countRecoveryCodes(ctx.db, credential.id)) }
      },
    }),
    route({
      ...newCodeDoors['POST /credentials/{id}/reset/recovery-codes'],
      params: idParams,
      handler: async (ctx, { params }) => codesReply(parts, ctx, await resetRecoveryCodes(parts, ctx, params.id)),
    }),
  ]
}

type Faults = readonly { readonly field: string; readonly message: string }[]

function making(
  parts: Parts,
  ctx: Ctx,
  page: typeof newTotpPage,
  form: NewCodeForm,
  make: (wanted: WantedCredential) => Promise<Reply>,
): Promise<Reply> {
  return withLimits(ctx, {
    form,
    show: (extra, status) => formReply(parts, ctx, page, form, extra, status),
    make: (limits) => make({ ...limits, label: form.label, confirmed: form.confirmed }),
  })
}

async function formReply(
  parts: Parts,
  ctx: Ctx,
  page: (label: string, limits: LimitsView) => ReturnType<typeof newTotpPage>,
  form: NewCodeForm,
  extra: LimitsExtra = {},
  status = 200,
): Promise<Reply> {
  return { kind: 'page', status, page: page(form.label, await limitsView(parts, ctx, form, extra)) }
}

function scanNew(enrolment: TotpEnrolment, form: NewCodeForm, faults: Faults = []) {
  return scanPage({
    enrolment,
    faults,
    action: `${newTotpPath}/confirm`,
    submit: 'Add the app',
    lead: 'Scan it, or type it, and then type the code that the app shows. Nothing is made before that.',
    carried: carriedCode(form),
    cancel: '/account/security',
  })
}

function scanAgain(error: unknown, page: (faults: Faults) => ReturnType<typeof scanPage>): Reply {
  if (!(error instanceof GateError) || error.code !== 'identity.code-wrong') throw error
  const faults = [{ field: 'code', message: error.detail }]
  return { kind: 'page', status: 400, refusedInput: { ...refusedInputOf(error), fields: ['code'] }, page: page(faults) }
}

function codesReply(
  parts: Parts,
  ctx: Ctx,
  made: Awaited<ReturnType<typeof createRecoveryCodes>> & { readonly token?: string | undefined },
): Reply {
  const page = recoveryCodesPage(made, parts.kernel.config.console.host, ctx.actor.principal.name)
  return { kind: 'page', page, ...renewedCookie(parts, made.token) }
}
