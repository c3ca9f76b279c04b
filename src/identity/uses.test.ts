import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect } from '#platform/testing'
import { listCredentials } from './credentials/credential-store.ts'
import { browser, startSetUpNode } from './testing.ts'

const regionOf = (address: string | undefined) => (address?.startsWith('198.51.100.') === true ? 'DE' : undefined)
const minute = 60_000

eachDialect((_, open) => {
  test('credentials and sessions note when, from where, in which country and by what they were used last', async (t) => {
    const node = await startSetUpNode(t, open, { regions: { regionOf, version: 0 } })
    node.clock.advance(1_000)
    const german = browser(node, '198.51.100.7')
    await german.signIn('admin', 'correct horse battery staple')
    const { json } = await german.get('/api/v1/sessions')
    const sessions = json['items'] as readonly Record<string, unknown>[]
    const own = sessions.find((session) => session['current'] === true)
    assert.deepEqual([own?.['lastSeenAddress'], own?.['lastSeenRegion']], ['198.51.100.7', 'DE'])
    const other = sessions.find((session) => session['current'] !== true)
    assert.equal(other?.['lastSeenRegion'], null, 'a documentation address is nowhere')
    const credentials = (await german.get('/api/v1/credentials')).json['items'] as readonly Record<string, unknown>[]
    const password = credentials.find((credential) => credential['kind'] === 'password')
    assert.deepEqual(
      ['lastUsedAt', 'lastUsedAddress', 'lastUsedRegion', 'lastUsedClient'].map((name) => password?.[name]),
      [new Date(node.clock.now()).toISOString(), '198.51.100.7', 'DE', 'Test/1'],
    )
  })

  test('a token’s use is noted with the program that used it, cut and without control characters', async (t) => {
    const node = await startSetUpNode(t, open, { regions: { regionOf, version: 0 } })
    const owner = String((await node.admin.get('/api/v1/me')).json['id'])
    const made = await node.admin.post('/api/v1/tokens', { label: 'CI', permissions: ['*'], expiresAt: null })
    const use = (address: string, client: string) => {
      const headers = { authorization: `Bearer ${String(made.json['secret'])}`, 'user-agent': client }
      return node.call({ path: '/api/v1/me', address, headers })
    }
    await use('192.0.2.9', 'other/2')
    node.clock.advance(minute)
    await use('198.51.100.7', `backup/1 ${'x'.repeat(1_000)}`)
    // stopping writes what is pending
    await node.house.stop()
    const [token] = await listCredentials(node.kernel.database.db, owner, 'token')
    assert.deepEqual([token?.lastUsedAddress, token?.lastUsedRegion], ['198.51.100.7', 'DE'])
    assert.match(token?.lastUsedClient ?? '', /^backup\/1 x{191}$/)
  })
})
