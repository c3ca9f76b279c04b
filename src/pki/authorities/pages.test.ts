import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeRoute } from '#platform'
import { eachDialect } from '#platform/testing'
import { startNode } from '../testing.ts'
import { createIntermediate, createStandbyRoot } from './create.ts'
import { authorityPages } from './pages.ts'
import { requestAuthority } from './requests.ts'
import { issueLeaf, partsOn } from './testing.ts'

type Node = Awaited<ReturnType<typeof startNode>>

/** The markup of a page, as its door would have let it be asked for. */
async function show(node: Node, path: string, id?: string): Promise<string> {
  const found = node.opened.routes?.find((one) => one.path === path && one.method === 'GET') ?? assert.fail(path)
  const route = await wholeRoute(found)
  const url = new URL(`https://gatehouse.localhost:8443${path}`)
  const request = { method: 'GET', url, headers: new Headers(), cookies: new Map(), address: undefined, local: true }
  const reply = await route.handler(node.ctx, { params: { id }, query: undefined, body: undefined, request })
  return reply.kind === 'page' ? reply.page.body.toString() : assert.fail(`${path} is no page`)
}

eachDialect((_, open) => {
  test('the pages say what is trusted, what issues, and what a click will do', async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    await issueLeaf(node, parts, 'a.example')
    const standby = await createIntermediate(node.ctx, parts, { line: 'servers', algorithm: 'P-256' })
    const root = await createStandbyRoot(node.ctx, parts, 'P-256')
    const request = await requestAuthority(node.ctx, parts, { line: 'servers', algorithm: 'P-256' })
    const tree = (await parts.hierarchy.current()).all
    const markup = await show(node, '/certificate-authorities/{id}', standby.id)
    assert.match(markup, /Stands by/)
    assert.match(markup, new RegExp(`/pki/ca/${standby.id}.pem`))
    const active = tree.find(({ stored }) => stored.line === 'servers' && stored.state === 'active') ?? assert.fail()
    assert.match(await show(node, '/certificate-authorities/{id}/activate', standby.id), /in one step/)
    assert.match(await show(node, '/certificate-authorities/{id}/activate', root.id), /certifies the new one/)
    assert.match(
      await show(node, '/certificate-authorities/{id}/retire', active.stored.id),
      /takes over in the same step/,
    )
    assert.match(await show(node, '/certificate-authorities/{id}/revoke', active.stored.id), /Type Gatehouse servers/)
    const first = tree.find(({ stored }) => stored.line === 'root') ?? assert.fail()
    assert.match(await show(node, '/certificate-authorities/{id}/export', first.stored.id), /shown once/)
    assert.match(
      await show(node, '/certificate-authorities/{id}/disconnect', first.stored.id),
      /deleted on this server/,
    )
    assert.match(await show(node, '/certificate-authority-requests/{id}', request.id), /BEGIN CERTIFICATE REQUEST/)
    assert.match(await show(node, '/certificate-authorities/new'), /An intermediate/)
  })

  test('every change is asked for by a permission of its own; nothing of a key is a GET', async (t) => {
    const node = await startNode(t, open)
    const access = { ...partsOn(node), access: undefined as never }
    for (const { method, path, access: door } of authorityPages(access)) {
      const named = 'permission' in door ? door.permission : 'each' in door ? door.each : assert.fail(path)
      assert.match(named, /^certificate-authorities:(read|create|update|export)(:\{id\})?$/)
      if (/export|disconnect/.test(path)) assert.match(named, /:export:/)
      if (method === 'POST') assert.doesNotMatch(named, /:read/)
    }
  })
})
