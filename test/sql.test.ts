import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { tables } from '#platform'
import { eachDialect } from '#platform/testing'
import { rooms } from '../src/app.ts'
import { describeViolations, readFiles } from './structure/sources.ts'
import { findSqlViolations } from './structure/sql.ts'

interface Schema {
  readonly pragma_table_list: { readonly schema: string; readonly name: string; readonly strict: number }
}

test('SQL stays in stores, migrations and platform', () => {
  const files = readFiles('src/**/*.ts')
  assert.ok(files.size > 0, 'sources are read')
  const violations = findSqlViolations(files)
  assert.equal(violations.length, 0, describeViolations(violations))
})

test('nobody loads the whole of Kysely', () => {
  const whole = /^import (?!type\b)[^']*? from 'kysely'$/m
  assert.match("import { type RawBuilder, sql } from 'kysely'", whole)
  const found = [...readFiles('src/**/*.ts')].filter(([path, text]) => !path.endsWith('.test.ts') && whole.test(text))
  assert.deepEqual(
    found.map(([path]) => path),
    [],
    'raw statements: `tables(db).raw`; in platform: db/kysely.ts',
  )
})

eachDialect((dialect, open) => {
  // SQLite alone takes a text where a number belongs, unless the table is strict
  if (dialect === 'postgres') return
  test('every table is strict, and is named after its room', async (t) => {
    const made = rooms.map((room) => ({ room: room.name, migrations: room.migrations }))
    const { db } = await open(t, { rooms: made })
    const found = await tables<Schema>(db)
      .selectFrom('pragma_table_list')
      .select(['name', 'strict'])
      .where('schema', '=', 'main')
      .where('name', 'not like', 'sqlite%')
      .execute()
    assert.ok(found.length > 50, `${found.length} tables`)
    assert.deepEqual(
      found.filter(({ strict }) => strict !== 1).map(({ name }) => name),
      [],
    )
    const names = new Set(['platform', ...rooms.map(({ name }) => name)])
    assert.deepEqual(
      found.filter(({ name }) => !names.has(name.split('_')[0] ?? '')).map(({ name }) => name),
      [],
    )
  })
})

describe('planted SQL is found:', () => {
  const planted: readonly (readonly [name: string, path: string, source: string, message: RegExp])[] = [
    ['kysely', 'src/access/roles.ts', "import { sql } from 'kysely'", /kysely/],
    ['kysely types', 'src/access/roles.ts', "import type { Kysely } from 'kysely'", /kysely/],
    ['the embedded database', 'src/access/roles.ts', "import { DatabaseSync } from 'node:sqlite'", /node:sqlite/],
    ['tables', 'src/access/roles.ts', 'const rows = tables<AccessTables>(ctx.db)', /tables\(\)/],
    ['tables without types', 'src/access/roles.ts', 'tables(db)', /tables\(\)/],
    ['a query', 'src/access/roles.ts', "q.selectFrom('access_roles')", /selectFrom/],
    ['a sql template', 'src/access/roles.ts', 'sql`now()`', /sql template/],
    ['a typed sql template', 'src/access/roles.ts', 'sql<number>`count(*)`', /sql template/],
    ['a statement in a text', 'src/access/roles.ts', "const q = 'SELECT id FROM access_roles'", /statement/],
    ['a statement in a template', 'src/access/roles.ts', 'const q = `\n  DELETE FROM access_roles`', /statement/],
    ['a definition', 'src/access/roles.ts', "run('CREATE TABLE x (y)')", /statement/],
    ['a prepared statement', 'src/access/roles.ts', 'db.prepare(text)', /prepare\(\)/],
    [
      'another room’s table',
      'src/gateway/store.ts',
      "q.selectFrom('identity_sessions as s')",
      /not a table of gateway/,
    ],
    ['another room’s table joined', 'src/gateway/store.ts', "q.innerJoin('access_roles', 'a', 'b')", /not a table/],
    [
      'a store function without Db',
      'src/access/store.ts',
      "export async function find(id: string) { return tables(x).selectFrom('access_roles') }",
      /find .* no Db/,
    ],
    [
      'a generic one',
      'src/access/role-store.ts',
      'export function all<T>(ctx: Ctx) { return sql`select 1` }',
      /all .* no Db/,
    ],
  ]
  for (const [name, path, source, message] of planted) {
    test(name, () => {
      const violations = findSqlViolations(new Map([[path, source]]))
      assert.equal(violations.length, 1, `found: ${describeViolations(violations)}`)
      assert.match(violations[0]?.message ?? '', message)
    })
  }
})

describe('what is right is left alone:', () => {
  const right: readonly (readonly [name: string, path: string, source: string])[] = [
    [
      'a store',
      'src/access/store.ts',
      "export function find(db: Db, id: string) { return tables<T>(db).selectFrom('access_roles as r') }",
    ],
    [
      'a store’s mapper beside its queries',
      'src/access/store.ts',
      'export function roleOf(row: Row) { return { id: row.id } }\nfunction all(db: Db) { return tables(db) }',
    ],
    ['a named store', 'src/access/role-store.ts', 'export async function all(db: Db) {}'],
    [
      'a migration',
      'src/access/migrations/0001-roles.ts',
      "export const m = { statements: () => ['CREATE TABLE access_roles (id)'] }",
    ],
    ['platform', 'src/platform/db/sqlite.ts', "import { Kysely } from 'kysely'; db.prepare('SELECT 1')"],
    ['a test', 'src/access/roles.test.ts', "tables(db).deleteFrom('identity_accounts')"],
    ['a sentence', 'src/access/pages.ts', "const title = 'Select a role'; const x = 'Update the route'"],
    ['a comment', 'src/access/roles.ts', '// SELECT id FROM x\nconst a = 1'],
    [
      'ui-kit’s tables',
      'src/access/pages.ts',
      'ui.tables(rows); const prepare = pki.prepare; deps.pki.prepare(ctx, host)',
    ],
  ]
  for (const [name, path, source] of right) {
    test(name, () => {
      assert.equal(describeViolations(findSqlViolations(new Map([[path, source]]))), '')
    })
  }
})
