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

const handle = z.string().superRefine((text, context) => {
  const fault = text === text.toLowerCase() ? handleFault(text) : 'Write handles in lower case.'
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
})

const fields = z.strictObject({
  displayName: z.string().max(400).trim().optional(),
  email: z.string().max(300).nullable().optional(),
  state: z.enum(['active', 'disabled']).optional(),
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
      return new Map(accounts.map((account) => [account.handle, itemOf(ctx, account)]))
    },
    plan: (change) => ({ steps: stepsOf(parts, change) }),
  })
}

function itemOf(ctx: Ctx, { id, displayName, email, state }: Account): StateItem {
  const item = { id, fields: { displayName, email: email ?? null, state } }
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
  if (changed.has('state') && state !== undefined) {
    const stage = state === 'active' ? 'update' : 'take'
    steps.push(stateStep(stage, [`accounts:disable:${id}`], (tx) => setAccountState(parts, tx, id, state)))
  }
  return steps
}

function creation(parts: Parts, handle: string, { displayName = handle, email, state }: Fields): StateStep {
  const password = new Secret(generatePassword(parts.kernel.random))
  const wanted = { handle, displayName, email: email ?? undefined, password }
  // nobody's: a trial is undone before anybody could sign in
  let hash = 'trial'
  return {
    stage: 'create',
    requires: state === 'disabled' ? ['accounts:create', 'accounts:disable'] : ['accounts:create'],
    async prepare() {
      hash = await parts.hasher.queued((queue) => queue.hash(password))
    },
    async run(tx) {
      const faults = profileFaults(wanted)
      if (faults.length > 0) throw fail('identity.invalid-account', { faults })
      const { id } = await addAccount(parts, tx, wanted, hash)
      if (state === 'disabled') await setAccountState(parts, tx, id, 'disabled')
      return { what: 'password', secret: password.reveal() }
    },
  }
}
