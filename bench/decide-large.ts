/**
 * Decisions where there is much: 10,000 accounts, 1,000 groups four deep, a million grants, in a real SQLite file or in
 * PostgreSQL. What a check costs whose facts must be read, allowed and refused; the searches; the first check after a
 * change; the memory. `cpuMs` is this process's processor time in the mean, which other load on the machine disturbs
 * least; `cpuP99Ms` that of the slowest hundredth. Beside
 * it, in the same run, plain `cedar-wasm` that is handed the same entities: the account with what it was granted, and its
 * groups.
 *
 *     bin/runtime bench/decide-large.ts [--postgres] [--json]
 *
 * PostgreSQL is `GATEHOUSE_TEST_POSTGRES` or a temporary cluster, as for the tests.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { Client } from 'pg'
import { accessMigrations, accountActor, startAccess } from '#access/testing'
import type { Resource } from '#kit'
import { type Database, systemClock, tables, touch } from '#platform'
import { memoryLog, memorySeal, openKeyring, testContext } from '#platform/testing'
import { searchResources, searchSubjects } from '../src/access/authzen/searches.ts'
import { systemRandom } from '../src/platform/clock.ts'
import { openPostgres } from '../src/platform/db/postgres.ts'
import { openSqlite } from '../src/platform/db/sqlite.ts'
import { platformMigrations } from '../src/platform/migrations/index.ts'
import { postgresUrl } from '../src/platform/testing/postgres.ts'
import { quantile, rounded } from './machine/figures.ts'

const accounts = 10_000
const groups = 1_000
const grantsEach = 100
const manyResults = 1_000
const checks = 2_000
/** Twice as many checks, allowed and refused in turn, before anything is measured. */
const warmUp = 2_000
const targets = { checkP99Ms: 2, searchMs: 50 }
const permissionTypes = [{ type: 'things', ids: 'exact' as const, actions: { read: 'Read' } }]
const schema = 'namespace Bench { @permission("things") entity Thing; }'

