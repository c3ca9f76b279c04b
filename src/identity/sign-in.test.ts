import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect } from '#platform/testing'
import { addPerson, adminPassword, browser, startSetUpNode } from './testing.ts'

eachDialect((_, open) => {
  test('a person signs in, is known, and signs out', async (t) => {
    const node = await startSetUpNode(t, open)
    assert.equal((await node.admin.get('/api/v1/me')).json['handle'], 'admin')
    assert.match((await node.admin.get('/sign-in')).text, /signed in as Ada Admin \(admin\)/)
    assert.equal((await node.admin.post('/sign-out')).status, 303)
    assert.equal(node.admin.cookies.has('__Host-gatehouse'), false)
    assert.equal((await node.admin.get('/api/v1/me')).status, 401)
  })

  test('the right password alone opens; every other answer is the same', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = await addPerson(node.admin, 'disabled', 'a long enough password')
    await node.admin.post(`/api/v1/accounts/${id}/disable`)
    const tries = [
      { handle: 'admin', password: 'wrong wrong wrong' },
      { handle: 'nobody', password: adminPassword },
      { handle: 'disabled', password: 'a long enough password' },
      { handle: 'x'.repeat(1000), password: 'y'.repeat(4000) },
    ]
    for (const [index, body] of tries.entries()) {
      const page = await browser(node, `198.51.100.${index + 1}`).post('/sign-in', body)
      assert.equal(page.status, 401)
      assert.equal(page.cookies.size, 0)
      assert.match(page.text, /do not belong together/)
    }
  })
})
