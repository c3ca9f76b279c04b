import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { addPerson, type Browser, browser, startSetUpNode } from '#identity/testing'
import { pkiRoom } from '#pki'
import { listAudit } from '#platform'
import { eachDialect, type OpenDatabase } from '#platform/testing'

const inside = '198.51.100.7'
const outside = '203.0.113.9'
const password = 'quiet lanterns over the harbour'
const day = 24 * 60 * 60_000

interface Issued {
  readonly id: string
  readonly der: Uint8Array
}

eachDialect((_, open) => {
  async function world(t: TestContext, database: OpenDatabase) {
    const node = await startSetUpNode(t, database, { rooms: [pkiRoom] })
    const accountId = String((await node.admin.get('/api/v1/me')).json['id'])

    async function issue(limits: Readonly<Record<string, unknown>> = {}): Promise<Issued> {
      const body = { profile: 'person', account: accountId, newKey: true, ...limits }
      const made = await node.call({ method: 'POST', path: '/api/v1/certificates', local: true, body })
      assert.equal(made.status, 201, made.text)
      return { id: String(made.json['id']), der: new X509Certificate(String(made.json['pem'])).raw }
    }

    /** As far as the certificate's host, which sends the browser back: to where. */
    async function show(who: Browser, der: Uint8Array | undefined, address = inside): Promise<string> {
      const begun = await who.post('/sign-in/certificate', { for: 'sign-in' })
      const [, query = ''] = /sign-in\/certificate\?([^"]+)"/.exec(begun.text) ?? []
      const path = `/api/v1/sign-in/certificate?${query.replaceAll('&amp;', '&')}`
      const seen = await node.call({ path, address, ...(der === undefined ? {} : { certificate: der }) })
      assert.equal(seen.status, 303, seen.text)
      const { pathname, search } = new URL(String(seen.headers['location']))
      return pathname + search
    }

    async function signIn({ der }: Issued): Promise<Browser> {
      const who = browser(node, inside)
      const back = await who.get(await show(who, der))
      assert.equal(back.status, 200, back.text)
      assert.ok(who.cookies.has('__Host-gatehouse'))
      return who
    }

    /** The same browser elsewhere. */
    function moved(from: Browser, address: string): Browser {
      const there = browser(node, address)
      for (const [name, value] of from.cookies) there.cookies.set(name, value)
      return there
    }

    async function refused(address: string): Promise<readonly unknown[]> {
      await node.kernel.journal.flush()
      const records = await listAudit(node.kernel.database.db, { outcome: 'refused' }, { limit: 20 })
      return records.filter((record) => record.address === address).map(({ detail }) => detail?.['code'])
    }
    return { node, accountId, issue, show, signIn, moved, refused }
  }

  for (const covered of [true, false]) {
    for (const state of ['active', 'expired', 'revoked'] as const) {
      test(`a session by certificate: ${covered ? 'covered' : 'uncovered'}, ${state}, inside and outside its networks`, async (t) => {
        const { node, accountId, issue, signIn, moved, refused } = await world(t, open)
        const permissions = [covered ? 'accounts:read' : 'routes:read']
        const issued = await issue({ permissions, networks: { allow: ['198.51.100.0/24'] }, days: 1 })
        const who = await signIn(issued)
        if (state === 'expired') node.clock.advance(day + 60 * 60_000)
        if (state === 'revoked') {
          const path = `/api/v1/certificates/${issued.id}/revoke`
          const done = await node.call({ method: 'POST', path, local: true, body: { reason: 'keyCompromise' } })
          assert.equal(done.status, 200, done.text)
        }
        for (const place of [inside, outside]) {
          const answer = await moved(who, place).get(`/api/v1/accounts/${accountId}`)
          const code = covered ? 'credential-network' : 'credential-permission'
          if (state !== 'active') assert.equal(answer.status, 401, place)
          else if (covered && place === inside) assert.equal(answer.status, 200, answer.text)
          else {
            assert.equal(answer.json['reasonCode'], code, answer.text)
            assert.deepEqual(await refused(place), [code])
          }
        }
      })
    }
  }

  test('the security page offers to reset a certificate to whoever may have one issued, while it stands', async (t) => {
    const { node, issue, signIn } = await world(t, open)
    const account = await addPerson(node.admin, 'sam', password)
    const issued = await issue({ account })
    await signIn(issued)
    const sam = browser(node, inside)
    await sam.signIn('sam', password)
    const links = async () => {
      const { status, text } = await sam.get('/account/security')
      assert.equal(status, 200, text)
      return ['reset', 'revoke'].filter((action) => text.includes(`href="/certificates/${issued.id}/${action}"`))
    }
    assert.deepEqual(await links(), ['revoke'])
    assert.equal((await sam.get(`/certificates/${issued.id}/reset`)).status, 403)
    const role = { name: 'issuer', title: 'Issuer', permissions: ['certificate-profiles:issue:person'] }
    assert.equal((await node.admin.post('/api/v1/roles', role)).status, 201)
    const given = await node.admin.post('/api/v1/roles/issuer/give', { kind: 'principal', id: account })
    assert.ok(given.status < 300, given.text)
    assert.deepEqual(await links(), ['reset', 'revoke'])
    const done = await sam.post(`/api/v1/certificates/${issued.id}/reset`, { newKey: true })
    assert.equal(done.status, 201, done.text)
    assert.deepEqual(await links(), [])
    assert.match((await sam.get('/account/security')).text, /proves nothing any more/)
  })

  test('the security page lists a certificate before its first use, and none that reaches further to who came with less', async (t) => {
    const { node, issue, signIn } = await world(t, open)
    const account = await addPerson(node.admin, 'sam', password)
    const wide = await issue({ account, label: 'Wide' })
    const narrow = await issue({ account, label: 'Narrow', permissions: [`credentials:read:${account}`] })
    const sam = browser(node, inside)
    await sam.signIn('sam', password)
    const listed = async (who: Browser) => {
      const { status, text } = await who.get('/account/security')
      assert.equal(status, 200, text)
      return [wide, narrow].map(({ id }) => text.split(`href="/certificates/${id}/revoke"`).length - 1)
    }
    assert.deepEqual(await listed(sam), [1, 1])
    assert.deepEqual(await listed(await signIn(narrow)), [0, 1])
    assert.deepEqual(await listed(sam), [1, 1], 'a used one once')
    await signIn(wide)
    assert.deepEqual(await listed(sam), [1, 1])
    const spare = await issue({ account, label: 'Spare' })
    assert.match((await sam.get('/account/security')).text, /Spare/)
    const revoked = await node.admin.post(`/api/v1/certificates/${spare.id}/revoke`, { reason: 'superseded' })
    assert.ok(revoked.status < 300, revoked.text)
    assert.doesNotMatch((await sam.get('/account/security')).text, /Spare/)
  })

  test('the security page lists certificates among the rest by age, and tells when one was used to who came with less, too', async (t) => {
    const { node, issue, signIn } = await world(t, open)
    const account = await addPerson(node.admin, 'sam', password)
    const permissions = [`credentials:read:${account}`]
    const one = await issue({ account, label: 'One', permissions })
    node.clock.advance(60_000)
    const other = await issue({ account, label: 'Other', permissions })
    node.clock.advance(60_000)
    const sam = browser(node, inside)
    await sam.signIn('sam', password)
    const made = await sam.post('/api/v1/shared-secrets', { label: 'Later' })
    assert.equal(made.status, 201, made.text)
    const rows = async (who: Browser) => {
      const { text } = await who.get('/account/security')
      return text.split('<tr').filter((row) => /href="\/(certificates|credentials)\//.test(row))
    }
    const labels = (await rows(sam)).map((row) => /One|Other|Later/.exec(row)?.[0] ?? 'the password')
    assert.deepEqual(labels.slice(-3), ['One', 'Other', 'Later'])
    const seen = async () => (await rows(await signIn(one))).filter((row) => row.includes('Other'))
    assert.match(String(await seen()), /never/)
    await signIn(other)
    assert.equal((await seen()).length, 1)
    assert.doesNotMatch(String(await seen()), /never/)
  })

  test('an answer of the certificate’s host is good once, in the browser that asked, for whom it names', async (t) => {
    const { node, issue, show } = await world(t, open)
    const { der } = await issue()
    const who = browser(node, inside)
    const back = await show(who, der)
    const cookies = new Map(who.cookies)

    assert.equal((await browser(node, inside).get(back)).status, 401, 'another browser')
    const other = browser(node, inside)
    await show(other, der)
    assert.equal((await other.get(back)).status, 401, 'a browser that asked for another')
    for (const [from, to] of [
      [/account=acc_[0-9a-f]{4}/, 'account=acc_ffff'],
      [/certificate=crt_[0-9a-f]{4}/, 'certificate=crt_ffff'],
      [/for=sign-in/, 'for=prove'],
      [/code=.{4}/, 'code=AAAA'],
    ] as const) {
      assert.notEqual(back.replace(from, to), back)
      const forger = browser(node, inside)
      for (const [name, value] of cookies) forger.cookies.set(name, value)
      assert.equal((await forger.get(back.replace(from, to))).status, 401, String(from))
    }
    assert.equal((await who.get(back)).status, 200)
    assert.ok(who.cookies.has('__Host-gatehouse'))
    const again = browser(node, inside)
    for (const [name, value] of cookies) again.cookies.set(name, value)
    assert.equal((await again.get(back)).status, 401, 'a second time')
    assert.equal(again.cookies.has('__Host-gatehouse'), false)

    const late = browser(node, inside)
    const answer = await show(late, der)
    node.clock.advance(2 * 60_000)
    assert.equal((await late.get(answer)).status, 401, 'too late')
    assert.match(await show(browser(node, inside), undefined), /fault=none/)
  })

  test('what is revoked between showing and coming back opens nothing, and the attempt is in the journal', async (t) => {
    const { node, issue, show } = await world(t, open)
    const { id, der } = await issue()
    const who = browser(node, inside)
    const back = await show(who, der)
    const path = `/api/v1/certificates/${id}/revoke`
    assert.equal((await node.call({ method: 'POST', path, local: true, body: { reason: 'superseded' } })).status, 200)
    assert.equal((await who.get(back)).status, 401)
    const failed = await listAudit(node.kernel.database.db, { actionPrefix: 'sign-ins.fail' }, { limit: 5 })
    assert.equal(failed.length, 1)
  })
})
