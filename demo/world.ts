import { randomInt } from 'node:crypto'
import { type Answer, type Call, ownerCall, personCall } from './api.ts'
import {
  administrator,
  auditors,
  disabled,
  groups,
  loan,
  networks,
  type Person,
  people,
  policies,
  roles,
  routes,
  wish,
} from './cast.ts'
import type { Server } from './server.ts'

/** Whoever can sign in, with the password made for this run. */
export interface Login extends Person {
  readonly password: string
}

/** A route as people reach it. */
export interface Place {
  readonly url: string
  readonly who: string
}

export interface World {
  readonly logins: readonly Login[]
  readonly places: readonly Place[]
}

/** Builds the sample world through the API: as the machine's owner, and what only people can do, as they. */
export async function buildWorld(server: Server, upstream: string): Promise<World> {
  const owner = ownerCall(server.socket)
  const logins = [administrator, ...people].map((person) => ({ ...person, password: newPassword() }))
  const ids = await addPeople(owner, logins)
  await addNetworks(owner)
  await addGroups(owner, ids)
  await addRoles(owner, ids)
  const places = await addRoutes(owner, upstream)
  for (const policy of policies) await owner('POST', '/api/v1/policies', policy)
  const { pem } = await owner('GET', '/api/v1/certificate-authorities/root')
  const signedIn = (handle: string): Promise<Call> => signIn(server.origin, String(pem), logins, handle)
  await lend(await signedIn(loan.grantor), ids)
  const { handle, ...wanted } = wish
  await (await signedIn(handle))('POST', '/api/v1/access-requests', wanted)
  for (const handle of disabled) await owner('POST', `/api/v1/accounts/${ids.get(handle)}/disable`)
  return { logins, places }
}

async function addPeople(owner: Call, logins: readonly Login[]): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>()
  for (const { handle, name, email, password } of logins) {
    const account = { handle, displayName: name, password, ...(email === undefined ? {} : { email }) }
    const answer = await owner('POST', handle === administrator.handle ? '/api/v1/setup' : '/api/v1/accounts', account)
    ids.set(handle, String((answer['account'] as Answer)['id']))
  }
  return ids
}

async function addNetworks(owner: Call): Promise<void> {
  for (const network of networks) await owner('POST', '/api/v1/networks', network)
}

async function addGroups(owner: Call, ids: ReadonlyMap<string, string>): Promise<void> {
  for (const { name, title, description, members, within } of groups) {
    await owner('POST', '/api/v1/groups', { name, title, description })
    for (const handle of members) await owner('POST', `/api/v1/groups/${name}/add-member`, { id: ids.get(handle) })
    if (within !== undefined) await owner('POST', `/api/v1/groups/${within}/add-member`, { kind: 'group', id: name })
  }
}

async function addRoles(owner: Call, ids: ReadonlyMap<string, string>): Promise<void> {
  const give = (role: string, kind: string, id: string | undefined) =>
    owner('POST', `/api/v1/roles/${role}/give`, { kind, id })
  for (const { holders, ...role } of roles) {
    await owner('POST', '/api/v1/roles', role)
    for (const { kind, id } of holders) {
      await (kind === 'group' ? give(role.name, 'group', id) : give(role.name, 'principal', ids.get(id)))
    }
  }
  for (const handle of auditors) await give('auditor', 'principal', ids.get(handle))
}

async function addRoutes(owner: Call, upstream: string): Promise<readonly Place[]> {
  const places: Place[] = []
  for (const { name, who, access, networks: from } of routes) {
    const route = {
      name,
      host: `${name}.localhost`,
      upstreams: [upstream],
      networks: from,
      ...(access === undefined ? {} : { access }),
    }
    const { url } = await owner('POST', '/api/v1/routes', route)
    places.push({ url: String(url), who })
  }
  return places
}

async function lend(grantor: Call, ids: ReadonlyMap<string, string>): Promise<void> {
  await grantor('POST', '/api/v1/grants', {
    grantee: ids.get(loan.grantee),
    permissions: loan.permissions,
    note: 'To look at the broken page',
    endsAt: new Date(Date.now() + loan.minutes * 60_000).toISOString(),
  })
}

async function signIn(origin: string, ca: string, logins: readonly Login[], handle: string): Promise<Call> {
  const password = logins.find((login) => login.handle === handle)?.password
  const answer = await personCall(origin, ca)('POST', '/api/v1/sign-in', { handle, password, label: 'demo' })
  return personCall(origin, ca, String(answer['secret']))
}

const words = (
  'amber anchor basket birch canyon cedar cobalt comet copper coral dune ember falcon fern garnet glacier harbor hazel ' +
  'island ivory juniper lagoon lantern maple meadow nectar orchid pebble quartz raven saddle timber tulip velvet willow zephyr'
).split(' ')

/** Easy to type, made anew for each run; 33 bits, behind a sign-in that slows guessing and listens on this machine only. */
function newPassword(): string {
  const word = (): string => words[randomInt(words.length)] ?? ''
  return `${word()}-${word()}-${word()}-${randomInt(10_000, 100_000)}`
}
