import { z } from 'zod'
import { Secret } from '#kit'
import {
  type AnyStateKind,
  type Ctx,
  type StateChange,
  type StateItem,
  type StateStep,
  stateKind,
  stateStep,
} from '#platform'
import { type Account, listAccounts } from './account-store.ts'
import { addAccount, deleteAccount, profileFaults, setAccountState, updateProfile } from './accounts.ts'
import { fail } from './errors.ts'
import { handleFault } from './handles.ts'
import type { Parts } from './parts.ts'
import { generatePassword } from './passwords.ts'
import { suspend } from './suspension/suspension.ts'
import { openSuspensions, type Suspension } from './suspension/suspension-store.ts'

const handle = z.string().superRefine((text, context) => {
  const fault = text === text.toLowerCase() ? handleFault(text) : 'Write handles in lower case.'
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
})

const fields = z
  .strictObject({
    displayName: z.string().max(400).trim().optional(),
    email: z.string().max(300).nullable().optional(),
    state: z.enum(['active', 'disabled', 'suspended']).optional(),
    /** With the state `suspended`, and only then. */
    suspendedUntil: z.iso.datetime().optional(),
    suspensionReason: z.string().max(500).optional(),
  })
  .superRefine(({ state, suspendedUntil, suspensionReason }, context) => {
    const given = [suspendedUntil, suspensionReason].filter((value) => value !== undefined).length
    if (given === (state === 'suspended' ? 2 : 0)) return
    const message = 'The state suspended takes suspendedUntil and suspensionReason; no other does.'
    context.addIssue({ code: 'custom', message, path: ['state'] })
  })
type Fields = z.infer<typeof fields>

/** Accounts as files declare them: without a password, which is made with the account and shown once. */
export function accountsState(parts: Parts): AnyStateKind {
  return stateKind({
    kind: 'accounts',
    after: [],
    name: handle,
    fields,
    async read(ctx) {
      const accounts = await listAccounts(ctx.db, {
        text: undefined,
        state: undefined,
        after: undefined,
        limit: Number.MAX_SAFE_INTEGER,
      })
      const suspended = await openSuspensions(ctx.db)
      return new Map(accounts.map((account) => [account.handle, itemOf(ctx, account, suspended.get(account.id))]))
    },
    plan: (change) => ({ steps: stepsOf(parts, change) }),
  })
}

function itemOf(ctx: Ctx, { id, displayName, email, state }: Account, suspension: Suspension | undefined): StateItem {
  const because =
    suspension === undefined
      ? {}
      : { suspendedUntil: new Date(suspension.untilAt).toISOString(), suspensionReason: suspension.reason }
  const item = { id, fields: { displayName, email: email ?? null, state, ...because } }
  return ctx.actor.principal.id === id ? { ...item, kept: 'the account that applies' } : item
}

function stepsOf(parts: Parts, { name, before, wanted, changed }: StateChange<Fields>): readonly StateStep[] {
  if (before === undefined) return wanted === undefined ? [] : [creation(parts, name, wanted)]
  const { id } = before
  if (wanted === undefined) {
    return [stateStep('delete', [`accounts:delete:${id}`], (tx) => deleteAccount(parts, tx, id))]
  }
  const { displayName, email, state } = wanted
  const steps: StateStep[] = []
  if (changed.has('displayName') || changed.has('email')) {
    const change = { displayName, ...(changed.has('email') ? { email } : {}) }
    steps.push(stateStep('update', [`accounts:update:${id}`], (tx) => updateProfile(parts, tx, id, change)))
  }
  const { suspendedUntil, suspensionReason } = wanted
  if (state === 'suspended') {
    const moved = ['state', 'suspendedUntil', 'suspensionReason'].some((field) => changed.has(field))
    if (moved) steps.push(suspending(parts, id, suspendedUntil, suspensionReason))
  } else if (changed.has('state') && state !== undefined) {
    const stage = state === 'active' ? 'update' : 'take'
    steps.push(stateStep(stage, [`accounts:disable:${id}`], (tx) => setAccountState(parts, tx, id, state)))
  }
  return steps
}

/** What it takes to make an account that is shut out. */
const shutting = {
  active: [],
  disabled: ['accounts:disable'],
  suspended: ['accounts:suspend'],
} as const

function suspending(parts: Parts, id: string, until = '', reason = ''): StateStep {
  return stateStep('take', [`accounts:suspend:${id}`], (tx) =>
    suspend(parts, tx, id, { reason, until: Date.parse(until) }),
  )
}

function creation(parts: Parts, handle: string, given: Fields): StateStep {
  const { displayName = handle, email, state, suspendedUntil = '', suspensionReason: reason = '' } = given
  const password = new Secret(generatePassword(parts.kernel.random))
  const wanted = { handle, displayName, email: email ?? undefined, password }
  // nobody's: a trial is undone before anybody could sign in
  let hash = 'trial'
  return {
    stage: 'create',
    requires: ['accounts:create', ...(state === undefined ? [] : shutting[state])],
    async prepare() {
      hash = await parts.hasher.queued((queue) => queue.hash(password))
    },
    async run(tx) {
      const faults = profileFaults(wanted)
      if (faults.length > 0) throw fail('identity.invalid-account', { faults })
      const { id } = await addAccount(parts, tx, wanted, hash)
      if (state === 'disabled') await setAccountState(parts, tx, id, 'disabled')
      if (state === 'suspended') await suspend(parts, tx, id, { reason, until: Date.parse(suspendedUntil) })
      return { what: 'password', secret: password.reveal() }
    },
  }
}
