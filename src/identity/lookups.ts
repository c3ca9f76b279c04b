import type { ActorCredential } from '#kit'
import { findAccount } from './account-store.ts'
import { actorCredential } from './credentials/credential.ts'
import { findTokenEvenRevoked } from './credentials/credential-store.ts'
import { noteEndedUse, type Rests } from './ended-uses.ts'
import type { IdentityFace, Profile, Proof } from './face.ts'
import type { Parts } from './parts.ts'
import { changePasswordPath } from './passwords/leaked.ts'
import { createProofs, type Found } from './proofs.ts'
import { findSessionEvenEnded, type StandingSession } from './session-store.ts'
import { isActiveNow } from './suspension/suspension.ts'
import { hashOfToken, isApiToken, isSessionToken } from './token-format.ts'
import type { Uses } from './uses.ts'

const mostProfiles = 10_000

type Lookups = Pick<IdentityFace, 'findSession' | 'findToken' | 'proofOf' | 'findActor' | 'profile'>

/** The face's hot reads: plain values while nothing changed. */
export function createLookups(parts: Parts, uses: Uses): Lookups {
  const { database, clock } = parts.kernel
  const elsewhere = () => parts.certificates.epoch()
  const noteRefused = (rests: Rests, address: string | undefined) => noteEndedUse(parts, rests, address)
  const common = { database, clock, note: uses.note, noteRefused, elsewhere }
  const sessions = createProofs({ ...common, read: (hash) => readSession(parts, hash) })
  const tokens = createProofs({ ...common, read: (hash) => readToken(parts, hash) })
  const findActor: IdentityFace['findActor'] = (proof, host, address, purpose, client) =>
    proof.kind === 'session'
      ? sessions.find(proof, host, address, purpose)
      : tokens.find(proof, undefined, address, purpose, client)
  return {
    findSession: (token, host, address, purpose) => {
      const proof = proofOf(token)
      return proof?.kind === 'session' ? findActor(proof, host, address, purpose) : undefined
    },
    findToken: (token, address, purpose, client) => {
      const proof = proofOf(token)
      return proof?.kind === 'token' ? findActor(proof, undefined, address, purpose, client) : undefined
    },
    proofOf,
    findActor,
    profile: profilesOf(parts),
  }
}

function proofOf(token: string): Proof | undefined {
  const kind = isSessionToken(token) ? 'session' : isApiToken(token) ? 'token' : undefined
  return kind === undefined ? undefined : { kind, hash: hashOfToken(token) }
}

async function readSession(parts: Parts, tokenHash: string): Promise<Found | undefined> {
  const found = await findSessionEvenEnded(parts.kernel.database.db, tokenHash)
  if (found === undefined) return undefined
  const { session, handle, revoked } = found
  const rested = [found.credential, ...found.factors]
  const proved = revoked.length > 0 ? [] : await currentCredentials(parts, session.accountId, rested)
  const gone = rested.filter((one) => one.kind === 'certificate' && proved.every(({ id }) => id !== one.id))
  const rests = {
    account: { id: session.accountId, handle, state: found.accountState },
    credentials: rested,
    revoked: revoked.length > 0 ? revoked : gone,
  }
  const isOpen = !found.isEnded && found.accountState === 'active' && rests.revoked.length === 0
  return { rests, standing: isOpen ? standingOf(parts, found, proved) : undefined }
}

/** @param proved what it rests on, as it stands at this moment */
function standingOf(
  { kernel, config }: Parts,
  found: StandingSession,
  [credential, ...factors]: readonly ActorCredential[],
): Found['standing'] {
  const { session, parent } = found
  if (credential === undefined) return undefined
  const { idle } = config.session
  // a use of a child is noted with its parent's, so a child that is in use keeps its parent from idling
  if (parent !== undefined && kernel.clock.now() - Math.max(parent.lastSeenAt, session.lastSeenAt) >= idle) {
    return undefined
  }
  return {
    actor: {
      principal: { kind: 'account', id: session.accountId, name: found.handle },
      credential,
      ...(factors.length === 0 ? {} : { factors }),
      assurance: session.assurance,
      ...(found.mustChange ? { ledTo: changePasswordPath } : {}),
      session: { id: session.id, createdAt: session.createdAt, provedAt: session.provedAt },
    },
    host: session.host,
    elsewhere: [credential, ...factors].some(({ kind }) => kind === 'certificate'),
    endsAt: Math.min(
      session.endsAt,
      parent?.endsAt ?? session.endsAt,
      credential.expiresAt ?? session.endsAt,
      ...factors.map(({ expiresAt }) => expiresAt ?? session.endsAt),
      found.formerUntil ?? session.endsAt,
    ),
    idle,
    lastSeenAt: session.lastSeenAt,
    uses: session.parentId === undefined ? [session.id] : [session.id, session.parentId],
  }
}

/** As they stand at this moment, without those that prove nothing now: what another room keeps is asked there. */
async function currentCredentials(
  { kernel, certificates }: Parts,
  accountId: string,
  proved: readonly ActorCredential[],
): Promise<readonly ActorCredential[]> {
  if (proved.every(({ kind }) => kind !== 'certificate')) return proved
  const current: ActorCredential[] = []
  for (const one of proved) {
    const now = one.kind === 'certificate' ? await certificates.find(kernel.database.db, one.id, accountId) : one
    if (now !== undefined) current.push(now)
  }
  return current
}

async function readToken(parts: Parts, tokenHash: string): Promise<Found | undefined> {
  const found = await findTokenEvenRevoked(parts.kernel.database.db, tokenHash)
  if (found === undefined) return undefined
  const { account, credential } = found
  const own = actorCredential(credential)
  const isRevoked = credential.revokedAt !== undefined
  const rests = { account, credentials: [own], revoked: isRevoked ? [own] : [] }
  if (isRevoked || !(await isActiveNow(parts, account))) return { rests, standing: undefined }
  return {
    rests,
    standing: {
      actor: {
        principal: { kind: 'account', id: account.id, name: account.handle },
        credential: own,
        // what a bearer holds can be passed on, so it is never phishing-resistant
        assurance: { factors: credential.factors, phishingResistant: false },
      },
      host: undefined,
      elsewhere: false,
      endsAt: credential.expiresAt ?? Number.MAX_SAFE_INTEGER,
      idle: undefined,
      lastSeenAt: credential.lastUsedAt ?? 0,
      uses: [credential.id],
    },
  }
}

function profilesOf({ kernel: { database } }: Parts): IdentityFace['profile'] {
  const kept = new Map<string, { readonly epoch: number; readonly profile: Profile }>()
  const read = async (accountId: string): Promise<Profile | undefined> => {
    const epoch = database.epoch('sessions')
    const account = await findAccount(database.db, accountId)
    kept.delete(accountId)
    if (account === undefined || account.state === 'deleted') return undefined
    const { id, handle, displayName, email } = account
    if (kept.size >= mostProfiles) kept.clear()
    kept.set(accountId, { epoch, profile: { id, handle, displayName, email } })
    return { id, handle, displayName, email }
  }
  return (accountId) => {
    const entry = kept.get(accountId)
    return entry !== undefined && entry.epoch === database.epoch('sessions') ? entry.profile : read(accountId)
  }
}
