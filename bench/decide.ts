/**
 * Decisions a second: remembered; worked out anew (chain, entities and schema validation included, facts in memory) with
 * 100 policies of which ten concern the action; and, as the peer in the same run, plain `cedar-wasm` prepared with the
 * same schema and the same policies unsliced. Cedar is loaded as the server loads it, and warm: WebAssembly that a server has
 * asked some ten thousand times. By the clock and by the thread's processor time, which others on the machine change less.
 *
 *     bin/runtime bench/decide.ts [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accessMigrations, addAccount, addRole, startAccess } from '#access/testing'
import type { Actor, Decision, Resource } from '#kit'
import { type PermissionType, type PolicyContribution, systemClock } from '#platform'
import { memoryLog, testContext } from '#platform/testing'
import { type Cedar, theCedar } from '../src/access/cedar.ts'
import { openSqlite } from '../src/platform/db/sqlite.ts'
import { platformMigrations } from '../src/platform/migrations/index.ts'
import { median } from './machine/figures.ts'

interface Row {
  readonly name: string
  /** Median of the rounds. */
  readonly perSecond: number
  /** The best round: nearest to what an idle machine does, where others share this one. */
  readonly best: number
  /** Of the thread's processor time, the middle. */
  readonly perCpuSecond: number
}

const cedar = theCedar()
const rounds = 15
const roundMs = 120
const questions = 512
const targets = { remembered: 500_000, anew: 5_000 }

const actions = ['use', ...Array.from({ length: 9 }, (_, index) => `other-${index}`)]
const types: readonly PermissionType[] = [
  { type: 'routes', ids: 'exact', actions: Object.fromEntries(actions.map((action) => [action, action])) },
]
const contribution: PolicyContribution = {
  schema: 'namespace Gateway { @permission("routes") entity Route = { access: String, owner: String, level: Long }; }',
  policies: actions.flatMap((action) => Array.from({ length: 10 }, (_, index) => policyText(action, index))).join('\n'),
}

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
const database = await openSqlite({ path: join(directory, 'bench.db'), clock: systemClock, log: memoryLog() })
try {
  await database.migrate([platformMigrations, accessMigrations])
  const rows = await measureAll()
  if (!process.argv.includes('--json')) {
    console.table(
      Object.fromEntries(
        rows.map(({ name, perSecond, best, perCpuSecond }) => [
          name,
          { 'per second': perSecond, 'best round': best, 'per CPU second': perCpuSecond },
        ]),
      ),
    )
  }
  console.log(JSON.stringify({ bench: 'decide', policies: 100, concerning: 10, targets, rows }))
  if ((rows[0]?.best ?? 0) < targets.remembered || (rows[1]?.best ?? 0) < targets.anew) process.exitCode = 1
} finally {
  await database.close()
  rmSync(directory, { recursive: true })
}

async function measureAll(): Promise<readonly Row[]> {
  const { face } = await startAccess({ database, clock: systemClock, permissionTypes: types, policies: [contribution] })
  const ctx = testContext({ database, clock: systemClock })
  await addRole(ctx, 'reader', ['routes:use'])
  const actors: Actor[] = []
  for (let index = 0; index < 16; index++) actors.push(await addAccount(face, ctx, `acc_${index}`, ['reader']))
  const context = { now: systemClock.now() }
  // as the gateway asks: actor, permission and resource are objects that live longer than a request
  const asked = Array.from({ length: questions }, (_, index) => ({
    actor: actorAt(actors, index),
    permission: `routes:use:rt_${index}`,
    resource: routeAt(index, 0),
  }))
  const ask = ({ actor, permission, resource }: (typeof asked)[number]): Decision | Promise<Decision> =>
    face.decide(actor, permission, resource, context)
  for (const question of asked) requireAllowed(await ask(question))
  const question = (index: number): (typeof asked)[number] => {
    const found = asked[index % questions]
    if (found === undefined) throw new TypeError('no question')
    return found
  }

  let revision = 0
  const remembered = measure('decide, remembered', 400, 1_000, (index) => plain(ask(question(index))))
  const anew = measure('decide, worked out anew', 4_000, 20, (index) => {
    const { actor, permission, resource } = question(index)
    revision += 1
    plain(face.decide(actor, permission, { ...resource, revision }, context))
  })
  const peer = measure('plain cedar-wasm, the same 100 policies', 4_000, 20, preparedPeer())
  return [remembered, anew, peer]
}

