import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashSync } from '@node-rs/bcrypt'
import { sql } from 'kysely'
import { listAudit, tables } from '#platform'
import { eachDialect } from '#platform/testing'
import { addPerson, browser, startSetUpNode, type TestNode } from '../testing.ts'

const password = 'moved in from elsewhere'

eachDialect((_, open) => {
  test('a bcrypt hash from elsewhere signs in, and is argon2id from then on', async (t) => {
    const node = await startSetUpNode(t, open)
    const passwordHash = hashSync(password, 4).replace('$2y$', '$2a$')
    const made = await node.admin.post('/api/v1/accounts', { handle: 'sam', displayName: 'Sam', passwordHash })
    assert.equal(made.status, 201, made.text)
    assert.deepEqual(Object.keys(made.json), ['account'], 'neither password nor hash is told')
    const { id } = made.json['account'] as { id: string }
    assert.equal(await storedHash(node, id), passwordHash)

    const wrong = await browser(node, '198.51.100.1').post('/sign-in', {
      handle: 'sam',
      password: 'moved in elsewhere',
    })
    assert.equal(wrong.status, 401)
    assert.equal(await storedHash(node, id), passwordHash)
    await browser(node, '198.51.100.2').signIn('sam', password)
    assert.match(await storedHash(node, id), /^\$argon2id\$/)
    await browser(node, '198.51.100.3').signIn('sam', password)

    const journal = JSON.stringify(await listAudit(node.kernel.database.db, {}, { limit: 200 }))
    assert.ok(!journal.includes(passwordHash.slice(7)))
  })

  test('what is no bcrypt hash, costs too much, or comes beside a password is refused with its field', async (t) => {
    const node = await startSetUpNode(t, open)
    const good = hashSync(password, 4)
    const refused: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ passwordHash: good.replace('$04$', '$31$') }, /this one is of cost 31/],
      [{ passwordHash: good.replace('$2y$', '$2x$') }, /60 characters/],
      [{ passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFi$MDEy' }, /60 characters/],
      [{ passwordHash: `${good}\u0000` }, /60 characters/],
      [{ passwordHash: good, password }, /either a password or the hash/],
    ]
    for (const [given, message] of refused) {
      const answer = await node.admin.post('/api/v1/accounts', { handle: 'sam', displayName: 'Sam', ...given })
      assert.equal(answer.status, 400, answer.text)
      const [fault] = answer.json['faults'] as { field: string; message: string }[]
      assert.equal(fault?.field, 'passwordHash')
      assert.match(fault?.message ?? '', message)
      assert.ok(!answer.text.includes(good.slice(7)), 'the hash is not told back')
    }
    await addPerson(node.admin, 'eve', 'a long enough password')
    const eve = browser(node)
    await eve.signIn('eve', 'a long enough password')
    const not = await eve.post('/api/v1/accounts', { handle: 'sam', displayName: 'Sam', passwordHash: good })
    assert.equal(not.status, 403)
  })
})

async function storedHash({ kernel }: TestNode, accountId: string): Promise<string> {
  const { rows } = await sql<{ hash: string }>`
    select secret_hash as hash from identity_credentials where account_id = ${accountId} and kind = 'password'`.execute(
    tables(kernel.database.db),
  )
  return rows[0]?.hash ?? ''
}
