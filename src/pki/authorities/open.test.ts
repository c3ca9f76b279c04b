import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { eachDialect, testContext } from '#platform/testing'
import { startNode } from '../testing.ts'
import { findActiveAuthority } from './authority-store.ts'
import { createIntermediate } from './create.ts'
import { disconnectKey, exportRootKey } from './key-export.ts'
import { issueLeaf, partsOn } from './testing.ts'

const day = 86_400_000

eachDialect((_, open) => {
  test('metrics tell when the root and the first authority of a line end, and how many lines need a person', async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    const ctx = () => testContext(node)
    await createIntermediate(ctx(), parts, { line: 'printers', algorithm: 'P-256' })
    node.clock.advance(365 * day)
    await issueLeaf({ ...node, ctx: ctx() }, parts, 'a.example')
    await createIntermediate(ctx(), parts, { line: 'lamps', algorithm: 'P-256' })
    const roll = node.opened.jobs?.find(({ name }) => name === 'pki.roll-authorities') ?? assert.fail('nothing rolls')
    const told = async () => {
      await roll.run(ctx())
      const found = [...(await node.metrics()).matchAll(/^gatehouse_((?:root|authority)_\S+) (\d+)$/gm)]
      return Object.fromEntries(found.map(([, name = '', value]) => [name, Number(value)]))
    }
    const active = async (line: string) => (await findActiveAuthority(node.database.db, line)) ?? assert.fail(line)
    const endOf = async (line: string) =>
      new X509Certificate((await active(line)).certificate).validToDate.getTime() / 1000
    const ends = {
      root_certificate_not_after_seconds: await endOf('root'),
      'authority_not_after_seconds{line="servers"}': await endOf('servers'),
      // the first of two
      'authority_not_after_seconds{line="other"}': await endOf('printers'),
    }
    assert.deepEqual(await told(), { ...ends, authority_lines_waiting: 0 })
    const root = await active('root')
    const { digest } = await exportRootKey(ctx(), parts, root.id, 'granite harbour willow')
    await disconnectKey(ctx(), parts, root.id, digest)
    node.clock.advance(4 * 365 * day - 100 * day)
    // made before the root’s key left
    const clients = { 'authority_not_after_seconds{line="clients"}': await endOf('clients') }
    const waiting = { authority_lines_waiting: 1 }
    assert.deepEqual(await told(), { ...ends, ...clients, ...waiting }, 'printers; the others have a year more')
  })
})
