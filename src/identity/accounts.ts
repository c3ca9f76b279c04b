import { noLimits, Secret } from '#kit'
import { addressFault } from '#mail'
import { type Ctx, type FieldFault, isUniqueViolation, type JournalValue, touch } from '#platform'
import { type Account, findAccount, insertAccount, isHandleTaken, updateAccount } from './account-store.ts'
import { type Credential, newCredential } from './credentials/credential.ts'
import { forgetSecrets, insertCredential, revokeCredentials } from './credentials/credential-store.ts'
import { fail } from './errors.ts'
import { handleFault } from './handles.ts'
import type { Parts } from './parts.ts'
import { passwordContext, passwordFault } from './password-rule.ts'
import { bcryptHashFault } from './passwords/stored-hash.ts'
import { endSessions } from './session-store.ts'
import { liftSuspensions } from './suspension/suspension-store.ts'

export interface NewAccount {
  readonly handle: string
  readonly displayName: string
  readonly email: string | undefined
  /** When the person was found to read mail to that address. */
  readonly emailVerifiedAt?: number | undefined
  readonly password: Secret | ImportedHash
}

/** Of a password that was set elsewhere; nobody here can judge it before its owner signs in. */
export interface ImportedHash {
  /** `$2a$`, `$2b$` or `$2y$` */
  readonly bcrypt: Secret
}

/**
 * Creates an account with its principal and first password, in one commit. Asks nobody: the route did.
 *
 * @throws GateError `identity.invalid-account` (faults by field), `identity.handle-taken`, `identity.busy`
 */
export async function createAccount(parts: Parts, ctx: Ctx, wanted: NewAccount): Promise<Account> {
  await requireValidAccount(parts, wanted)
  const { password } = wanted
  const hash =
    password instanceof Secret ? await parts.hasher.queued((queue) => queue.hash(password)) : password.bcrypt.reveal()
  try {
    const account = await ctx.tx((tx) => addAccount(parts, tx, wanted, hash))
    if (!(password instanceof Secret)) parts.standIns.changed()
    return account
  } catch (error) {
    // two at once: the other was first
    throw isUniqueViolation(error) ? fail('identity.handle-taken', { cause: error }) : error
  }
}

/** @throws GateError `identity.invalid-account` with every fault of handle, name, e-mail and password */
export async function requireValidAccount(parts: Parts, wanted: NewAccount): Promise<void> {
  const faults = [...profileFaults(wanted), ...(await firstPasswordFaults(parts, wanted))]
  if (faults.length > 0) throw fail('identity.invalid-account', { faults })
}

async function firstPasswordFaults(parts: Parts, { handle, password }: NewAccount): Promise<readonly FieldFault[]> {
  const isTyped = password instanceof Secret
  const message = isTyped
    ? await passwordFault(password, passwordContext(parts, handle.toLowerCase()))
    : bcryptHashFault(password.bcrypt.reveal())
  return message === undefined ? [] : [{ field: isTyped ? 'password' : 'passwordHash', message }]
}

/** What keeps an account from being made, its password aside. */
export function profileFaults(wanted: Omit<NewAccount, 'password'>): readonly FieldFault[] {
  return [
    { field: 'handle', message: handleFault(wanted.handle) },
    { field: 'displayName', message: displayNameFault(wanted.displayName) },
    { field: 'email', message: emailFault(wanted.email) },
  ].filter((fault): fault is FieldFault => fault.message !== undefined)
}

/** The transaction's part of creation, for set-up as well. @throws GateError `identity.handle-taken` */
export async function addAccount(parts: Parts, tx: Ctx, wanted: NewAccount, passwordHash: string): Promise<Account> {
  const handle = wanted.handle.toLowerCase()
  if (await isHandleTaken(tx.db, handle)) throw fail('identity.handle-taken')
  const account: Account = {
    id: tx.newId('acc'),
    handle,
    displayName: wanted.displayName.trim(),
    email: wanted.email,
    emailVerifiedAt: wanted.email === undefined ? undefined : wanted.emailVerifiedAt,
    state: 'active',
    suspendedUntil: undefined,
    revision: 1,
    createdAt: tx.now,
    updatedAt: tx.now,
  }
  await insertAccount(tx.db, account)
  await insertCredential(tx.db, firstPassword(tx, account.id), { hash: passwordHash })
  await parts.access.addPrincipal(tx, { id: account.id, kind: 'account', name: handle })
  await audit(tx, 'accounts.create', account)
  return account
}

/** @throws GateError `identity.no-such-account`, also for a deleted one */
export async function getAccount(ctx: Ctx, id: string): Promise<Account> {
  const account = await findAccount(ctx.db, id)
  if (account === undefined || account.state === 'deleted') throw fail('identity.no-such-account')
  return account
}

/** Absent: kept. `null` removes. */
export interface ProfileChange {
  readonly displayName?: string | undefined
  readonly email?: string | null | undefined
}

/**
 * Changes name and e-mail. The handle never changes. Apps know people by the address they are handed, so it is not the
 * person's own to change: a new one asks for `accounts:update` of everybody.
 *
 * @param guard refuses by throwing, in the transaction of the change
 * @throws GateError `identity.no-such-account`, `identity.changed-meanwhile`, `identity.invalid-account`, `access.refused`,
 * `access.outranked`
 */
