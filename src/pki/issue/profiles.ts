import type { Ctx } from '#platform'
import { fail } from '../errors.ts'
import type { NewProfileBody, ProfilePatch } from './contract.ts'
import type { IssueParts } from './issue.ts'
import { builtInProfiles, daysOf, kindRules, lifetimeOf, type Profile } from './profile.ts'
import { profileFaults } from './profile-rules.ts'
import {
  findStoredProfile,
  insertProfile,
  isProfileNameTaken,
  listStoredProfiles,
  markProfileRemoved,
  updateProfile,
} from './profile-store.ts'

type Domain = Pick<IssueParts, 'trustDomain'>
type ProfileParts = Pick<IssueParts, 'trustDomain' | 'hierarchy'>

/** Every profile, built-in ones first. */
export async function allProfiles(ctx: Ctx, { trustDomain }: Domain): Promise<readonly Profile[]> {
  return [...builtInProfiles(trustDomain), ...(await listStoredProfiles(ctx.db))]
}

/** @throws GateError `pki.no-such-profile`, of one that was removed too */
export async function getProfile(ctx: Ctx, parts: Domain, name: string): Promise<Profile> {
  const found = findBuiltIn(parts, name) ?? (await findStoredProfile(ctx.db, name))
  if (found === undefined) throw noSuch(name)
  return found
}

/**
 * Whether a profile is still what it was when something was judged by it. Call it in the transaction that acts on that: transactions
 * are serializable, so whatever comes after the one that narrowed or removed the profile heeds it.
 *
 * @throws GateError `pki.no-such-profile`, `pki.profile-stale`
 */
export async function requireCurrent(tx: Ctx, { name, revision, builtIn }: Profile): Promise<void> {
  if (builtIn) return
  const now = await findStoredProfile(tx.db, name)
  if (now === undefined) throw noSuch(name)
  if (now.revision !== revision) throw fail('pki.profile-stale', { fields: { name } })
}

/** Whoever may issue by patterns may issue by it from then on. @throws GateError `pki.profile-name-taken`, `pki.profile-invalid` */
export async function createProfile(ctx: Ctx, parts: ProfileParts, body: NewProfileBody): Promise<Profile> {
  const { name, kind, line = kindRules[kind].line, days, ...rest } = body
  return ctx.tx(async (tx) => {
    const isTaken = findBuiltIn(parts, name) !== undefined || (await isProfileNameTaken(tx.db, name))
    if (isTaken) throw fail('pki.profile-name-taken', { fields: { name } })
    const times = { createdAt: tx.now, updatedAt: tx.now, revision: 1 }
    const profile: Profile = { name, kind, line, lifetimeMs: lifetimeOf(days), ...rest, builtIn: false, ...times }
    await requireSound(parts, profile)
    await insertProfile(tx.db, profile, tx.now)
    await tx.audit({ action: 'certificate-profiles.create', target: targetOf(profile), detail: detailOf(profile) })
    return profile
  })
}

/**
 * Certificates that stand stay as they are; what is issued or renewed from then on is as the profile says then.
 *
 * @param guard given the profile as it is in the transaction; throws when the caller saw another one
 * @throws GateError `pki.no-such-profile`, `pki.profile-built-in`, `pki.profile-invalid`
 */
export async function changeProfile(
  ctx: Ctx,
  parts: ProfileParts,
  name: string,
  { days, ...change }: ProfilePatch,
  guard: (now: Profile) => void = () => {},
): Promise<Profile> {
  return ctx.tx(async (tx) => {
    const before = await getOwn(tx, parts, name)
    guard(before)
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    const lifetimeMs = days === undefined ? before.lifetimeMs : lifetimeOf(days)
    const profile: Profile = { ...before, ...given, lifetimeMs, updatedAt: tx.now, revision: before.revision + 1 }
    await requireSound(parts, profile)
    await updateProfile(tx.db, profile, tx.now)
    const detail = { ...detailOf(profile), before: detailOf(before) }
    await tx.audit({ action: 'certificate-profiles.update', target: targetOf(profile), detail })
    return profile
  })
}

/**
 * From commit on it issues and renews nothing. Its certificates stand until they end or are revoked, and its name stays
 * taken.
 *
 * @throws GateError `pki.no-such-profile`, `pki.profile-built-in`
 */
export async function deleteProfile(
  ctx: Ctx,
  parts: Domain,
  name: string,
  guard: (now: Profile) => void = () => {},
): Promise<void> {
  await ctx.tx(async (tx) => {
    const profile = await getOwn(tx, parts, name)
    guard(profile)
    await markProfileRemoved(tx.db, name, tx.now)
    await tx.audit({ action: 'certificate-profiles.delete', target: targetOf(profile), detail: detailOf(profile) })
  })
}

/** One that can be changed. @throws GateError `pki.no-such-profile`, `pki.profile-built-in` */
export async function getOwn(ctx: Ctx, parts: Domain, name: string): Promise<Profile> {
  const profile = await getProfile(ctx, parts, name)
  if (profile.builtIn) throw fail('pki.profile-built-in', { fields: { name } })
  return profile
}

async function requireSound({ trustDomain, hierarchy }: ProfileParts, profile: Profile): Promise<void> {
  const authorities = await hierarchy.current()
  const faults = profileFaults(profile, { trustDomain, active: (line) => authorities.active(line) })
  if (faults.length > 0) throw fail('pki.profile-invalid', { faults: faults.slice(0, 20) })
}

function findBuiltIn({ trustDomain }: Domain, name: string): Profile | undefined {
  return builtInProfiles(trustDomain).find((profile) => profile.name === name)
}

function noSuch(name: string) {
  return fail('pki.no-such-profile', { fields: { name: name.slice(0, 80) } })
}

function targetOf({ name }: Profile) {
  return { type: 'certificate-profiles', id: name, name }
}

function detailOf(profile: Profile) {
  const { kind, line, keys, names } = profile
  return { kind, line, days: daysOf(profile), keys: [...keys], names: [...names] }
}
