import { z } from 'zod'
import { Secret } from '#kit'
import type { Ctx } from '#platform'
import {
  getResettable,
  makeCredential,
  readyCredential,
  resetOwn,
  type WantedCredential,
} from '../credentials/create.ts'
import type { Credential } from '../credentials/credential.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import { waitInWords } from '../throttles.ts'
import { sealTotpKey } from './prove-code.ts'
import { clockDifference, matchingStep, newTotpKey, totpAddress, totpText } from './totp.ts'

const minute = 60_000
/** Time to fetch an app and a telephone. */
const enrolmentLives = 30 * minute

/** A key that is shown and not stored until a code made with it was typed. */
export interface TotpEnrolment {
  /** Everything about it, sealed: carried by the form. */
  readonly text: string
  /** For the QR code. */
  readonly address: Secret
  /** For typing. */
  readonly key: Secret
  readonly expiresAt: number
}

const enrolled = z.strictObject({ id: z.string(), key: z.string(), expiresAt: z.number() })
type Enrolled = z.infer<typeof enrolled>

/** Begins setting up an app for an account; stores nothing. */
export function beginTotp(parts: Parts, ctx: Ctx, account: { readonly id: string; readonly handle: string }) {
  const begun = {
    id: ctx.newId('crd'),
    key: newTotpKey(parts.kernel.random).reveal(),
    expiresAt: ctx.now + enrolmentLives,
  }
  const sealed = parts.kernel.keyring.seal(Buffer.from(JSON.stringify(begun)), placeOf(account.id))
  return shown(parts, account.handle, Buffer.from(sealed).toString('base64url'), begun)
}

/** The same again, for a form that comes back. @throws GateError `identity.enrolment-over` */
export function resumeTotp(
  parts: Parts,
  ctx: Ctx,
  account: { readonly id: string; readonly handle: string },
  text: string,
): TotpEnrolment {
  return shown(parts, account.handle, text, openEnrolment(parts, ctx, account.id, text))
}

export interface WantedTotp extends WantedCredential {
  readonly enrolment: string
  readonly code: Secret
}

/**
 * Makes a one-time-code credential of whoever acts, once a code shows that the app has the key; that code's step is used up
 * with it. Permission and fresh proof are the caller's to ask.
 *
 * @throws GateError `identity.enrolment-over`, `identity.code-wrong`, `identity.credential-taken`, and as `makeCredential`
 */
export async function createTotp<T>(
  parts: Parts,
  ctx: Ctx,
  wanted: WantedTotp,
  complete: (tx: Ctx, credential: Credential) => Promise<T>,
): Promise<T> {
  const { enrolment, code, ...limits } = wanted
  const begun = openEnrolment(parts, ctx, ctx.actor.principal.id, enrolment)
  const step = stepOf(ctx, begun, code)
  const ready = await readyCredential(parts, ctx, limits)
  return ctx.tx(async (tx) => {
    const credential = await makeCredential(parts, tx, ready, {
      kind: 'totp',
      isSecond: true,
      id: begun.id,
      secret: ({ id }) => ({ material: sealTotpKey(parts.kernel.keyring, id, new Secret(begun.key)), counter: step }),
    })
    return complete(tx, credential)
  })
}

/** Puts another key in a credential's place. @throws GateError as `createTotp` and `resetOwn` */
export async function resetTotp(
  parts: Parts,
  ctx: Ctx,
  id: string,
  { enrolment, code }: Pick<WantedTotp, 'enrolment' | 'code'>,
) {
  await requireFreshProof(ctx)
  await getResettable(ctx, id, 'totp')
  const begun = openEnrolment(parts, ctx, ctx.actor.principal.id, enrolment)
  const step = stepOf(ctx, begun, code)
  return resetOwn(parts, ctx, id, 'totp', async () => ({
    material: sealTotpKey(parts.kernel.keyring, id, new Secret(begun.key)),
    counter: step,
  }))
}

function stepOf(ctx: Ctx, { key }: Enrolled, code: Secret): number {
  const step = matchingStep(new Secret(key), code.reveal(), ctx.now)
  if (step !== undefined) return step
  const difference = clockDifference(new Secret(key), code.reveal(), ctx.now)
  throw fail('identity.code-wrong', { fields: { hint: difference === undefined ? '' : clockHint(difference) } })
}

function clockHint(difference: number): string {
  const direction = difference < 0 ? 'behind' : 'ahead of'
  return `: the clock of the app is about ${waitInWords(Math.abs(difference))} ${direction} the one here, and both must be right`
}

function openEnrolment(parts: Parts, ctx: Ctx, accountId: string, text: string): Enrolled {
  const begun = readEnrolment(parts, accountId, text)
  if (begun === undefined || begun.expiresAt <= ctx.now) throw fail('identity.enrolment-over')
  return begun
}

function readEnrolment({ kernel }: Parts, accountId: string, text: string): Enrolled | undefined {
  try {
    const plain = kernel.keyring.open(Buffer.from(text.slice(0, 2_000), 'base64url'), placeOf(accountId))
    return enrolled.safeParse(JSON.parse(Buffer.from(plain).toString())).data
  } catch {
    // not ours, or somebody else's: both are over
    return undefined
  }
}

/** Never in a column: sealed for its way through the browser, for one account alone. */
function placeOf(accountId: string) {
  return { table: 'identity_credentials', column: 'enrolment', row: accountId } as const
}

function shown(parts: Parts, handle: string, text: string, { key, expiresAt }: Enrolled): TotpEnrolment {
  const secret = new Secret(key)
  const address = totpAddress(secret, parts.kernel.config.console.host, handle)
  return { text, address, key: totpText(secret), expiresAt }
}
