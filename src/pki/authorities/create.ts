import type { Ctx } from '#platform'
import { fail } from '../errors.ts'
import { newKey } from '../new-key.ts'
import type { AuthorityScope } from './authority-profiles.ts'
import { findActiveAuthority, type StoredAuthority } from './authority-store.ts'
import type { KeyAlgorithm } from './contract.ts'
import { makeIntermediate } from './intermediate.ts'
import { isOwnLine, rootLine } from './lines.ts'
import { alone } from './live-authority.ts'
import { type AuthorityParts, addAuthority, makeRoot } from './root.ts'

export interface NewIntermediate {
  readonly line: string
  readonly algorithm: KeyAlgorithm
  /** For lines of the operator's; those of Gatehouse know theirs. */
  readonly scope?: AuthorityScope | undefined
}

/**
 * An intermediate signed by the active root: active where nobody issues for its line, else on standby.
 *
 * @throws GateError `pki.line-unfit`, `pki.no-issuer`, `pki.authority-offline` (of the root: make a request instead), `pki.authority-not-valid`
 */
export async function createIntermediate(
  ctx: Ctx,
  parts: AuthorityParts,
  { line, algorithm, scope }: NewIntermediate,
): Promise<StoredAuthority> {
  requireScopeFits(line, scope)
  const key = await newKey(algorithm)
  return ctx.tx(async (tx) => {
    const root = await findActiveAuthority(tx.db, rootLine)
    if (root === undefined) throw fail('pki.no-issuer', { fields: { line: rootLine } })
    const state = (await findActiveAuthority(tx.db, line)) === undefined ? 'active' : 'standby'
    const spec = { line, state, key, ...(scope === undefined ? {} : { scope }) } as const
    const made = makeIntermediate(tx, parts, alone(root, parts), spec)
    await addAuthority(tx, made)
    return made
  })
}

/** A new root on standby: published at once, so that people can trust it before it is activated. */
export async function createStandbyRoot(
  ctx: Ctx,
  parts: AuthorityParts,
  algorithm: KeyAlgorithm,
): Promise<StoredAuthority> {
  const made = makeRoot(ctx, parts, 'standby', await newKey(algorithm))
  await ctx.tx((tx) => addAuthority(tx, made))
  return made
}

/** @throws GateError `pki.line-unfit` */
export function requireScopeFits(line: string, scope: AuthorityScope | undefined): void {
  if (line === rootLine) throw fail('pki.line-unfit', { fields: { line, reason: 'is that of the roots' } })
  if (isOwnLine(line) && scope !== undefined) {
    throw fail('pki.line-unfit', {
      fields: { line, reason: 'is one Gatehouse needs itself, which decides what it may issue' },
    })
  }
}
