import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect } from '#platform/testing'
import { startGate, TestBrowser, type TestGate } from '../testing.ts'
import { appCookie, handshake, host, originOf, say, signedIn, startSocketUpstream } from './testing.ts'

const consoleHost = 'gatehouse.localhost'
const consoleCookie = '__Host-gatehouse'

/** A person signed in to an app and, behind it, to the console. */
async function signedInto(gate: TestGate, handle: string) {
  const browser = new TestBrowser(gate)
  assert.equal((await browser.openSigningIn(host, '/', handle)).status, 200)
  const cookieOf = (at: string, name: string) =>
    `${name}=${browser.jars.get(at)?.get(name) ?? assert.fail('no cookie')}`
  const app = { cookie: cookieOf(host, appCookie), origin: originOf(gate) }
  const own = {
    cookie: cookieOf(consoleHost, consoleCookie),
    origin: `https://${consoleHost}:${gate.port}`,
    'content-type': 'application/json',
  }
  return {
    app,
    /** Whether the app lets the session in. */
    isIn: async () => (await gate.ask({ host, headers: { ...app, accept: 'application/json' } })).status === 200,
    asks: (method: string, path: string) =>
      gate.ask({ host: consoleHost, method, path, headers: own, ...(method === 'POST' ? { body: '{}' } : {}) }),
  }
}

eachDialect((_, open) => {
  for (const what of ['revoking the credential', 'signing out everywhere else'] as const) {
    test(`${what} ends sessions of app hosts at once, and closes their WebSockets`, async (t) => {
      const gate = await startGate(t, { place: (context) => open.place(context) })
      const upstream = await startSocketUpstream(t)
      await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
      await gate.addAccount('sam')
      const phone = await signedInto(gate, 'sam')
      const desk = await signedInto(gate, 'sam')
      const sockets = { phone: await handshake(t, gate, phone.app), desk: await handshake(t, gate, desk.app) }
      assert.equal(await say(sockets.phone.socket, 'in'), 'in')
      assert.deepEqual([await phone.isIn(), await desk.isIn()], [true, true])

      if (what === 'revoking the credential') {
        const { items } = JSON.parse((await desk.asks('GET', '/api/v1/credentials')).body) as {
          items: { id: string }[]
        }
        const done = await desk.asks('DELETE', `/api/v1/credentials/${items[0]?.id}`)
        assert.equal(done.status, 200, done.body)
        assert.deepEqual([await phone.isIn(), await desk.isIn()], [false, false])
        for (const { closed } of Object.values(sockets)) assert.equal((await closed())[0], 1008)
      } else {
        const done = await desk.asks('POST', '/api/v1/sessions/end-others')
        assert.equal(done.status, 200, done.body)
        assert.deepEqual([await phone.isIn(), await desk.isIn()], [false, true])
        assert.equal((await sockets.phone.closed())[0], 1008)
        assert.equal(await say(sockets.desk.socket, 'still here'), 'still here')
      }
    })
  }
})
