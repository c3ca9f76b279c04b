/**
 * Decisions where there is much: 10,000 accounts, 1,000 groups four deep, a million grants, in a real SQLite file. What a
 * check costs whose facts must be read, allowed and refused; the searches; the first check after a change; the memory.
 * Beside it, in the same run, plain `cedar-wasm` that is handed the same entities: the account with what it was granted,
 * and its groups.
 *
 *     bin/runtime bench/decide-large.ts [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { accessMigrations, accountActor, startAccess } from '#access/testing'
import type { Resource } from '#kit'
import { systemClock, tables, touch } from '#platform'
import { memoryLog, memorySeal, openKeyring, testContext } from '#platform/testing'
import { searchResources, searchSubjects } from '../src/access/authzen/searches.ts'
import { systemRandom } from '../src/platform/clock.ts'
import { openSqlite } from '../src/platform/db/sqlite.ts'
import { platformMigrations } from '../src/platform/migrations/index.ts'
import { quantile, rounded } from './machine/figures.ts'

const accounts = 10_000
const groups = 1_000
const grantsEach = 100
const manyResults = 1_000
const checks = 2_000
const targets = { checkP99Ms: 2, searchMs: 50 }
const permissionTypes = [{ type: 'things', ids: 'exact' as const, actions: { read: 'Read' } }]
const schema = 'namespace Bench { @permission("things") entity Thing; }'

interface Row {
  readonly name: string
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Things {
  readonly bench_things: { readonly id: string }
}

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
const path = join(directory, 'bench.db')
const opening = { path, clock: systemClock, log: memoryLog() }
try {
  const empty = await openSqlite(opening)
  await empty.migrate([platformMigrations, accessMigrations])
  await empty.close()
  fill()
  const database = await openSqlite(opening)
  try {
    report(await measureAll(database))
  } finally {
    await database.close()
  }
} finally {
  rmSync(directory, { recursive: true })
}

/** Written past the rooms: a million changes with their journal records would take an hour and measure something else. */
function fill(): void {
  const db = new DatabaseSync(path)
  db.exec('pragma foreign_keys = off; begin; create table bench_things (id text primary key) strict')
  const principal = db.prepare(`insert into access_principals values (?, 'account', ?, 'active', 0)`)
  const group = db.prepare(`insert into access_groups values (?, ?, ?, '', 1, 0, 0, null)`)
  const member = db.prepare(`insert into access_group_members values (?, ?, ?, 0, 'bench')`)
  const role = db.prepare(`insert into access_roles values (?, ?, ?, '', ?, 0, 1, 0, 0, null)`)
  const holder = db.prepare(`insert into access_role_holders values (?, ?, ?, 0, 'bench')`)
  const grant = db.prepare(`insert into access_grants values (?, 'acc_lender', ?, ?, '', 0, null, 0, null)`)
  const pattern = db.prepare('insert into access_grant_patterns values (?, ?)')
  const thing = db.prepare('insert into bench_things values (?)')
  principal.run('acc_lender', 'lender')
  role.run('rol_all', 'all-things', 'All things', '["things:*"]')
  holder.run('rol_all', 'principal', 'acc_lender')
  for (let index = 0; index < groups; index += 1) {
    group.run(groupId(index), `group-${index}`, `Group ${index}`)
    if (index > 0) member.run(groupId(parentOf(index)), 'group', groupId(index))
    if (index % 10 !== 0) continue
    role.run(`rol_${index}`, `role-${index}`, `Role ${index}`, JSON.stringify([`things:read:shared-${index}`]))
    holder.run(`rol_${index}`, 'group', groupId(index))
    thing.run(`shared-${index}`)
  }
  for (let index = 0; index < accounts; index += 1) {
    const id = accountId(index)
    principal.run(id, `account-${index}`)
    for (let each = 0; each < 3; each += 1) member.run(groupId(leafOf(index, each)), 'principal', id)
    for (let each = 0; each < grantsOf(index); each += 1) {
      const [name, grantId] = [thingId(index, each), `gra_${index}_${each}`]
      grant.run(grantId, id, JSON.stringify([`things:read:${name}`]))
      pattern.run(`things:read:${name}`, grantId)
      thing.run(name)
    }
  }
  db.exec('commit; analyze')
  db.close()
}

