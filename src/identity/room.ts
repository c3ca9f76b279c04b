import { availableParallelism } from 'node:os'
import { accessRoom as access } from '#access'
import { mailRoom as mail } from '#mail'
import { consoleOrigin, defineRoom, type Job, type Notice, type SetupStep, type SignInCredentials } from '#platform'
import { listAccounts } from './account-store.ts'
import { authenticatorsOf } from './authenticators.ts'
import { keptCertificates } from './certificates/kept-elsewhere.ts'
import { identityConfig } from './config.ts'
import { identityPermissions } from './contract.ts'
import { identityErrors } from './errors.ts'
import { events } from './events.ts'
import type { IdentityFace } from './face.ts'
import { forgetInvitations } from './joining/invitation-store.ts'
import { answerJoinRequest, joinAsked } from './joining/joining.ts'
import { createLookups } from './lookups.ts'
import { firstTables } from './migrations/0001-identity.ts'
import { sessionRotation } from './migrations/0002-session-rotation.ts'
import { manyCredentials } from './migrations/0003-credentials.ts'
import { oneTimeCodes } from './migrations/0006-one-time-codes.ts'
import { joining } from './migrations/0007-joining.ts'
import { placesKept } from './notices/new-places.ts'
import { forgetPlaces } from './notices/place-store.ts'
import type { Parts } from './parts.ts'
import { createHasher } from './password-hash.ts'
import { commonPasswords } from './passwords/breached.ts'
import { lanesOf } from './passwords/hash-lanes.ts'
import { createStandIns } from './passwords/stand-ins.ts'
import { forgetLinks } from './recovery/link-store.ts'
import { answerRecoveryRequest, recoveryAsked } from './recovery/recovery.ts'
import { identityPolicies, identityResources } from './resources.ts'
import { identityRoutes } from './room-routes.ts'
import { rotateOnChangedHoldings } from './rotation.ts'
import { accountSearch, identityActions } from './search.ts'
import { forgetSessions } from './session-store.ts'
import { endSession, openAppSession } from './sessions.ts'
import { newSetupToken } from './setup.ts'
import { requireFreshPerson } from './sign-in/fresh-proof.ts'
import { forgetSignIns } from './sign-in/sign-in-store.ts'
import { accountsState } from './state-accounts.ts'
import { tokensState } from './state-tokens.ts'
import { liftAllOver } from './suspension/suspension.ts'
import { forgetThrottles } from './throttle-store.ts'
import { createUses, type Uses } from './uses.ts'

const hour = 60 * 60_000
const endedSessionsKept = 30 * 24 * hour
const settledInvitationsKept = 90 * 24 * hour
const usesWrittenEvery = 5_000

/** Who is asking: accounts, their credentials and sessions, sign-in and set-up. */
export const identityRoom = defineRoom({
  name: 'identity',
  config: identityConfig,
  migrations: [firstTables, sessionRotation, manyCredentials, oneTimeCodes, joining],
  errors: identityErrors,
  permissions: identityPermissions,
  events,
  needs: { access, mail },
  async open(kernel, needs, config) {
    const { lanes, queue } = config.password
    // the main thread serves nobody beside workers: each has as many others as there are workers
    const serving = Math.max(1, kernel.threads.others)
    const hasher = createHasher({
      lanes: lanesOf(lanes, availableParallelism(), serving),
      queue,
      random: kernel.random,
    })
    let contributed: readonly SignInCredentials[] = []
    const certificates = keptCertificates(kernel.database, () => contributed.find(({ kind }) => kind === 'certificate'))
    const standIns = createStandIns(kernel.database, kernel.keyring, kernel.log)
    const parts: Parts = { kernel, ...needs, config, hasher, breached: commonPasswords, certificates, standIns }
    const uses = createUses(kernel.database, kernel.log, kernel.regions)
    const face = faceOf(parts, uses)
    let timer: NodeJS.Timeout | undefined
    let minutes: NodeJS.Timeout | undefined
    return {
      face,
      routes: identityRoutes(parts),
      navigation: [
        { title: 'People', href: '/accounts', permission: 'accounts:read', order: 20, group: 'people' },
        { title: 'Invitations', href: '/invitations', permission: 'accounts:create', order: 22, group: 'people' },
      ],
      events: {
        [joinAsked]: (payload, ctx) => answerJoinRequest(parts, payload, ctx),
        [recoveryAsked]: (payload, ctx) => answerRecoveryRequest(parts, payload, ctx),
      },
      search: [accountSearch],
      searchActions: identityActions,
      setupSteps: [addPeople],
      resources: identityResources,
      policies: [identityPolicies],
      state: [accountsState(parts), tokensState(parts)],
      freshProof: { code: 'identity.proof-needed', path: '/account/prove', require: requireFreshPerson },
      authenticators: authenticatorsOf(face, (ctx, token) => rotateOnChangedHoldings(parts, ctx, token)),
      jobs: jobs(parts),
      notices: () => setupNotices(parts),
      async start({ signInCredentials }) {
        contributed = signInCredentials
        await standIns.count()
        timer = setInterval(() => void uses.flush(), usesWrittenEvery).unref()
        minutes = setInterval(() => void standIns.everyMinute(), 60_000).unref()
      },
      async stop() {
        clearInterval(timer)
        clearInterval(minutes)
        await uses.flush()
      },
    }
  },
})

function faceOf(parts: Parts, uses: Uses): IdentityFace {
  return {
    ...createLookups(parts, uses),
    openAppSession: (ctx, host) => openAppSession(parts, ctx, host),
    endSession: (ctx, sessionId) => endSession(ctx, sessionId),
  }
}

/** A new link at every start while there is no administrator; the older ones go on until they expire. */
async function setupNotices(parts: Parts): Promise<readonly Notice[]> {
  const token = await newSetupToken(parts, parts.kernel.context(system))
  return token === undefined
    ? []
    : [{ title: 'Set up', text: `${consoleOrigin(parts.kernel)}/setup?token=${token} (one use, within 24 hours)` }]
}

const system = { principal: { kind: 'system', id: 'system', name: 'system' } } as const

const addPeople: SetupStep = {
  title: 'Add the people',
  text: 'Everybody signs in with an account of their own, so that the journal can say who did what.',
  permission: 'accounts:create',
  order: 20,
  action: { text: 'Add a person', href: '/accounts/new' },
  command: 'gatehouse accounts create sam --display-name "Sam Vimes"',
  done: async (ctx) => (await listAccounts(ctx.db, { ...everybody, limit: 2 })).length > 1,
}
const everybody = { text: undefined, state: undefined, after: undefined } as const

function jobs(parts: Parts): readonly Job[] {
  return [
    { name: 'identity.lift-suspensions', everyMs: 60_000, run: (ctx) => liftAllOver(parts, ctx) },
    {
      name: 'identity.forget',
      everyMs: hour,
      async run(ctx) {
        await ctx.tx(async (tx) => {
          await forgetThrottles(tx.db, tx.now)
          await forgetLinks(tx.db, tx.now)
          await forgetPlaces(tx.db, tx.now - placesKept)
          await forgetInvitations(tx.db, tx.now - settledInvitationsKept)
          await forgetSignIns(tx.db, tx.now)
          await forgetSessions(tx.db, tx.now - endedSessionsKept)
        })
      },
    },
  ]
}
