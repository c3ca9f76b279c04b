import { z } from 'zod'
import { type Ctx, GateError, type Reply, type Route, refusedInputOf, route } from '#platform'
import { idParams } from '../contract.ts'
import { newPasskeyDoors } from '../credential-doors.ts'
import { getResettable, readyCredential, requireMaking } from '../credentials/create.ts'
import { emptyLimitsForm, limitsFormBytes, limitsFormShape } from '../credentials/limits-form.ts'
import { withLimits } from '../credentials/limits-reply.ts'
import { type LimitsExtra, limitsView } from '../credentials/limits-view.ts'
import type { Parts } from '../parts.ts'
import { ownAccountId } from '../resources.ts'
import { madeReply, resetReply } from '../routes/made-reply.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import { askForNewPasskey, createPasskey, resetPasskey } from './passkeys.ts'
import { creationResponse, longestResponse, parseResponse } from './responses.ts'
import { makePasskeyPage, type NewPasskeyForm, newPasskeyPage, resetPasskeyPage } from './views.ts'

const passkeyForm = z.strictObject({
  label: z.string().max(400),
  second: z.union([z.literal('yes').transform(() => ['yes']), z.array(z.literal('yes'))]).default([]),
  ...limitsFormShape,
})
const answerForm = passkeyForm.extend({ response: z.string().max(longestResponse) })
const resetForm = z.strictObject({ response: z.string().max(longestResponse) })
const maxBody = 3 * longestResponse + limitsFormBytes

/** Making a passkey, and making one anew. */
export function newPasskeyRoutes(parts: Parts): readonly Route[] {
  return [...making(parts), ...resetting(parts)]
}

function making(parts: Parts): readonly Route[] {
  return [
    route({
      ...newPasskeyDoors['GET /account/credentials/new/passkey'],
      handler: (ctx) => formReply(parts, ctx, { label: '', second: [], ...emptyLimitsForm() }),
    }),
    route({
      ...newPasskeyDoors['POST /account/credentials/new/passkey'],
      body: passkeyForm,
      maxBody: limitsFormBytes,
      async handler(ctx, { body }) {
        await requireMaking(parts, ctx)
        return withLimits(ctx, {
          form: body,
          show: (extra, status) => formReply(parts, ctx, body, extra, status),
          // before the authenticator makes anything
          async make(limits) {
            // the label may be left to the authenticator
            const label = body.label.trim() || 'Passkey'
            await readyCredential(parts, ctx, { ...limits, label, confirmed: body.confirmed })
            return { kind: 'page', page: makePasskeyPage(body) }
          },
        })
      },
    }),
    route({
      ...newPasskeyDoors['POST /account/credentials/new/passkey/options'],
      body: z.strictObject({}),
      async handler(ctx) {
        const accountId = await requireMaking(parts, ctx)
        return { kind: 'json', body: await askForNewPasskey(parts, ctx, accountId) }
      },
    }),
    route({
      ...newPasskeyDoors['POST /account/credentials/new/passkey/answer'],
      body: answerForm,
      maxBody,
      async handler(ctx, { body: { response, ...form } }) {
        await requireMaking(parts, ctx)
        return withLimits(ctx, {
          form,
          show: (extra, status) => formReply(parts, ctx, form, extra, status),
          async make(limits) {
            const { label, confirmed } = form
            const answer = parseResponse(creationResponse, response)
            const wanted = { ...limits, label, confirmed, isSecond: form.second.length > 0, answer }
            try {
              const made = await createPasskey(parts, ctx, wanted, async (_, { credential }) => credential)
              return await madeReply(ctx, made)
            } catch (error) {
              if (!(error instanceof GateError) || !shownAgain.has(error.code)) throw error
              const page = makePasskeyPage(form, error)
              return { kind: 'page', status: error.status, refusedInput: refusedInputOf(error), page }
            }
          },
        })
      },
    }),
  ]
}

function resetting(parts: Parts): readonly Route[] {
  return [
    route({
      ...newPasskeyDoors['GET /credentials/{id}/reset/passkey'],
      params: idParams,
      async handler(ctx, { params }) {
        return { kind: 'page', page: resetPasskeyPage(await getResettable(ctx, params.id, 'passkey')) }
      },
    }),
    route({
      ...newPasskeyDoors['POST /credentials/{id}/reset/passkey/options'],
      params: idParams,
      body: z.strictObject({}),
      async handler(ctx, { params }) {
        await getResettable(ctx, params.id, 'passkey')
        await requireFreshProof(ctx)
        return { kind: 'json', body: await askForNewPasskey(parts, ctx, ownAccountId(ctx), params.id) }
      },
    }),
    route({
      ...newPasskeyDoors['POST /credentials/{id}/reset/passkey'],
      params: idParams,
      body: resetForm,
      maxBody,
      async handler(ctx, { params, body }) {
        try {
          const answer = parseResponse(creationResponse, body.response)
          return resetReply(parts, await resetPasskey(parts, ctx, params.id, answer))
        } catch (error) {
          if (!(error instanceof GateError) || !shownAgain.has(error.code)) throw error
          const credential = await getResettable(ctx, params.id, 'passkey')
          const page = resetPasskeyPage(credential, error)
          return { kind: 'page', status: error.status, refusedInput: refusedInputOf(error), page }
        }
      },
    }),
  ]
}

const shownAgain = new Set(['identity.passkey-refused', 'identity.credential-taken'])

async function formReply(
  parts: Parts,
  ctx: Ctx,
  form: NewPasskeyForm,
  extra: LimitsExtra = {},
  status = 200,
): Promise<Reply> {
  return { kind: 'page', status, page: newPasskeyPage(form, await limitsView(parts, ctx, form, extra)) }
}
