import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect, fakeClock, plansOf, testContext } from '#platform/testing'
import { noteCertificateUse } from '../clients/use-store.ts'
import { callRoute, postRoute, revoke, startNode, type TestNode } from '../testing.ts'
import {
  type CertificateFilter,
  countCertificates,
  endingUnrenewed,
  listCertificates,
} from './certificate-list-store.ts'
import { certificateList } from './contract.ts'

const day = 86_400_000
const local = { principal: { kind: 'local', id: 'local', name: 'local' } } as const

async function order(node: TestNode, device: string, days: number, wait = 1_000): Promise<string> {
  node.clock.advance(wait)
  const { database, clock } = node
  const ctx = testContext({ database, clock, actor: local })
  const body = { profile: 'device', device, newKey: true, days }
  const { id } = (await postRoute(node, ctx, '/api/v1/certificates', body)) as { readonly id: string }
  return id
}

eachDialect((dialect, open) => {
  test('what ends soon is listed in the order of the ends, what ended from the last backwards, page by page', async (t) => {
    const node = await startNode(t, open, { clock: fakeClock(Date.now()) })
    const lives = [30, 10, 20, 40, 10]
    const ids: string[] = []
    for (const [index, days] of lives.entries()) ids.push(await order(node, `pump-${index}`, days))
    const pages = async (state: 'ending' | 'ended' | 'valid', days: number): Promise<readonly string[]> => {
      const found: string[] = []
      const now = node.ctx.now + days * day
      for (;;) {
        const after = found.length === 0 ? undefined : seen.get(found.at(-1) ?? '')
        const page = await listCertificates(node.ctx.db, { profile: 'device', state }, after, 1, now)
        for (const record of page) seen.set(record.id, record)
        found.push(...page.map(({ id }) => id))
        if (page.length === 0) return found
      }
    }
    const seen = new Map<string, { readonly id: string; readonly notAfter: number }>()
    const named = (found: readonly string[]) => found.map((id) => ids.indexOf(id))
    assert.deepEqual(named(await pages('valid', 0)), [4, 3, 2, 1, 0])
    assert.deepEqual(named(await pages('ended', 25)), [2, 4, 1])
    assert.deepEqual(named(await pages('ended', 41)), [3, 0, 2, 4, 1])
    assert.deepEqual(named(await pages('ending', 9)), [1, 4])
    assert.deepEqual(named(await pages('ending', 29.5)), [0])
    assert.deepEqual(named(await pages('ending', 31)), [3])
    // two that end in the same second: neither is lost between pages of one
    ids.push(await order(node, 'pump-5', 60, 0), await order(node, 'pump-6', 60, 0))
    assert.deepEqual(new Set(named(await pages('ended', 62)).slice(0, 2)), new Set([5, 6]))
    assert.deepEqual(new Set(named(await pages('ending', 59))), new Set([5, 6]))
  })

  test('metrics count what stands, what ends soon and what is revoked, and nothing that has ended', async (t) => {
    const node = await startNode(t, open, { clock: fakeClock(Date.now()) })
    const first = await order(node, 'pump', 30)
    for (const [index, days] of [10, 10, 10, 20, 30, 5].entries()) await order(node, `lamp-${index}`, days)
    await revoke(node.ctx, first, 'superseded')
    node.clock.advance(9 * day)
    const count = node.opened.jobs?.find(({ name }) => name === 'pki.count') ?? assert.fail('nothing counts')
    await count.run(testContext({ database: node.database, clock: node.clock }))
    const told = await node.metrics()
    for (const [state, expected] of Object.entries({ valid: 5, ending: 3, revoked: 1 })) {
      assert.match(told, new RegExp(`^gatehouse_certificates\\{state="${state}"\\} ${expected}$`, 'm'), state)
    }
  })

  test('the list tells who asked and the last use, and is narrowed to who asked', async (t) => {
    const node = await startNode(t, open, { clock: fakeClock(Date.now()) })
    const [used, other] = [await order(node, 'pump-1', 30), await order(node, 'pump-2', 30)]
    const use = { seenAt: node.ctx.now, address: '192.0.2.7', region: undefined, client: 'curl' }
    await node.database.tx((db) => noteCertificateUse(db, used, use))
    const list = async (query: Readonly<Record<string, string>>) => {
      const { body } = (await callRoute(node, '/api/v1/certificates', query)) as { readonly body: unknown }
      return certificateList.parse(body).items
    }
    const asked = await list({ asker: 'local' })
    assert.deepEqual(
      asked.map(({ id, askedBy, lastUse }) => [id, askedBy, lastUse?.address, lastUse?.client]),
      [
        [other, 'local', undefined, undefined],
        [used, 'local', '192.0.2.7', 'curl'],
      ],
    )
    assert.deepEqual(await list({ asker: 'acc_nobody' }), [])
  })

  test('a text is found beside every other filter, and page by page', async (t) => {
    const node = await startNode(t, open, { clock: fakeClock(Date.now()) })
    const ids: string[] = []
    for (const name of ['pump-1', 'lamp-1', 'pump-2', 'pump-3']) ids.push(await order(node, name, 30))
    const named = async (filter: CertificateFilter, after?: { readonly id: string; readonly notAfter: number }) =>
      (await listCertificates(node.ctx.db, filter, after, 2, node.ctx.now)).map(({ id }) => ids.indexOf(id))
    assert.deepEqual(await named({ text: 'pump' }), [3, 2])
    assert.deepEqual(await named({ text: 'pump' }, { id: ids[2] ?? '', notAfter: 0 }), [0])
    assert.deepEqual(await named({ text: 'pump', profile: 'device' }), [3, 2])
    assert.deepEqual(await named({ text: 'pump', profile: 'service' }), [])
    assert.deepEqual(await named({ text: 'lamp', asker: 'local' }), [1])
    assert.deepEqual(await named({ text: '%' }), [])
  })

  if (dialect === 'sqlite') {
    test('every list and count of certificates is answered by an index, and no page is sorted', async (t) => {
      const { database } = await startNode(t, open)
      const filters: Readonly<Record<string, CertificateFilter>> = {
        everything: {},
        profile: { profile: 'device' },
        holder: { holder: 'dev_1' },
        asker: { asker: 'acc_1' },
        valid: { state: 'valid' },
        ending: { state: 'ending' },
        ended: { state: 'ended' },
        revoked: { state: 'revoked' },
      }
      const after = { id: 'crt_1', notAfter: 5 }
      for (const [name, filter] of Object.entries(filters)) {
        for (const position of [undefined, after]) {
          const plans = await plansOf(database, (db) => listCertificates(db, filter, position, 50, 10))
          assert.match(plans.join('; '), /^(SEARCH|SCAN) pki_certificates USING INDEX [^;]+$/, name)
        }
      }
      const narrow = async (filter: CertificateFilter) =>
        (await plansOf(database, (db) => listCertificates(db, filter, undefined, 50, 10))).join('; ')
      assert.match(await narrow({ profile: 'device' }), /_profile \(profile=\?\)/)
      assert.match(await narrow({ asker: 'acc_1' }), /_asker \(asked_by=\?\)/)
      assert.match(await narrow({ state: 'revoked' }), /_revoked_ids$/)
      assert.match(await narrow({ state: 'ended' }), /_ends \(not_after<\?\)/)
      assert.match(await narrow({ state: 'ending' }), /_ends \(not_after>\? AND not_after<\?\)/)
      assert.match(await narrow({ text: 'pump' }), /SCAN pki_certificates USING COVERING INDEX pki_certificates_texts/)
      const counted = await plansOf(database, (db) => countCertificates(db, 10, 20))
      assert.deepEqual(counted.toSorted(), [
        'SCAN pki_certificates USING COVERING INDEX pki_certificates_revoked_ids',
        'SEARCH pki_certificates USING COVERING INDEX pki_certificates_ends (not_after>?)',
        'SEARCH pki_certificates USING INDEX pki_certificates_ends (not_after>? AND not_after<?)',
      ])
      const ending = await plansOf(database, (db) => endingUnrenewed(db, 10, 20, undefined, 4))
      assert.match(ending.join('; '), /^SEARCH pki_certificates USING INDEX pki_certificates_ends/)
    })
  }
})