async function measureAll(database: Awaited<ReturnType<typeof openSqlite>>) {
  const things = (id: string): Resource => ({ type: 'Bench::Thing', id, attributes: {}, revision: 1 })
  const access = await startAccess({
    database,
    clock: systemClock,
    permissionTypes,
    policies: [{ schema, policies: '' }],
    resources: [
      {
        permissionType: 'things',
        load: async (id, db) => {
          const query = tables<Things>(db).selectFrom('bench_things').select('id').where('id', '=', id)
          return (await query.executeTakeFirst()) === undefined ? undefined : things(id)
        },
        list: async (db, after, limit) => {
          const query = tables<Things>(db).selectFrom('bench_things').select('id').orderBy('id').limit(limit)
          const rows = await (after === undefined ? query : query.where('id', '>', after)).execute()
          return rows.map(({ id }) => things(id))
        },
      },
    ],
  })
  const keyring = await openKeyring({ database, seal: memorySeal(), random: systemRandom, clock: systemClock })
  const ctx = testContext({ database, clock: systemClock })
  const search = { keyring, limit: manyResults, token: undefined }
  const decide = async (account: number, thing: string, allowed: boolean): Promise<void> => {
    const actor = accountActor(accountId(account))
    const answer = await access.decisions.decide(actor, `things:read:${thing}`, things(thing), systemClock.now())
    if (answer.allowed !== allowed) throw new TypeError(`${account} ${thing}: ${answer.reason}`)
  }
  const found = async (subject: number, action: string, count: number): Promise<void> => {
    const asked = { subject: { type: 'account', id: accountId(subject) }, type: 'things', action }
    const { ids } = await searchResources(access, ctx, search, asked)
    if (ids.length !== count) throw new TypeError(`${ids.length} found, not ${count}`)
  }
  const foundSubjects = async (thing: string, count: number): Promise<void> => {
    const asked = { kind: 'account', resource: { type: 'things', id: thing }, action: 'read' }
    const { ids } = await searchSubjects(access, ctx, search, asked)
    if (ids.length !== count) throw new TypeError(`${ids.length} subjects found for ${thing}, not ${count}`)
  }
  // accounts no earlier row has touched, so that every check reads its facts
  await decide(1, thingId(1, 0), true)
  const before = memoryMiB()
  const rows = [
    await timed('check by grant, facts read', checks, (n) => decide(2_000 + n, thingId(2_000 + n, n % 100), true)),
    await timed('check refused, facts read', checks, (n) => decide(4_000 + n, thingId(1, 0), false)),
    await timed('check by grant, facts known', checks, (n) =>
      decide(3_900 + (n % 100), thingId(3_900 + (n % 100), Math.floor(n / 100) % 100), true),
    ),
  ]
  const memory = memoryMiB() - before
  rows.push(
    await timed('plain cedar-wasm, entities handed over', checks, plainCedar()),
    await timed('search: 1,000 resources of one account', 20, () => found(0, 'read', manyResults)),
    await timed('search: 100 resources of one account', 50, (n) => found(7_000 + n, 'read', resourcesOf(7_000 + n))),
    await timed('search: the one subject of a thing', 50, (n) => foundSubjects(thingId(7_000 + n, 5), 2)),
    await timed('search: subjects of a thing that is not there', 50, (n) => foundSubjects(`nothing-${n}`, 0)),
    await timed('first check after a change', 100, async (n) => {
      await database.tx(async (db) => touch(db, 'access'))
      await decide(1_000 + n, thingId(1_000 + n, 2), true)
    }),
  )
  return { rows, memory, checked: 2 * checks }
}

