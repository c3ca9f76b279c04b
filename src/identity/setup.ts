import type { Actor, Secret } from '#kit'
import { type Ctx, isUniqueViolation } from '#platform'
import type { Account } from './account-store.ts'
import { addAccount, requireValidAccount } from './accounts.ts'
import { actorCredential } from './credentials/credential.ts'
import { listCredentials } from './credentials/credential-store.ts'
import { fail } from './errors.ts'
import type { Parts } from './parts.ts'
import { type OpenedSession, openSession } from './sessions.ts'
import { closeSetup, hasSetupTicket, insertSetupSecret, isSetUp, takeSetupLink } from './setup-store.ts'
import { rememberPlaces } from './throttles.ts'
import { hashOfToken, newSecretText } from './token-format.ts'

export const setupCookieName = '__Host-gatehouse-setup'
const linkLives = 24 * 60 * 60_000
const ticketLives = 60 * 60_000
/** Gives everything; access ships it. */
const administratorRole = 'administrator'

/** Whether the first administrator is still missing. Accounts alone do not close it: the machine's owner may declare them first. */
export async function isSetupOpen(parts: Parts, ctx: Ctx): Promise<boolean> {
  return !(await isSetUp(ctx.db)) && !(await parts.access.hasAdministrator(ctx.db))
}

/** The secret of a new set-up link, good for 24 hours and one use; `undefined` once set-up is closed. */
export async function newSetupToken(parts: Parts, ctx: Ctx): Promise<string | undefined> {
  return ctx.tx(async (tx) => {
    if (!(await isSetupOpen(parts, tx))) return undefined
    const token = newSecretText(parts.kernel.random)
    await insertSetupSecret(tx.db, 'link', hashOfToken(token), tx.now, tx.now + linkLives)
    return token
  })
}

/**
 * Turns the link's secret into a ticket for this browser's cookie, once: whoever comes second with the link learns that
 * somebody was first.
 *
 * @throws GateError `identity.set-up-closed`, `identity.set-up-link-refused`
 */
export async function exchangeSetupToken(parts: Parts, ctx: Ctx, token: string): Promise<string> {
  return ctx.tx(async (tx) => {
    if (!(await isSetupOpen(parts, tx))) throw fail('identity.set-up-closed')
    if (!(await takeSetupLink(tx.db, hashOfToken(token), tx.now))) throw fail('identity.set-up-link-refused')
    const ticket = newSecretText(parts.kernel.random)
    await insertSetupSecret(tx.db, 'ticket', hashOfToken(ticket), tx.now, tx.now + ticketLives)
    return ticket
  })
}

/** @throws GateError `identity.set-up-closed`, `identity.set-up-link-refused` */
export async function requireSetupTicket(parts: Parts, ctx: Ctx, ticket: string | undefined): Promise<void> {
  if (!(await isSetupOpen(parts, ctx))) throw fail('identity.set-up-closed')
  if (ticket === undefined || !(await hasSetupTicket(ctx.db, hashOfToken(ticket), ctx.now))) {
    throw fail('identity.set-up-link-refused')
  }
}

export interface FirstAdministrator {
  readonly handle: string
  readonly displayName: string
  readonly password: Secret
}

/** By the browser's ticket, which also signs in; or by the machine's owner on the admin socket. */
export type SetupProof =
  | {
      readonly ticket: string | undefined
      readonly client: string
      readonly replaces: string | undefined
      /** The id the browser is given. */
      readonly device: string
    }
  | 'local'

/**
 * Makes the first administrator and closes set-up for ever, in one commit: of two at once, one is refused.
 *
 * @throws GateError `identity.set-up-closed`, `identity.set-up-link-refused`, `identity.invalid-account`
 */
export async function completeSetup(
  parts: Parts,
  ctx: Ctx,
  wanted: FirstAdministrator,
  proof: SetupProof,
): Promise<{ readonly account: Account; readonly opened: OpenedSession | undefined }> {
  if (proof !== 'local') await requireSetupTicket(parts, ctx, proof.ticket)
  const complete = { ...wanted, email: undefined }
  await requireValidAccount(parts, complete)
  const hash = await parts.hasher.queued((queue) => queue.hash(wanted.password))
  try {
    return await ctx.tx(async (tx) => {
      if (proof !== 'local') await requireSetupTicket(parts, tx, proof.ticket)
      else if (!(await isSetupOpen(parts, tx))) throw fail('identity.set-up-closed')
      await closeSetup(tx.db, tx.now)
      const account = await addAccount(parts, tx, complete, hash)
      await parts.access.assignRole(tx, account.id, administratorRole)
      await tx.audit({
        action: 'setup.complete',
        target: { type: 'account', id: account.id, name: account.handle },
        detail: { by: proof === 'local' ? 'local' : 'link' },
      })
      const opened = proof === 'local' ? undefined : await signInFirst(parts, tx, account, proof)
      return { account, opened }
    })
  } catch (error) {
    throw isUniqueViolation(error) ? fail('identity.set-up-closed', { cause: error }) : error
  }
}

async function signInFirst(
  parts: Parts,
  tx: Ctx,
  account: Account,
  { client, replaces, device }: Exclude<SetupProof, 'local'>,
): Promise<OpenedSession> {
  const [credential] = await listCredentials(tx.db, account.id, 'password')
  if (credential === undefined) throw new TypeError('a new account has its password')
  const { address } = tx.actor
  const actor: Actor = {
    principal: { kind: 'account', id: account.id, name: account.handle },
    credential: actorCredential(credential),
    ...(address === undefined ? {} : { address }),
  }
  await rememberPlaces(tx, parts.kernel.keyring, { handle: account.handle, address, device })
  return openSession(parts, tx.as(actor), {
    credential,
    assurance: { factors: 1, phishingResistant: false },
    client,
    replaces,
  })
}
