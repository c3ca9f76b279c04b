import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Actor } from '#kit'
import { tables, touch } from '#platform'
import { eachDialect } from '#platform/testing'
import { type Answer, startGate, startUpstream } from '../testing.ts'

const host = 'app.localhost'
const system: Actor = { principal: { kind: 'system', id: 'system', name: 'test' } }

interface Rows {
  readonly gateway_secret_headers: { readonly name: string; readonly sealed: Uint8Array }
  readonly gateway_routes: { readonly name: string; readonly revision: number }
}

const codeOf = ({ body }: Answer): unknown => (JSON.parse(body) as { readonly code: unknown }).code

eachDialect((_dialect, open) => {
  test('a secret header that was damaged closes its own route, shadow mode or not, and no other', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const upstream = await startUpstream(t)
    const common = { upstreams: [upstream.origin], access: { kind: 'public', reason: 'a test of damage' } }
    await gate.addRoute({ ...common, name: 'app', host, mode: 'shadow' })
    await gate.addRoute({ ...common, name: 'other', host: 'other.localhost' })
    const set = (path: string) => gate.admin('PUT', `/api/v1/routes/${path}`, { value: 'key' })
    const heads = ['app/secret-headers/X-Damaged', 'app/secret-headers/X-Good', 'other/secret-headers/X-Good']
    for (const head of heads) assert.equal((await set(head)).status, 200)
    await gate.kernel.context(system).tx(async ({ db }) => {
      const rows = tables<Rows>(db)
      const damage = rows.updateTable('gateway_secret_headers').set({ sealed: Buffer.from('damaged') })
      await damage.where('name', '=', 'x-damaged').execute()
      await rows.updateTable('gateway_routes').set({ revision: 9 }).execute()
      touch(db, 'routes')
    })
    const refused = await gate.ask({ host })
    assert.deepEqual([refused.status, codeOf(refused)], [503, 'gateway.secret-header-damaged'])
    assert.doesNotMatch(refused.body, /x-damaged/i)
    assert.equal(upstream.seen.length, 0)
    assert.equal((await gate.ask({ host: 'other.localhost' })).status, 200)
    assert.equal(upstream.seen.at(-1)?.headers['x-good'], 'key')

    const { fields } = await gate.log.next(/lets nobody in/)
    assert.deepEqual(
      [fields['route'], fields['cause']],
      ['app', 'The secret headers x-damaged can no longer be opened.'],
    )
    const why = await gate.admin('GET', '/api/v1/why?permission=routes:use:app')
    assert.match(why.body, /route-secret-header/)
    const tried = await gate.admin('POST', '/api/v1/route-trials', { method: 'GET', url: `https://${host}/` })
    assert.match(tried.body, /gateway\.secret-header-damaged/)

    assert.equal((await set('app/secret-headers/X-Damaged')).status, 200)
    assert.equal((await gate.ask({ host })).status, 200)
    assert.equal(upstream.seen.at(-1)?.headers['x-damaged'], 'key')
  })
})