interface Row {
  readonly name: string
  readonly cpuMs: number
  readonly cpuP99Ms: number
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Things {
  readonly bench_things: { readonly id: string }
}

type Content = readonly [table: string, row: Readonly<Record<string, string | number | null>>]

const dialect = process.argv.includes('--postgres') ? 'postgres' : 'sqlite'
if (dialect === 'sqlite') await onSqlite()
else await onPostgres()

async function onSqlite(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const opening = { path: join(directory, 'bench.db'), clock: systemClock, log: memoryLog() }
  try {
    const empty = await openSqlite(opening)
    await empty.migrate([platformMigrations, accessMigrations])
    await empty.close()
    fillSqlite(opening.path)
    await measureAndReport(await openSqlite(opening))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function onPostgres(): Promise<void> {
  const { url, drop } = await postgresUrl()
  try {
    const database = await openPostgres({ url, clock: systemClock, log: memoryLog() })
    await database.migrate([platformMigrations, accessMigrations])
    await fillPostgres(url)
    await measureAndReport(database)
  } finally {
    await drop()
  }
}

async function measureAndReport(database: Database): Promise<void> {
  try {
    report(await measureAll(database))
  } finally {
    await database.close()
  }
}

/** Written past the rooms: a million changes with their journal records would take an hour and measure something else. */
function fillSqlite(path: string): void {
  const db = new DatabaseSync(path)
  db.exec('pragma foreign_keys = off; begin; create table bench_things (id text primary key) strict')
  const inserts = new Map<string, StatementSync>()
  for (const [table, row] of contents()) {
    const columns = Object.keys(row)
    const places = columns.map(() => '?').join(', ')
    const insert = inserts.get(table) ?? db.prepare(`insert into ${table} (${columns.join(', ')}) values (${places})`)
    inserts.set(table, insert)
    insert.run(...Object.values(row))
  }
  db.exec('commit; analyze')
  db.close()
}

async function fillPostgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('create table bench_things (id text collate "C" primary key)')
  // no checks of references row by row
  await client.query('set session_replication_role = replica')
  const waiting = new Map<string, Content[1][]>()
  const write = (table: string, rows: readonly Content[1][]) =>
    client.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [
      JSON.stringify(rows),
    ])
  for (const [table, row] of contents()) {
    const rows = waiting.get(table) ?? []
    waiting.set(table, rows)
    if (rows.push(row) >= 5_000) await write(table, rows.splice(0))
  }
  for (const [table, rows] of waiting) await write(table, rows)
  await client.query('analyze')
  await client.end()
}

function* contents(): Generator<Content> {
  const made = { title: '', description: '', revision: 1, created_at: 0, updated_at: 0, removed_at: null }
  const since = { created_at: 0, created_by: 'bench' }
  const principal = (id: string): Content => [
    'access_principals',
    { id, kind: 'account', name: id, state: 'active', created_at: 0 },
  ]
  const role = (id: string, permission: string): Content => [
    'access_roles',
    { id, name: id.replaceAll('_', '-'), permissions: JSON.stringify([permission]), built_in: 0, rank: 0, ...made },
  ]
  const holder = (role_id: string, holder_kind: string, holder_id: string): Content => [
    'access_role_holders',
    { role_id, holder_kind, holder_id, ...since },
  ]
  const member = (group_id: string, member_kind: string, member_id: string): Content => [
    'access_group_members',
    { group_id, member_kind, member_id, ...since },
  ]
  yield principal('acc_lender')
  yield role('rol_all', 'things:*')
  yield holder('rol_all', 'principal', 'acc_lender')
  for (let index = 0; index < 50; index += 1) yield principal(`acc_none_${index}`)
  for (let index = 0; index < groups; index += 1) {
    yield ['access_groups', { id: groupId(index), name: `group-${index}`, ...made }]
    if (index > 0) yield member(groupId(parentOf(index)), 'group', groupId(index))
    if (index % 10 !== 0) continue
    yield role(`rol_${index}`, `things:read:shared-${index}`)
    yield holder(`rol_${index}`, 'group', groupId(index))
    yield ['bench_things', { id: `shared-${index}` }]
  }
  for (let index = 0; index < accounts; index += 1) yield* accountWithGrants(index, member, principal)
}

function* accountWithGrants(
  index: number,
  member: (group: string, kind: string, id: string) => Content,
  principal: (id: string) => Content,
): Generator<Content> {
  const id = accountId(index)
  yield principal(id)
  for (let each = 0; each < 3; each += 1) yield member(groupId(leafOf(index, each)), 'principal', id)
  const lent = { grantor_id: 'acc_lender', note: '', starts_at: 0, ends_at: null, created_at: 0, revoked_at: null }
  for (let each = 0; each < grantsOf(index); each += 1) {
    const [name, grant_id] = [thingId(index, each), `gra_${index}_${each}`]
    const pattern = `things:read:${name}`
    yield ['access_grants', { id: grant_id, grantee_id: id, permissions: JSON.stringify([pattern]), ...lent }]
    yield ['access_grant_patterns', { pattern, grant_id }]
    yield ['bench_things', { id: name }]
  }
}

async function measureAll(database: Database) {
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
        loadMany: async (ids, db) => {
          const query = tables<Things>(db).selectFrom('bench_things').select('id').where('id', 'in', ids)
          return new Map((await query.execute()).map(({ id }) => [id, things(id)]))
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
  const found = async (subject: number | string, count: number): Promise<void> => {
    const asked = { subject: { type: 'account', id: accountId(subject) }, type: 'things', action: 'read' }
    const { ids } = await searchResources(access, ctx, search, asked)
    if (ids.length !== count) throw new TypeError(`${ids.length} found, not ${count}`)
  }
  const foundSubjects = async (thing: string, count: number): Promise<void> => {
    const asked = { kind: 'account', resource: { type: 'things', id: thing }, action: 'read' }
    const { ids } = await searchSubjects(access, ctx, search, asked)
    if (ids.length !== count) throw new TypeError(`${ids.length} subjects found for ${thing}, not ${count}`)
  }
  // what all rows run is compiled before the first: these accounts are in no row, and what was read of them is forgotten
  for (let n = 0; n < warmUp; n += 1) {
    const [one, other] = [6_000 + n, 8_000 + n]
    await decide(one, thingId(one, n % 100), true)
    await decide(other, thingId(1, 0), false)
  }
  await database.tx(async (db) => touch(db, 'access'))
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
    await timed('search: 1,000 resources of one account', 20, () => found(0, manyResults)),
    await timed('search: 100 resources of one account', 50, (n) => found(7_000 + n, resourcesOf(7_000 + n))),
    await timed('search: nothing of an account that has nothing', 50, (n) => found(`none_${n}`, 0)),
    await timed('search: the one subject of a thing', 50, (n) => foundSubjects(thingId(7_000 + n, 5), 2)),
    await timed('search: subjects of a thing that is not there', 50, (n) => foundSubjects(`nothing-${n}`, 0)),
    await timed(
      'first check after a change',
      500,
      (n) => decide(1_000 + n, thingId(1_000 + n, 2), true),
      () => database.tx(async (db) => touch(db, 'access')),
    ),
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

/** @param before what comes before each and is not measured */
async function timed(
  name: string,
  count: number,
  once: (index: number) => void | Promise<void>,
  before?: () => Promise<void>,
): Promise<Row> {
  const took: number[] = []
  const used: number[] = []
  for (let index = 0; index < count; index += 1) {
    await before?.()
    const start = process.cpuUsage()
    const began = performance.now()
    await once(index)
    took.push(performance.now() - began)
    const { user, system } = process.cpuUsage(start)
    used.push((user + system) / 1_000)
  }
  const thousandths = (ms: number) => rounded(ms, 1_000)
  return {
    name,
    cpuMs: thousandths(used.reduce((sum, ms) => sum + ms, 0) / count),
    cpuP99Ms: thousandths(quantile(used, 0.99)),
    p50Ms: thousandths(quantile(took, 0.5)),
    p99Ms: thousandths(quantile(took, 0.99)),
  }
}

function report({ rows, memory, checked }: Awaited<ReturnType<typeof measureAll>>): void {
  const size = { dialect, accounts, groups, grants: accounts * grantsEach + manyResults - grantsEach }
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

function accountId(index: number | string): string {
  return `acc_${index}`
}

function groupId(index: number): string {
  return `grp_${index}`
}

function thingId(account: number, each: number): string {
  return `t-${account}-${each}`
}
