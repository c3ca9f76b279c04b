/** Builders for tests of every room that needs somebody who may, or may not. */
import { createHmac, randomBytes } from 'node:crypto'
import type { Actor, ActorCredential, CredentialLimits } from '#kit'
import type {
  Clock,
  Ctx,
  Database,
  Journal,
  Keyring,
  Log,
  PermissionType,
  PolicyContribution,
  Regions,
  ResourceLoader,
  RoomMigrations,
} from '#platform'
import { memoryLog, testContext } from '#platform/testing'
import type { AccessFace } from './face.ts'
import { migrations } from './migrations/index.ts'
import { type OpenAccess, openAccess } from './open.ts'
import type { Consent } from './operator/named-things.ts'
import { permissions } from './permissions.ts'
import { policies } from './policies.ts'
import { accessResources } from './resources.ts'
import { insertRole } from './roles-store.ts'

/** For `open(t, { rooms: [accessMigrations, …] })`. */
export const accessMigrations: RoomMigrations = { room: 'access', migrations }

export interface TestAccessOptions {
  readonly database: Database
  readonly clock: Clock
  readonly log?: Log
  /** Receives refusals of `require`; ignored when absent. */
  readonly journal?: Journal
  /** Countries by address; without it every region is unknown. */
  readonly regions?: Regions
  /** What other rooms contribute. */
  readonly permissionTypes?: readonly PermissionType[]
  readonly policies?: readonly PolicyContribution[]
  readonly resources?: readonly ResourceLoader[]
}

const testKey = randomBytes(32)

const nowhere: Regions = { regionOf: () => undefined, version: 0 }

const ignored: Journal = { refused: () => {}, used: () => {}, flush: () => Promise.resolve() }

/** Authenticates as the kernel's does, with a key that lives as long as the process. */
export const testKeyring: Pick<Keyring, 'mac'> = {
  mac: (purpose, data) => createHmac('sha256', testKey).update(`${purpose}\n`).update(data).digest(),
}

/** The real room, started on a migrated database, with the built-in roles. */
export async function startAccess(options: TestAccessOptions): Promise<OpenAccess> {
  const { database, clock, log = memoryLog(), journal = ignored, regions = nowhere } = options
  const context = (actor: Actor): Ctx => testContext({ database, clock, actor })
  const access = openAccess({ clock, context, database, journal, log, regions, keyring: testKeyring })
  await access.start({
    permissionTypes: [...permissions, ...(options.permissionTypes ?? [])],
    policies: [policies, ...(options.policies ?? [])],
    resources: [...accessResources, ...(options.resources ?? [])],
  })
  return access
}

/** Deletes what no policy names, in tests that have no policies. */
export const unnamed: Consent = () => Promise.resolve([])

/** An actor signed in as that account with a credential that limits nothing, unless told. */
export function accountActor(id: string, limits: Partial<ActorCredential & CredentialLimits> = {}): Actor {
  return {
    principal: { kind: 'account', id, name: id },
    credential: { ...unlimitedCredential, ...limits },
    address: '192.0.2.10',
  }
}

export const unlimitedCredential: ActorCredential = {
  id: 'crd_test',
  kind: 'password',
  permissions: ['*'],
  networks: { allow: [], deny: [] },
  regions: [],
  expiresAt: undefined,
}

/** Makes an account known, active and holding the named roles; answers its actor. */
export async function addAccount(
  access: AccessFace,
  ctx: Ctx,
  id: string,
  roles: readonly string[] = [],
): Promise<Actor> {
  await access.addPrincipal(ctx, { id, kind: 'account', name: id })
  for (const role of roles) await access.assignRole(ctx, id, role)
  return accountActor(id)
}

/** Makes a role, without asking who makes it. */
export async function addRole(ctx: Ctx, name: string, patterns: readonly string[], rank = 0): Promise<void> {
  await ctx.tx((ctx) =>
    insertRole(ctx.db, {
      id: ctx.newId('rol'),
      name,
      title: name,
      description: '',
      permissions: JSON.stringify(patterns),
      built_in: 0,
      rank,
      revision: 1,
      created_at: ctx.now,
      updated_at: ctx.now,
      removed_at: null,
    }),
  )
}