export async function updateProfile(
  parts: Parts,
  ctx: Ctx,
  id: string,
  change: ProfileChange,
  guard: (account: Account) => void = () => {},
): Promise<Account> {
  const mayAddress = await requireAddressable(parts, ctx, id, change)
  return ctx.tx(async (tx) => {
    const before = await getAccount(tx, id)
    guard(before)
    await parts.access.requireOutranks(tx, id, `accounts:update:${id}`)
    const email = change.email === undefined ? before.email : (change.email ?? undefined)
    const displayName = change.displayName?.trim() ?? before.displayName
    const faults = [
      { field: 'displayName', message: displayNameFault(displayName) },
      { field: 'email', message: emailFault(email) },
    ].filter((fault): fault is FieldFault => fault.message !== undefined)
    if (faults.length > 0) throw fail('identity.invalid-account', { faults })
    if (email !== before.email && !mayAddress) throw fail('identity.changed-meanwhile')
    // whoever reads mail there has to be found again
    const emailVerifiedAt = email === before.email ? before.emailVerifiedAt : undefined
    const after = await save(tx, { ...before, displayName, email, emailVerifiedAt }, before.revision)
    await audit(tx, 'accounts.update', after, {
      changed: [
        ...(after.displayName === before.displayName ? [] : ['displayName']),
        ...(after.email === before.email ? [] : ['email']),
      ],
    })
    return after
  })
}

/** The permission to say under which address apps know somebody. */
export const addressing = 'accounts:update'

/** Whether it was asked and allowed; false: the address stays, so nobody was asked. @throws GateError `access.refused` */
async function requireAddressable(parts: Parts, ctx: Ctx, id: string, { email }: ProfileChange): Promise<boolean> {
  if (email === undefined || (email ?? undefined) === (await getAccount(ctx, id)).email) return false
  await parts.access.require(ctx, addressing)
  return true
}

/**
 * Disables or enables. A disabled account's sessions end for good and its tokens prove nothing while it is; both hold
 * from commit on, because every use looks.
 *
 * @throws GateError `identity.no-such-account`, `identity.own-account`, `access.outranked`
 */
export async function setAccountState(
  parts: Parts,
  ctx: Ctx,
  id: string,
  state: 'active' | 'disabled',
): Promise<Account> {
  if (state === 'disabled') refuseOwnAccount(ctx, id)
  return ctx.tx(async (tx) => {
    const before = await getAccount(tx, id)
    await parts.access.requireOutranks(tx, id, `accounts:disable:${id}`)
    if (before.state === state) return before
    const after = await save(tx, { ...before, state, suspendedUntil: undefined }, before.revision)
    await liftSuspensions(tx.db, id, tx.actor.principal, tx.now)
    await parts.access.setPrincipalState(tx, id, state)
    const sessionsEnded = state === 'disabled' ? await endSessions(tx.db, { accountId: id }, 'disabled', tx.now) : 0
    await audit(tx, state === 'disabled' ? 'accounts.disable' : 'accounts.enable', after, { sessionsEnded })
    return after
  })
}

/**
 * Deletes: sessions end, credentials are revoked and their secrets forgotten, name and e-mail are removed, roles and
 * grants go. The handle stays taken for ever, so that nobody inherits what was meant for somebody else.
 *
 * @throws GateError `identity.no-such-account`, `identity.own-account`, `access.outranked`
 */
export async function deleteAccount(parts: Parts, ctx: Ctx, id: string): Promise<void> {
  refuseOwnAccount(ctx, id)
  await ctx.tx(async (tx) => {
    const before = await getAccount(tx, id)
    await parts.access.requireOutranks(tx, id, `accounts:delete:${id}`)
    const sessionsEnded = await endSessions(tx.db, { accountId: id }, 'deleted', tx.now)
    const credentialsRevoked = await revokeCredentials(tx.db, { accountId: id }, tx.now)
    await forgetSecrets(tx.db, id)
    const gone: Account = {
      ...before,
      displayName: '',
      email: undefined,
      emailVerifiedAt: undefined,
      state: 'deleted',
      suspendedUntil: undefined,
    }
    const after = await save(tx, gone, before.revision)
    await parts.access.removePrincipal(tx, id)
    await audit(tx, 'accounts.delete', after, { sessionsEnded, credentialsRevoked })
  })
}

/** Whoever took over a session must not take the account with it. @throws GateError `identity.own-account` */
export function refuseOwnAccount(ctx: Ctx, id: string): void {
  if (ctx.actor.principal.id === id) throw fail('identity.own-account')
}

async function save(tx: Ctx, account: Account, expected: number): Promise<Account> {
  const next = { ...account, updatedAt: tx.now }
  if (!(await updateAccount(tx.db, next, expected))) throw fail('identity.changed-meanwhile')
  touch(tx.db, 'sessions')
  return { ...next, revision: expected + 1 }
}

function firstPassword(tx: Ctx, accountId: string): Credential {
  return newCredential(tx, { accountId, kind: 'password', label: 'Password', ...noLimits })
}

function audit(tx: Ctx, action: string, account: Account, detail?: Readonly<Record<string, JournalValue>>) {
  const target = { type: 'account', id: account.id, name: account.handle }
  return tx.audit(detail === undefined ? { action, target } : { action, target, detail })
}

export function displayNameFault(name: string): string | undefined {
  if (/[\p{Cc}\p{Bidi_Control}]/u.test(name)) return 'Leave out control characters.'
  const length = Array.from(name.trim()).length
  return length < 1 || length > 100 ? 'Use 1 to 100 characters.' : undefined
}

/** A shape check only: an address is proved by a message to it. */
function emailFault(email: string | undefined): string | undefined {
  return email === undefined ? undefined : addressFault(email)
}