/** What anybody would write: everything prepared once under one schema and one policy set. */
function preparedPeer(): (index: number) => void {
  const principalType = 'Gatehouse::Account'
  const appliesTo = `appliesTo { principal: [Account], resource: [Gateway::Route], context: Context }`
  const schema = `namespace Gatehouse {
    type Context = { via: Set<String>, credential?: String, app?: String };
    entity Group; entity Account in [Group] = { id: String };
    ${actions.map((action) => `action "routes:${action}" ${appliesTo};`).join('\n')}
  }
  ${contribution.schema.replace('@permission("routes")', '')}`
  const held = 'permit (principal, action, resource) when { !context.via.isEmpty() };'
  requireParsed(cedar.preparseSchema('peer', schema))
  requireParsed(cedar.preparsePolicySet('peer', { staticPolicies: `${held}\n${contribution.policies}` }))
  return (index) => {
    const principal = { type: principalType, id: `acc_${index % 16}` }
    const { type, id, attributes } = routeAt(index % questions, index)
    const answer = cedar.statefulIsAuthorized({
      principal,
      action: { type: 'Gatehouse::Action', id: 'routes:use' },
      resource: { type, id },
      context: { via: ['role:reader'], credential: 'password' },
      preparsedSchemaName: 'peer',
      validateRequest: true,
      preparsedPolicySetId: 'peer',
      entities: [
        { uid: principal, attrs: { id: principal.id }, parents: [] },
        { uid: { type, id }, attrs: attributes as Record<string, never>, parents: [] },
      ],
    })
    if (answer.type === 'failure' || answer.response.decision !== 'allow') throw new TypeError('the peer refused')
  }
}

function policyText(action: string, index: number): string {
  return `@id("bench:${action}-${index}") permit (
    principal is Gatehouse::Account, action == Gatehouse::Action::"routes:${action}", resource is Gateway::Route
  ) when { resource.access == "level-${index}" && resource.level > ${index} && resource.owner == principal.id };`
}

function routeAt(index: number, revision: number): Resource {
  return {
    type: 'Gateway::Route',
    id: `rt_${index}`,
    attributes: { access: 'role', owner: `acc_${index}`, level: index },
    revision,
  }
}

function actorAt(actors: readonly Actor[], index: number): Actor {
  const actor = actors[index % actors.length]
  if (actor === undefined) throw new TypeError('no actor')
  return actor
}

/** Both measured paths must answer without waiting: a promise would be something else than what is claimed. */
function plain(answer: Decision | Promise<Decision>): void {
  if (answer instanceof Promise) throw new TypeError('the facts were not in memory')
  requireAllowed(answer)
}

function requireAllowed({ allowed, reason }: Decision): void {
  if (!allowed) throw new TypeError(`refused: ${reason}`)
}

function requireParsed(answer: ReturnType<Cedar['preparseSchema']>): void {
  if (answer.type === 'failure') throw new TypeError(answer.errors.map(({ message }) => message).join('; '))
}

function measure(name: string, warmUpMs: number, batch: number, once: (index: number) => void): Row {
  let index = 0
  const runFor = (milliseconds: number): number => {
    const began = performance.now()
    let done = 0
    while (performance.now() - began < milliseconds) {
      for (let each = 0; each < batch; each++) once(index++)
      done += batch
    }
    return done
  }
  runFor(warmUpMs)
  const byClock: number[] = []
  const byCpu: number[] = []
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    const before = process.threadCpuUsage()
    const done = runFor(roundMs)
    const { user, system } = process.threadCpuUsage(before)
    byClock.push(Math.round((done * 1_000) / (performance.now() - began)))
    byCpu.push(Math.round((done * 1e6) / (user + system)))
  }
  return { name, perSecond: median(byClock), best: Math.max(...byClock), perCpuSecond: median(byCpu) }
}
