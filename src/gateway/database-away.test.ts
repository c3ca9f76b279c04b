import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { listUses } from '#platform'
import { eachDialect, type Place, type Wire, wireTo } from '#platform/testing'
import { createToken } from './sockets/testing.ts'
import { startGate, startUpstream, TestBrowser, type TestGate } from './testing.ts'

const host = 'app.localhost'

async function ask(browser: TestBrowser): Promise<number> {
  return (await browser.visit(host, '/')).status
}

async function accountOf(gate: TestGate, handle: string): Promise<{ readonly id: string }> {
  const { body } = await gate.admin('GET', `/api/v1/accounts?q=${handle}`)
  const { items } = JSON.parse(body) as { readonly items: readonly { readonly id: string }[] }
  return items[0] ?? assert.fail('no account')
}

/** Until the node has read what every change so far made of the epochs: what is verified from here on stays verified. */
async function settled({ clock, kernel: { database } }: TestGate): Promise<void> {
  clock.advance(1_500)
  // what is not believed is another number each time
  const believed = () => new Set([database.epoch('sessions'), database.epoch('sessions')]).size === 1
  while (!believed()) await setTimeout(20)
}

eachDialect((dialect, open) => {
  // the embedded database cannot be away
  if (dialect === 'sqlite') return

  test('database away: what was verified goes on for five minutes, nothing new begins, then nothing passes', async (t) => {
    let wire: Wire | undefined
    const gate = await startGate(t, {
      place: async (context) => {
        wire = await wireTo(context, await open.place(context))
        return wire.place
      },
    })
    if (wire === undefined) throw new TypeError('no wire')
    const app = await startUpstream(t)
    await gate.addRoute({ name: 'app', host, upstreams: [app.origin], access: { kind: 'signed-in' } })
    await gate.addAccount('alice')
    await gate.addAccount('bob')
    await gate.addAccount('carol', ['administrator'])
    const [kept, ended, unseen] = [
      await createToken(gate, 'carol'),
      await createToken(gate, 'carol'),
      await createToken(gate, 'carol'),
    ]
    const byToken = async ({ secret }: { readonly secret: string }): Promise<number> =>
      (await gate.ask({ host, headers: { authorization: `Bearer ${secret}` } })).status
    assert.deepEqual([await byToken(kept), await byToken(ended)], [200, 200])
    const alice = new TestBrowser(gate)
    assert.equal((await alice.openSigningIn(host, '/', 'alice')).status, 200)
    const bob = new TestBrowser(gate)
    await bob.openSigningIn(host, '/', 'bob')

    // known to this node before the database went: it holds
    const { id } = await accountOf(gate, 'bob')
    assert.equal((await gate.admin('POST', `/api/v1/accounts/${id}/disable`)).status, 200)
    assert.equal((await gate.admin('DELETE', `/api/v1/tokens/${ended.id}`)).status, 204)
    await settled(gate)
    assert.equal(await ask(alice), 200)
    assert.deepEqual([await byToken(kept), await byToken(ended)], [200, 401])

    const { journal, database } = gate.kernel
    const { id: aliceId } = await accountOf(gate, 'alice')
    const usesOfAlice = async () => {
      const uses = await listUses(database.db, { principalId: aliceId }, { limit: 100 })
      const ofApp = uses.filter(({ resource }) => resource.name === 'app')
      return ofApp.reduce((sum, { count }) => sum + count, 0)
    }
    await journal.flush()
    const before = await usesOfAlice()

    await wire.cut()
    await gate.log.next(/the database is away/)
    gate.clock.advance(4_000)
    assert.equal(await ask(alice), 200, 'verified before')
    await assert.rejects(journal.flush())
    await gate.log.next(/it is kept in the spool/)
    assert.ok((await ask(bob)) >= 300, 'a known end holds')
    assert.equal(await byToken(kept), 200, 'a token that was verified')
    assert.ok((await byToken(ended)) >= 400, 'one that was revoked')
    assert.equal(await byToken(unseen), 503, 'one that nobody has seen')
    const stranger = new TestBrowser(gate)
    const form = { handle: 'alice', password: 'correct horse battery staple' }
    assert.ok((await stranger.visit('gatehouse.localhost', '/sign-in', form)).status >= 500, 'nobody signs in')
    assert.equal((await gate.ask({ host: 'gatehouse.localhost', path: '/readyz' })).status, 503)

    gate.clock.advance(4 * 60_000)
    assert.equal(await ask(alice), 200, 'still within five minutes')
    gate.clock.advance(60_000)
    assert.equal(await ask(alice), 503, 'the grace is over')
    assert.equal(await byToken(kept), 503)

    await wire.mend()
    await gate.log.next(/the database is back/)
    assert.equal(await ask(alice), 200)
    assert.ok((await ask(bob)) >= 300)
    await journal.flush()
    assert.equal(await usesOfAlice(), before + 3, 'two while it was away, one since')
  })

  test('database away: what was revoked elsewhere meanwhile counts when it is back', async (t) => {
    let wire: Wire | undefined
    let direct: Place | undefined
    const gate = await startGate(t, {
      place: async (context) => {
        direct = await open.place(context)
        wire = await wireTo(context, direct)
        return wire.place
      },
    })
    if (wire === undefined || direct === undefined) throw new TypeError('no wire')
    const shared = direct
    const other = await startGate(t, { place: async () => shared, sealOf: gate, clock: gate.clock })
    try {
      const app = await startUpstream(t)
      await gate.addRoute({ name: 'app', host, upstreams: [app.origin], access: { kind: 'signed-in' } })
      await gate.addAccount('alice')
      const alice = new TestBrowser(gate)
      assert.equal((await alice.openSigningIn(host, '/', 'alice')).status, 200)
      await settled(gate)
      assert.equal(await ask(alice), 200)
      await wire.cut()
      await gate.log.next(/the database is away/)
      const { id } = await accountOf(other, 'alice')
      assert.equal((await other.admin('POST', `/api/v1/accounts/${id}/disable`)).status, 200)
      assert.equal(await ask(alice), 200, 'this node cannot know')
      await wire.mend()
      await gate.log.next(/the database is back/)
      assert.notEqual(await ask(alice), 200)
    } finally {
      // its storage goes with the first node
      await other.stop()
    }
  })
})
