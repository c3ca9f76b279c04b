import { z } from 'zod'
import { Secret } from '#kit'
import { type Ctx, GateError, type Reply, type RequestView, type Route, refusedInputOf, route } from '#platform'
import { idParams } from '../contract.ts'
import { passwordDoors } from '../credential-doors.ts'
import { getResettable, requireMayCreate } from '../credentials/create.ts'
import { emptyLimitsForm, limitsFormBytes, limitsFormShape } from '../credentials/limits-form.ts'
import { withLimits } from '../credentials/limits-reply.ts'
import { type LimitsExtra, limitsView } from '../credentials/limits-view.ts'
import { type ToldFaults, toldOfForm } from '../credentials/told-faults.ts'
import { findDevice } from '../devices.ts'
import type { Parts } from '../parts.ts'
import { renewedCookie } from '../session-cookie.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import { makePassword, resetOwnPassword } from './credentials.ts'
import { strengthOf } from './strength.ts'
import { newPasswordPage, resetPasswordPage } from './views.ts'

/** Longer ones are answered in words, up to the size of a form. */
const twice = { password: z.string(), passwordAgain: z.string() }
const newForm = z.strictObject({ label: z.string().max(400), ...twice, ...limitsFormShape })
const resetForm = z.strictObject(twice)
type NewForm = z.infer<typeof newForm>

/** Pages that add a password and put another in its place. */
export function passwordPages(parts: Parts): readonly Route[] {
  return [...adding(parts), ...resetting(parts)]
}

function adding(parts: Parts): readonly Route[] {
  return [
    route({
      ...passwordDoors['GET /account/credentials/new/password'],
      async handler(ctx) {
        await requireMayCreate(parts, ctx)
        const blank = { label: '', password: '', passwordAgain: '', ...emptyLimitsForm() }
        await requireFreshProof(ctx)
        return newFormReply(parts, ctx, blank, {})
      },
    }),
    route({
      ...passwordDoors['POST /account/credentials/new/password'],
      body: newForm,
      maxBody: limitsFormBytes,
      async handler(ctx, { body, request }) {
        await requireMayCreate(parts, ctx)
        return addByForm(parts, ctx, body, request)
      },
    }),
  ]
}

function addByForm(parts: Parts, ctx: Ctx, body: NewForm, request: RequestView): Promise<Reply> {
  return withLimits(ctx, {
    form: body,
    faults: differing(body),
    told: passwordFaults,
    show: (extra, status) => newFormReply(parts, ctx, body, extra, status),
    async make(limits) {
      const { label, confirmed, password } = body
      const wanted = { ...limits, label, confirmed, password: new Secret(password) }
      await makePassword(parts, ctx, wanted, findDevice(parts.kernel.keyring, request.cookies))
      return { kind: 'redirect', location: `/account/security?done=password-${strengthOf(password)}` }
    },
  })
}

function resetting(parts: Parts): readonly Route[] {
  return [
    route({
      ...passwordDoors['GET /credentials/{id}/reset/password'],
      params: idParams,
      async handler(ctx, { params: { id } }) {
        const credential = await getResettable(ctx, id, 'password')
        await requireFreshProof(ctx)
        return { kind: 'page', page: resetPasswordPage(credential, ctx.actor.principal.name) }
      },
    }),
    route({
      ...passwordDoors['POST /credentials/{id}/reset/password'],
      params: idParams,
      body: resetForm,
      async handler(ctx, { params: { id }, body, request }) {
        const credential = await getResettable(ctx, id, 'password')
        const again = ({ faults, status, refused }: ToldFaults): Reply => ({
          kind: 'page',
          status,
          refusedInput: refused,
          page: resetPasswordPage(credential, ctx.actor.principal.name, faults),
        })
        const faults = differing(body)
        if (faults.length > 0) return again(toldOfForm(faults))
        try {
          const device = findDevice(parts.kernel.keyring, request.cookies)
          const password = new Secret(body.password)
          const { token } = await resetOwnPassword(parts, ctx, { id, password }, device)
          const location = `/account/security?done=password-${strengthOf(body.password)}`
          return { kind: 'redirect', location, ...renewedCookie(parts, token) }
        } catch (error) {
          const told = passwordFaults(error)
          if (told === undefined) throw error
          return again(told)
        }
      },
    }),
  ]
}

/** Looked at before anything is hashed or counted. */
function differing(body: { readonly password: string; readonly passwordAgain: string }): ToldFaults['faults'] {
  return body.password === body.passwordAgain ? [] : [{ field: 'passwordAgain', message: 'The two passwords differ.' }]
}

const fields: Readonly<Record<string, string>> = {
  'identity.invalid-password': 'password',
  'identity.password-in-use': 'password',
  'identity.too-many-passwords': 'label',
  'identity.invalid-label': 'label',
  'identity.try-later': 'password',
  'identity.busy': 'password',
}

/** What a refusal says about the form; `undefined` for any other failure. */
function passwordFaults(error: unknown): ToldFaults | undefined {
  if (!(error instanceof GateError)) return undefined
  const field = fields[error.code]
  if (field === undefined) return undefined
  const { status, faults, detail } = error
  const refused = refusedInputOf(error)
  return { status, refused, faults: faults.length > 0 ? faults : [{ field, message: detail }] }
}

async function newFormReply(parts: Parts, ctx: Ctx, form: NewForm, extra: LimitsExtra, status = 200): Promise<Reply> {
  const limits = await limitsView(parts, ctx, form, extra)
  const page = newPasswordPage({ handle: ctx.actor.principal.name, label: form.label, limits })
  return { kind: 'page', status, page }
}
