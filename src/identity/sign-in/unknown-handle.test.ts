import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { type Db, type Dialect, listAudit, tables } from '#platform'
import { eachDialect } from '#platform/testing'
import { browser, startSetUpNode } from '../testing.ts'

/** A password of somebody's, in the shape of a handle so that every kind takes it for one. */
const typed = 'planted-passw0rd-4711'
/** One no handle can be. */
const odd = 'Planted Passw0rd? 4712'

eachDialect((dialect, open) => {
  test('an unknown handle typed at any sign-in is in no log, journal record or table', async (t) => {
    const node = await startSetUpNode(t, open)
    const stranger = browser(node, '198.51.100.7')
    let asked = 0
    for (const handle of [typed, typed.toUpperCase(), odd]) {
      const challenge = await stranger.post('/api/v1/sign-in/challenge', { handle })
      const nonce = challenge.json['nonce'] ?? 'x'.repeat(51)
      for (const [path, body] of [
        ['/sign-in', { handle, password: handle }],
        ['/sign-in', { handle, password: '' }],
        ['/sign-in', { handle: '', password: handle }],
        ['/sign-in', { handle, password: handle, to: `/${encodeURIComponent(handle)}` }],
        ['/api/v1/sign-in', { handle, password: handle, label: 'x' }],
        ['/api/v1/sign-in', { handle, password: handle }],
        ['/sign-in/key', { handle }],
        ['/sign-in/key/answer', { handle, nonce, answer: 'AAAA' }],
        ['/api/v1/sign-in/key', { handle, nonce, answer: 'AAAA', label: 'x' }],
        ['/sign-in/passkey/options', { handle }],
        ['/sign-in/passkey', { response: handle }],
        ['/sign-in/second/totp', { code: handle }],
        ['/sign-in/second/recovery-codes', { code: handle }],
        ['/recover/ask', { handle, who: handle }],
      ] as const) {
        // so that attempts are looked at and not only delayed, some are delayed all the same
        node.clock.advance(60_000)
        assert.ok((await stranger.post(path, body)).status < 500, path)
        asked += 1
      }
    }
    for (let i = 0; i < 8; i += 1) await stranger.post('/sign-in', { handle: typed, password: 'wrong wrong' })
    await node.kernel.journal.flush()
    const failed = await listAudit(node.kernel.database.db, { actionPrefix: 'sign-ins.fail' }, { limit: 100 })
    assert.ok(asked > 40 && failed.length > 10, `${asked} asked, ${failed.length} journalled`)
    const log = JSON.stringify(node.log.entries, (_key, value: unknown) =>
      value instanceof Error ? { message: value.message, stack: value.stack } : value,
    )
    const stored = await everything(node.kernel.database.db, dialect)
    assert.ok(stored.length > 5_000 && stored.includes('Ada Admin'), 'the tables are read')
    for (const [where, text] of [
      ['log', log],
      ['database, the journal included', stored],
    ] as const) {
      assert.doesNotMatch(text, /planted.passw0rd/i, where)
      for (const form of [typed, odd, odd.toLowerCase().replaceAll(' ', '')]) {
        for (const encoding of ['base64', 'base64url', 'hex'] as const) {
          assert.ok(!text.includes(Buffer.from(form).toString(encoding)), `${where}, ${encoding}`)
        }
      }
    }
  })
})

/** Every row of every table, as text. */
async function everything(db: Db, dialect: Dialect): Promise<string> {
  const query = tables(db)
  const { rows: names } =
    dialect === 'sqlite'
      ? await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(query)
      : await sql<{ name: string }>`
          select table_name as name from information_schema.tables where table_schema = current_schema()`.execute(query)
  const parts: string[] = []
  for (const { name } of names) {
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(name)}`.execute(query)
    for (const row of rows) {
      const values = Object.values(row).map((value) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value),
      )
      parts.push(values.join(' '))
    }
  }
  return parts.join('\n')
}
