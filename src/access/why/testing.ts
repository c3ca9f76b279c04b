import type { TestContext } from 'node:test'
import { z } from 'zod'
import type { Actor } from '#kit'
import { type Authenticator, defineRoom, type ForeCheck, type Opened } from '#platform'
import {
  type FakeClock,
  fakeClock,
  memoryLog,
  memorySeal,
  type OpenDatabase,
  type TestAnswer,
  type TestHouse,
  type TestRequest,
  testHouse,
} from '#platform/testing'
import { accessRoom } from '../index.ts'
import { accountActor, addAccount, addRole } from '../testing.ts'

export interface WhyWorld {
  readonly house: TestHouse
  readonly clock: FakeClock
  /** Somebody calls; the actor is the account's own, unlimited, unless another was set in `actors`. */
  readonly call: (
    who: string,
    method: string,
    path: string,
    body?: TestRequest['body'],
    address?: string,
  ) => Promise<TestAnswer>
  /** What comes with the name in the header, for credentials that are limited. */
  readonly actors: Map<string, Actor>
}

/**
 * The room behind real doors, with wikis: `open` is open to everybody signed in, `kept` only to whoever holds it by role
 * or grant although a policy would permit it, `shut` is forbidden to all; `inside` and `shut-inside` are like `open` and
 * `shut`, and answer only inside. Accounts: `acc_admin`, `acc_auditor`,
 * `acc_editor` (holds `wikis:use` and may make grants), `acc_nobody`.
 */
export async function whyWorld(t: TestContext, open: OpenDatabase): Promise<WhyWorld> {
  const clock = fakeClock()
  const actors = new Map<string, Actor>()
  const wikis = wikiRoom(actors)
  const house = await testHouse(t, { open, clock, log: memoryLog(), rooms: [accessRoom, wikis], seal: memorySeal() })
  const ctx = () => house.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } })
  const { face } = await accessRoom.open(house.kernel, {}, { timeZone: 'UTC' })
  await addRole(ctx(), 'editor', ['wikis:use', 'grants:create', 'grants:revoke'])
  await addAccount(face, ctx(), 'acc_admin', ['administrator'])
  await addAccount(face, ctx(), 'acc_auditor', ['auditor'])
  await addAccount(face, ctx(), 'acc_editor', ['editor'])
  await addAccount(face, ctx(), 'acc_nobody')
  const call: WhyWorld['call'] = (who, method, path, body, address) =>
    house.call({
      method,
      path,
      headers: { 'x-test-account': who },
      ...(body === undefined ? {} : { body }),
      ...(address === undefined ? {} : { address }),
    })
  return { house, clock, call, actors }
}

function wikiRoom(actors: ReadonlyMap<string, Actor>) {
  // stands in for identity: whoever the header names is signed in
  const authenticator = (door: Authenticator['door']): Authenticator => ({
    door,
    authenticate: (headers) => {
      const id = headers.get('x-test-account')
      return Promise.resolve(id === null ? undefined : (actors.get(id) ?? accountActor(id)))
    },
  })
  return defineRoom({
    name: 'wikis',
    config: z.strictObject({}).prefault({}),
    migrations: [],
    errors: {},
    permissions: [
      { type: 'wikis', ids: 'exact', actions: { use: 'Read a wiki', empty: 'Empty a wiki' } },
      { type: 'accounts', ids: 'exact', actions: { read: 'See accounts' } },
    ],
    needs: { access: accessRoom },
    open: (): Promise<Opened<undefined>> =>
      Promise.resolve({
        face: undefined,
        authenticators: [authenticator('api'), authenticator('browser')],
        policies: [{ schema: wikiSchema, policies: wikiPolicies }],
        foreChecks: [insideOnly],
        resources: [
          {
            permissionType: 'wikis',
            load: (id) =>
              Promise.resolve(
                ['open', 'kept', 'shut', 'inside', 'shut-inside'].includes(id)
                  ? {
                      type: 'Wikis::Wiki',
                      id,
                      attributes: {
                        rule: id.replace('shut-inside', 'shut').replace('inside', 'open'),
                        secret: 'planted-attribute',
                      },
                      revision: 1,
                    }
                  : undefined,
              ),
          },
        ],
      }),
  })
}

/** What the room asks before the chain: two of its wikis answer inside only. */
const insideOnly: ForeCheck = {
  permissionType: 'wikis',
  action: 'use',
  answer: (_, id, address) => {
    if (!id.endsWith('inside')) return Promise.resolve(undefined)
    const allowed = address?.startsWith('10.') === true
    const saw = [{ name: 'Only from', values: ['planted-network'] }]
    return Promise.resolve({
      allowed,
      code: 'wiki-place',
      reason: `You are ${allowed ? 'in' : 'out'}side.`,
      saw,
      way: 'Moving.',
    })
  },
}

const wikiSchema = `namespace Wikis {
  @permission("wikis")
  entity Wiki = { rule: String, secret: String };
}`

const wikiPolicies = `
@id("wikis:signed-in")
permit (principal is Gatehouse::Account, action == Gatehouse::Action::"wikis:use", resource is Wikis::Wiki)
when { resource.rule == "open" || resource.rule == "kept" };

@id("wikis:kept")
forbid (principal, action == Gatehouse::Action::"wikis:use", resource is Wikis::Wiki)
when { resource.rule == "kept" && context.via.isEmpty() };

@id("wikis:shut")
forbid (principal, action, resource is Wikis::Wiki)
when { resource.rule == "shut" };
`
