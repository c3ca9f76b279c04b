import { z } from 'zod'
import type { CredentialLimits } from '#kit'
import { type Ctx, GateError, type Reply, type Route, refusedInputOf, route } from '#platform'
import { idParams } from '../contract.ts'
import { keyCreationDoors } from '../credential-doors.ts'
import { getResettable, requireMayCreate } from '../credentials/create.ts'
import { emptyLimitsForm, limitsFormBytes, limitsFormShape } from '../credentials/limits-form.ts'
import { withLimits } from '../credentials/limits-reply.ts'
import { type LimitsExtra, limitsView } from '../credentials/limits-view.ts'
import { limitsInWords } from '../credentials/limits-words.ts'
import type { ToldFaults } from '../credentials/told-faults.ts'
import { recoveryOffer } from '../one-time-codes/views.ts'
import type { Parts } from '../parts.ts'
import { isFirstSecond, madeReply } from '../routes/made-reply.ts'
import { renewedCookie } from '../session-cookie.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import {
  makeKey,
  makeSharedSecret,
  refusePrivateKey,
  resetKey,
  resetSharedSecret,
  type WantedKey,
} from './credentials.ts'
import { findExposed, revokeExposed } from './exposed.ts'
import { findPrivateKey } from './private-keys.ts'
import { longestPublicKey } from './public-keys.ts'
import {
  newKeyPage,
  newSharedSecretPage,
  privateKeyPage,
  resetKeyPage,
  resetSharedSecretPage,
  sharedSecretPage,
} from './views/keys.ts'

const second = z.enum(['yes']).optional()
const keyForm = z.strictObject({
  label: z.string().max(400),
  publicKey: z.string().max(65_536),
  second,
  ...limitsFormShape,
})
const secretForm = z.strictObject({ label: z.string().max(400), second, ...limitsFormShape })
type KeyForm = z.infer<typeof keyForm>
type SecretForm = z.infer<typeof secretForm>
/** Form encoding makes up to three characters of one. */
const keyFormBytes = limitsFormBytes + 3 * 65_536

const newKeyPath = '/account/credentials/new/key'
const done = (what: string) => `/account/security?done=${what}`

/** Pages that make and reset keys and shared secrets. */
export function keyCreationRoutes(parts: Parts): readonly Route[] {
  return [...newKeys(parts), ...newSecrets(parts), ...resets(parts), exposedKeys(parts)]
}

function newKeys(parts: Parts): readonly Route[] {
  return [
    route({
      ...keyCreationDoors['GET /account/credentials/new/key'],
      async handler(ctx) {
        await requireMayCreate(parts, ctx)
        const blank: KeyForm = { label: '', publicKey: '', second: undefined, ...emptyLimitsForm() }
        await requireFreshProof(ctx)
        return keyFormReply(parts, ctx, blank, {})
      },
    }),
    route({
      ...keyCreationDoors['POST /account/credentials/new/key'],
      body: keyForm,
      maxBody: keyFormBytes,
      async handler(ctx, { body }) {
        await requireMayCreate(parts, ctx)
        const wrong = await privateKeyReply(parts, ctx, body.publicKey, newKeyPath)
        if (wrong !== undefined) return wrong
        return withLimits(ctx, {
          form: body,
          told: keyFaults,
          show: (extra, status) => keyFormReply(parts, ctx, body, extra, status),
          async make(limits) {
            const { credential } = await makeKey(parts, ctx, wantedOf(body, limits), body.publicKey)
            return madeReply(ctx, credential)
          },
        })
      },
    }),
  ]
}

function newSecrets(parts: Parts): readonly Route[] {
  return [
    route({
      ...keyCreationDoors['GET /account/credentials/new/shared-secret'],
      async handler(ctx) {
        await requireMayCreate(parts, ctx)
        const blank: SecretForm = { label: '', second: undefined, ...emptyLimitsForm() }
        await requireFreshProof(ctx)
        return secretFormReply(parts, ctx, blank, {})
      },
    }),
    route({
      ...keyCreationDoors['POST /account/credentials/new/shared-secret'],
      body: secretForm,
      maxBody: limitsFormBytes,
      async handler(ctx, { body }) {
        await requireMayCreate(parts, ctx)
        return withLimits(ctx, {
          form: body,
          told: keyFaults,
          show: (extra, status) => secretFormReply(parts, ctx, body, extra, status),
          async make(limits) {
            const { credential, secret } = await makeSharedSecret(parts, ctx, wantedOf(body, limits))
            const words = limitsInWords(credential, (pattern) => parts.access.describePermission(pattern))
            const offered = (await isFirstSecond(ctx, credential)) ? recoveryOffer() : undefined
            return { kind: 'page', page: sharedSecretPage(credential.label, secret, words, offered) }
          },
        })
      },
    }),
  ]
}

