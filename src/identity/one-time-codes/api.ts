import { Secret } from '#kit'
import { type Ctx, type Route, route } from '#platform'
import { getAccount } from '../accounts.ts'
import { idParams } from '../contract.ts'
import { codeApiDoors } from '../credential-doors.ts'
import { getResettable, requireMaking, wantedOf } from '../credentials/create.ts'
import type { Credential } from '../credentials/credential.ts'
import { getCredential } from '../credentials/credentials.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { ownAccountId } from '../resources.ts'
import { renewedCookie } from '../session-cookie.ts'
import { credentialOnWire } from '../wire.ts'
import {
  madeRecoveryCodes,
  madeTotp,
  newRecoveryCodesBody,
  newTotpBody,
  recoveryCodesLeft,
  resetTotpBody,
  totpEnrolment,
} from './contract.ts'
import { countRecoveryCodes } from './recovery-code-store.ts'
import { createRecoveryCodes, type MadeCodes, resetRecoveryCodes } from './recovery-sets.ts'
import { beginTotp, createTotp, resetTotp } from './totps.ts'

/** Setting up and making anew; listing, renaming and revoking are those of every kind. */
export function codeApi(parts: Parts): readonly Route[] {
  return [...totps(parts), ...recoveryCodes(parts)]
}

function totps(parts: Parts): readonly Route[] {
  return [
    route({
      ...codeApiDoors['POST /api/v1/totps/begin'],
      responses: { 200: totpEnrolment },
      async handler(ctx) {
        const account = await getAccount(ctx, await requireMaking(parts, ctx))
        const { text, key, address, expiresAt } = beginTotp(parts, ctx, account)
        const shown = { enrolment: text, key: key.reveal(), address: address.reveal() }
        const body = { ...shown, expiresAt: new Date(expiresAt).toISOString() }
        return { kind: 'json', unrepeatable: true, body }
      },
    }),
    route({
      ...codeApiDoors['POST /api/v1/totps'],
      body: newTotpBody,
      responses: { 201: madeTotp },
      async handler(ctx, { body: { enrolment, code, ...limits } }) {
        await requireMaking(parts, ctx)
        const wanted = { ...wantedOf(ctx, limits), enrolment, code: new Secret(code) }
        const made = await createTotp(parts, ctx, wanted, async (_, credential) => credential)
        return { kind: 'json', status: 201, body: totpOnWire(ctx, made) }
      },
    }),
    route({
      ...codeApiDoors['POST /api/v1/totps/{id}/reset'],
      params: idParams,
      body: resetTotpBody,
      responses: { 200: madeTotp },
      async handler(ctx, { params, body: { enrolment, code } }) {
        const { credential, token } = await resetTotp(parts, ctx, params.id, { enrolment, code: new Secret(code) })
        return { kind: 'json', body: totpOnWire(ctx, credential), ...renewedCookie(parts, token) }
      },
    }),
  ]
}

function recoveryCodes(parts: Parts): readonly Route[] {
  return [
    route({
      ...codeApiDoors['POST /api/v1/recovery-codes'],
      body: newRecoveryCodesBody,
      responses: { 201: madeRecoveryCodes },
      async handler(ctx, { body }) {
        await requireMaking(parts, ctx)
        const made = await createRecoveryCodes(parts, ctx, wantedOf(ctx, body))
        return { kind: 'json', status: 201, unrepeatable: true, body: codesOnWire(ctx, made) }
      },
    }),
    route({
      ...codeApiDoors['GET /api/v1/recovery-codes/{id}'],
      params: idParams,
      responses: { 200: recoveryCodesLeft },
      async handler(ctx, { params }) {
        const { id, kind } = await getCredential(ctx, params.id)
        if (kind !== 'recovery-codes') throw fail('identity.no-such-credential')
        return { kind: 'json', body: { left: await countRecoveryCodes(ctx.db, id) } }
      },
    }),
    route({
      ...codeApiDoors['POST /api/v1/recovery-codes/{id}/reset'],
      params: idParams,
      responses: { 200: madeRecoveryCodes },
      async handler(ctx, { params }) {
        ownAccountId(ctx)
        await getResettable(ctx, params.id, 'recovery-codes')
        const made = await resetRecoveryCodes(parts, ctx, params.id)
        return { kind: 'json', unrepeatable: true, body: codesOnWire(ctx, made), ...renewedCookie(parts, made.token) }
      },
    }),
  ]
}

function totpOnWire(ctx: Ctx, credential: Credential) {
  return { credential: credentialOnWire(credential, ctx.actor) }
}

function codesOnWire(ctx: Ctx, { credential, codes }: MadeCodes) {
  return { credential: credentialOnWire(credential, ctx.actor), codes: codes.map((code) => code.reveal()) }
}
