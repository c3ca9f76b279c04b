import { z } from 'zod'
import {
  type AnyStateKind,
  type Ctx,
  type StateChange,
  type StateItem,
  type StateReference,
  type StateStep,
  type StateSteps,
  type StateSurroundings,
  sortedTexts,
  stateKind,
  stateStep,
} from '#platform'
import { findAccountByHandle } from './account-store.ts'
import { newTokenBody } from './contract.ts'
import { allMadeTokens } from './credentials/credential-store.ts'
import { fail } from './errors.ts'
import type { Parts } from './parts.ts'
import { requireFreshPerson } from './sign-in/fresh-proof.ts'
import { createTokenFor, revokeToken } from './tokens.ts'

/** `sam/nightly backup`: labels are the owner's own, so the owner stands before them. */
const name = z
  .string()
  .max(300)
  .regex(
    /^[^/\p{Cc}]{1,64}\/(?!\s)[^\p{Cc}]{1,100}(?<!\s)$/u,
    'owner/label: the handle of an account, a slash, what the token is for',
  )

const texts = z.array(z.string().max(100)).max(100).default([]).transform(sortedTexts)
const fields = z.strictObject({
  permissions: newTokenBody.shape.permissions.transform(sortedTexts).optional(),
  networks: z.strictObject({ allow: texts, deny: texts }).optional(),
  regions: newTokenBody.shape.regions.unwrap().transform(sortedTexts).optional(),
  expiresAt: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text).toISOString())
    .nullable()
    .optional(),
})
type Fields = z.infer<typeof fields>

/** API tokens as files declare them: their shape. A token never changes; one of another shape takes its place. */
export function tokensState(parts: Parts): AnyStateKind {
  return stateKind({
    kind: 'tokens',
    after: ['networks', 'accounts', 'groups', 'roles'],
    name,
    fields,
    read: readTokens,
    references,
    plan: (change, about) => stepsOf(parts, change, about),
  })
}

async function readTokens(ctx: Ctx): Promise<ReadonlyMap<string, StateItem>> {
  const found = new Map<string, StateItem>()
  for (const { credential, handle } of await allMadeTokens(ctx.db)) {
    const { id, label, permissions, networks, regions, expiresAt } = credential
    const plain = `${handle}/${label}`
    const item: StateItem = {
      id,
      fields: {
        permissions: sortedTexts(permissions),
        networks: { allow: sortedTexts(networks.allow), deny: sortedTexts(networks.deny) },
        regions: sortedTexts(regions),
        expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
      },
      ...(ctx.actor.credential?.id === id ? { kept: 'the token that applies' } : {}),
    }
    // labels need not differ; the oldest has the plain name
    found.set(found.has(plain) ? `${plain}#${id}` : plain, item)
  }
  return found
}

function references({ networks }: Fields, name: string): readonly StateReference[] {
  const named = (list: 'allow' | 'deny') =>
    (networks?.[list] ?? []).flatMap((text) =>
      text.startsWith('@') ? [{ kind: 'networks', name: text.slice(1), at: ['networks', list] }] : [],
    )
  return [{ kind: 'accounts', name: ownerOf(name), at: [] }, ...named('allow'), ...named('deny')]
}

function stepsOf(parts: Parts, { name, before, wanted }: StateChange<Fields>, about: StateSurroundings): StateSteps {
  if (wanted === undefined) return { steps: before === undefined ? [] : [revocation(parts, before.id)] }
  const shape = { ...(before?.fields as Fields | undefined), ...wanted }
  if (shape.permissions === undefined || shape.permissions.length === 0) {
    return { faults: [{ at: [], message: 'Say with permissions what the token may do.' }] }
  }
  const make = creation(parts, name, { ...shape, permissions: shape.permissions }, about)
  if (before === undefined) return { steps: [make] }
  const revoke = revocation(parts, before.id)
  return {
    steps: [
      {
        ...make,
        stage: 'update',
        requires: [...revoke.requires, ...make.requires],
        run: async (tx) => {
          await revoke.run(tx)
          return make.run(tx)
        },
      },
    ],
  }
}

function revocation(parts: Parts, id: string): StateStep {
  return stateStep('clear', [`tokens:revoke:${id}`], async (tx) => {
    await requireFreshPerson(tx)
    await revokeToken(parts, tx, id)
  })
}

function creation(
  parts: Parts,
  name: string,
  shape: Fields & { readonly permissions: readonly string[] },
  about: StateSurroundings,
): StateStep {
  const owner = ownerOf(name)
  return {
    stage: 'create',
    requires: [permissionFor(about.actor.principal, owner, about.find('accounts', owner)?.id)],
    async run(tx) {
      await requireFreshPerson(tx)
      const account = await findAccountByHandle(tx.db, owner)
      if (account === undefined) throw fail('identity.no-such-account')
      const made = await createTokenFor(parts, tx, account.id, {
        label: name.slice(owner.length + 1),
        permissions: shape.permissions,
        networks: shape.networks ?? { allow: [], deny: [] },
        regions: shape.regions ?? [],
        expiresAt: typeof shape.expiresAt === 'string' ? Date.parse(shape.expiresAt) : undefined,
      })
      return { what: 'token', secret: made.token }
    },
  }
}

/** One's own is one's own; with somebody else's token one becomes them, as with a password one sets. */
function permissionFor(principal: Ctx['actor']['principal'], owner: string, ownerId: string | undefined): string {
  if (principal.kind === 'account' && principal.name === owner) return `tokens:create:${principal.id}`
  return ownerId === undefined ? 'credentials:reset' : `credentials:reset:${ownerId}`
}

function ownerOf(name: string): string {
  return name.slice(0, name.indexOf('/'))
}