function resets(parts: Parts): readonly Route[] {
  return [
    route({
      ...keyCreationDoors['GET /credentials/{id}/reset/key'],
      params: idParams,
      async handler(ctx, { params: { id } }) {
        const key = await getResettable(ctx, id, 'key')
        await requireFreshProof(ctx)
        return { kind: 'page', page: resetKeyPage(key) }
      },
    }),
    route({
      ...keyCreationDoors['POST /credentials/{id}/reset/key'],
      params: idParams,
      body: z.strictObject({ publicKey: z.string().max(65_536) }),
      maxBody: keyFormBytes,
      async handler(ctx, { params: { id }, body: { publicKey } }) {
        const key = await getResettable(ctx, id, 'key')
        const wrong = await privateKeyReply(parts, ctx, publicKey, `/credentials/${id}/reset/key`)
        if (wrong !== undefined) return wrong
        try {
          const { token } = await resetKey(parts, ctx, id, publicKey)
          return { kind: 'redirect', location: done('reset'), ...renewedCookie(parts, token) }
        } catch (error) {
          const told = keyFaults(error)
          if (told === undefined) throw error
          const page = resetKeyPage(key, shownAgain(publicKey), told.faults)
          return { kind: 'page', status: told.status, refusedInput: told.refused, page }
        }
      },
    }),
    route({
      ...keyCreationDoors['GET /credentials/{id}/reset/shared-secret'],
      params: idParams,
      async handler(ctx, { params: { id } }) {
        const credential = await getResettable(ctx, id, 'shared-secret')
        await requireFreshProof(ctx)
        return { kind: 'page', page: resetSharedSecretPage(credential) }
      },
    }),
    route({
      ...keyCreationDoors['POST /credentials/{id}/reset/shared-secret'],
      params: idParams,
      async handler(ctx, { params: { id } }) {
        const { credential, secret, token } = await resetSharedSecret(parts, ctx, id)
        const words = limitsInWords(credential, (pattern) => parts.access.describePermission(pattern))
        return { kind: 'page', page: sharedSecretPage(credential.label, secret, words), ...renewedCookie(parts, token) }
      },
    }),
  ]
}

function exposedKeys(parts: Parts): Route {
  return route({
    ...keyCreationDoors['POST /account/exposed-key'],
    body: z.strictObject({ ticket: z.string().max(200) }),
    async handler(ctx, { body }) {
      await revokeExposed(parts, ctx, body.ticket)
      return { kind: 'redirect', location: done('revoked') }
    },
  })
}

/** For a text with a private key: the warning, with an offer to revoke it where it is in use. Looked for before all else. */
async function privateKeyReply(parts: Parts, ctx: Ctx, text: string, back: string): Promise<Reply | undefined> {
  try {
    refusePrivateKey(text)
    return undefined
  } catch (error) {
    if (!(error instanceof GateError) || error.code !== 'identity.private-key-pasted') throw error
    return {
      kind: 'page',
      status: error.status,
      refusedInput: refusedInputOf(error),
      page: privateKeyPage(await findExposed(parts, ctx, text), back),
    }
  }
}

function wantedOf({ label, confirmed, second }: SecretForm, limits: CredentialLimits): WantedKey {
  return { ...limits, label, confirmed, isSecond: second === 'yes' }
}

const keyFaultCodes = new Set(['identity.invalid-key', 'identity.key-in-use', 'identity.invalid-label'])

function keyFaults(error: unknown): ToldFaults | undefined {
  if (!(error instanceof GateError) || !keyFaultCodes.has(error.code)) return undefined
  const { status, faults, detail } = error
  return {
    status,
    refused: refusedInputOf(error),
    faults: faults.length > 0 ? faults : [{ field: 'publicKey', message: detail }],
  }
}

async function keyFormReply(parts: Parts, ctx: Ctx, form: KeyForm, extra: LimitsExtra, status = 200): Promise<Reply> {
  const limits = await limitsView(parts, ctx, form, extra)
  const { label, publicKey, second } = form
  const page = newKeyPage({ label, publicKey: shownAgain(publicKey), isSecond: second === 'yes', limits })
  return { kind: 'page', status, page }
}

async function secretFormReply(
  parts: Parts,
  ctx: Ctx,
  form: SecretForm,
  extra: LimitsExtra,
  status = 200,
): Promise<Reply> {
  const limits = await limitsView(parts, ctx, form, extra)
  return {
    kind: 'page',
    status,
    page: newSharedSecretPage({ label: form.label, isSecond: form.second === 'yes', limits }),
  }
}

/** What was typed, for the form: never what may be a private key, and no longer than a public one. */
function shownAgain(publicKey: string): string {
  return publicKey.length > longestPublicKey || findPrivateKey(publicKey) !== undefined ? '' : publicKey
}
