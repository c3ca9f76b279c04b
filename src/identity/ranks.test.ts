import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { addPerson, browser, startSetUpNode } from './testing.ts'

const password = 'quiet lanterns over the harbour'

eachDialect((_, open) => {
  test('nobody resets, changes, disables, deletes or signs out somebody of an equal or higher rank', async (t) => {
    const node = await startSetUpNode(t, open)
    const permissions = ['accounts:*', 'credentials:*', 'sessions:*', 'tokens:*']
    const role = { name: 'lead', title: 'Lead', permissions, rank: 10 }
    assert.equal((await node.admin.post('/api/v1/roles', role)).status, 201)
    const people = new Map<string, string>()
    for (const handle of ['lead', 'equal', 'person']) {
      people.set(handle, await addPerson(node.admin, handle, password))
    }
    for (const handle of ['lead', 'equal']) {
      const given = await node.admin.post('/api/v1/roles/lead/give', { kind: 'principal', id: people.get(handle) })
      assert.equal(given.status, 204, given.text)
    }
    const lead = browser(node, '198.51.100.1')
    await lead.signIn('lead', password)
    const attempts = async (handle: string) => {
      const id = people.get(handle) ?? ''
      const theirs = browser(node, '198.51.100.2')
      await theirs.signIn(handle, password)
      const [session] = (await theirs.get('/api/v1/sessions')).json['items'] as readonly { id: string }[]
      const token = { label: 'CI', permissions: ['*'], expiresAt: null }
      const made = await theirs.post('/api/v1/tokens', token)
      const { id: tokenId } = made.json['token'] as { id: string }
      const answers = [
        await lead.send('PATCH', `/api/v1/accounts/${id}`, { displayName: 'Renamed' }),
        await lead.send('DELETE', `/api/v1/tokens/${tokenId}`),
        await lead.send('DELETE', `/api/v1/sessions/${session?.id}`),
        await lead.post(`/api/v1/accounts/${id}/end-sessions`),
        await lead.post(`/api/v1/accounts/${id}/reset-password`),
        await lead.post(`/api/v1/accounts/${id}/disable`),
        await lead.send('DELETE', `/api/v1/accounts/${id}`),
      ]
      return { answers, still: (await theirs.get('/api/v1/me')).status }
    }
    const equal = await attempts('equal')
    for (const [index, answer] of equal.answers.entries()) {
      assert.equal(answer.json['code'], 'access.outranked', `${index} ${answer.text}`)
      assert.equal(answer.status, 403)
      assert.match(String(answer.json['detail']), /equal ranks as high as you or higher/)
    }
    assert.equal(equal.still, 200, 'nothing happened')
    const person = await attempts('person')
    assert.deepEqual(
      person.answers.map(({ status }) => status < 300),
      person.answers.map(() => true),
      person.answers.map(({ text }) => text).join('\n'),
    )
    await node.kernel.journal.flush()
    const refusals = await listAudit(node.kernel.database.db, { outcome: 'refused' }, { limit: 100 })
    assert.ok(JSON.stringify(refusals).includes('outranked'), 'the journal knows')
  })

  test('of two administrators either can act on the other', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = await addPerson(node.admin, 'second', password)
    const given = await node.admin.post('/api/v1/roles/administrator/give', { kind: 'principal', id })
    assert.equal(given.status, 204)
    const reset = await node.admin.post(`/api/v1/accounts/${id}/reset-password`)
    assert.equal(reset.status, 200, reset.text)
    const disabled = await node.admin.post(`/api/v1/accounts/${id}/disable`)
    assert.ok(disabled.status < 300, disabled.text)
  })
})