/** What a program that keeps its own entities would do: one policy for grants, one for groups, all prepared. */
function plainCedar(): (index: number) => void {
  const text = `namespace Bench {
    entity Group in [Group]; entity Thing in [Group];
    entity Account in [Group] = { granted: Set<Thing> };
    action read appliesTo { principal: [Account], resource: [Thing] };
  }`
  parsed(cedar.preparseSchema('large', text))
  const policies = `permit (principal, action, resource) when { principal.granted.contains(resource) };
    permit (principal in Bench::Group::"grp_0", action, resource) when { resource in Bench::Group::"grp_0" };`
  parsed(cedar.preparsePolicySet('large', { staticPolicies: policies }))
  return (index) => {
    const account = 1_000 + index
    const uid = (type: string, id: string) => ({ type: `Bench::${type}`, id })
    const above = ancestorsOf(account)
    const granted = Array.from({ length: grantsEach }, (_, each) => ({
      __entity: uid('Thing', thingId(account, each)),
    }))
    const principal = uid('Account', accountId(account))
    const resource = uid('Thing', thingId(account, index % 100))
    const answer = cedar.statefulIsAuthorized({
      principal,
      action: { type: 'Bench::Action', id: 'read' },
      resource,
      context: {},
      preparsedSchemaName: 'large',
      validateRequest: true,
      preparsedPolicySetId: 'large',
      entities: [
        {
          uid: principal,
          attrs: { granted },
          parents: [0, 1, 2].map((each) => uid('Group', groupId(leafOf(account, each)))),
        },
        ...above.map((group) => ({
          uid: uid('Group', groupId(group)),
          attrs: {},
          parents: group === 0 ? [] : [uid('Group', groupId(parentOf(group)))],
        })),
      ],
    })
    if (answer.type === 'failure' || answer.response.decision !== 'allow') throw new TypeError('the peer refused')
  }
}

async function timed(name: string, count: number, once: (index: number) => void | Promise<void>): Promise<Row> {
  const took: number[] = []
  for (let index = 0; index < count; index += 1) {
    const began = performance.now()
    await once(index)
    took.push(performance.now() - began)
  }
  return { name, p50Ms: rounded(quantile(took, 0.5), 1_000), p99Ms: rounded(quantile(took, 0.99), 1_000) }
}

function report({ rows, memory, checked }: Awaited<ReturnType<typeof measureAll>>): void {
  const size = { accounts, groups, grants: accounts * grantsEach + manyResults - grantsEach }
  if (!process.argv.includes('--json')) {
    console.table(Object.fromEntries(rows.map(({ name, ...figures }) => [name, figures])))
    console.log(`memory kept after checks of ${checked} accounts: ${memory} MiB`)
  }
  console.log(JSON.stringify({ bench: 'decide-large', ...size, targets, rows, memoryMiB: memory, checked }))
}

function parsed(answer: ReturnType<typeof cedar.preparseSchema>): void {
  if (answer.type === 'failure') throw new TypeError(answer.errors.map(({ message }) => message).join('; '))
}

/** What is kept once garbage is gone; the collector is asked for here, so that no way of starting this can leave it out. */
function memoryMiB(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return Math.round((heapUsed + external) / 1_048_576)
}

/** Account 0 has what the long search finds. */
function grantsOf(account: number): number {
  return account === 0 ? manyResults - sharedOf(0).size : grantsEach
}

function resourcesOf(account: number): number {
  return grantsOf(account) + sharedOf(account).size
}

/** Groups with a role above an account: each gives one thing. */
function sharedOf(account: number): ReadonlySet<number> {
  return new Set(ancestorsOf(account).filter((group) => group % 10 === 0))
}

function ancestorsOf(account: number): readonly number[] {
  const found = new Set<number>()
  for (const each of [0, 1, 2]) {
    for (let group = leafOf(account, each); ; group = parentOf(group)) {
      found.add(group)
      if (group === 0) break
    }
  }
  return [...found]
}

/** Ten to a group: 1, 10, 100 and the other 889 are four levels. */
function parentOf(group: number): number {
  return Math.floor((group - 1) / 10)
}

function leafOf(account: number, each: number): number {
  return 111 + ((account * 3 + each * 37) % (groups - 111))
}

function accountId(index: number): string {
  return `acc_${index}`
}

function groupId(index: number): string {
  return `grp_${index}`
}

function thingId(account: number, each: number): string {
  return `t-${account}-${each}`
}
