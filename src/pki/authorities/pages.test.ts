import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeRoute } from '#platform'
import { eachDialect, testContext } from '#platform/testing'
import { startNode } from '../testing.ts'
import { createIntermediate, createStandbyRoot } from './create.ts'
import { activateAuthority, revokeAuthority } from './lifecycle.ts'
import { authorityPages } from './pages.ts'
import { requestAuthority } from './requests.ts'
import { issueLeaf, partsOn } from './testing.ts'

const hour = 3_600_000
const day = 24 * hour

type Node = Awaited<ReturnType<typeof startNode>>

/** The markup of a page, as its door would have let it be asked for now. */
async function show(node: Node, path: string, id?: string): Promise<string> {
  const found = node.opened.routes?.find((one) => one.path === path && one.method === 'GET') ?? assert.fail(path)
  const route = await wholeRoute(found)
  const url = new URL(`https://gatehouse.localhost:8443${path}`)
  const request = { method: 'GET', url, headers: new Headers(), cookies: new Map(), address: undefined, local: true }
  const reply = await route.handler(testContext(node), { params: { id }, query: undefined, body: undefined, request })
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

  test('the authorities stand under who signed them, each with its life as a bar on one axis', async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    const ctx = () => testContext(node)
    const make = (line: string) => {
      node.clock.advance(1)
      return createIntermediate(ctx(), parts, { line, algorithm: 'P-256' })
    }
    const first = (await parts.hierarchy.root()).stored
    const printers = await make('printers')
    node.clock.advance(365 * day)
    const second = await createStandbyRoot(ctx(), parts, 'P-256')
    // made after the second root, under the first
    const scanners = await make('scanners')
    const spare = await make('printers')
    await activateAuthority(ctx(), parts, second.id)
    const lamps = await make('lamps')
    await revokeAuthority(ctx(), parts, scanners.id, 'superseded')
    node.clock.advance(365 * day)
    const rows = [...(await show(node, '/certificate-authorities')).matchAll(/<tr role="row">.*?<\/tr>/gs)]
      .slice(1)
      .map(rowOf)
    assert.deepEqual(
      rows.map(({ id, branch, opacity }) => [id, branch, opacity]),
      [
        [first.id, '', '0.35'],
        [printers.id, '└ ', '0.9'],
        [scanners.id, '└ ', '0.35'],
        [spare.id, '└ ', '0.35'],
        [second.id, '', '0.9'],
        [lamps.id, '└ ', '0.9'],
      ],
    )
    // ten years each, the second root a year later: eleven on the axis, of which two are over
    const axis = 11 * 365 * day
    for (const { id, words, bar, now } of rows) {
      const { facts } = (await parts.hierarchy.current()).byId(id) ?? assert.fail(id)
      const from = facts.notBefore - (first.createdAt - hour)
      assert.equal(words, `From ${dayOf(facts.notBefore)} to ${dayOf(facts.notAfter)}`)
      assert.deepEqual(bar, [percent(from, axis), percent(facts.notAfter - facts.notBefore, axis)], words)
      assert.equal(now, percent(2 * 365 * day, axis))
    }
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

/** What a row of the tree shows: whom, how deep, and when. */
function rowOf([markup]: RegExpExecArray) {
  const found = (pattern: RegExp): readonly string[] => pattern.exec(markup)?.slice(1) ?? assert.fail(markup)
  const [branch = ''] = found(/aria-hidden="true">([^<]*)<\/span><a/)
  const [id = ''] = found(/href="\/certificate-authorities\/([^"]+)"/)
  const [words = ''] = found(/<svg role="img" aria-label="([^"]+)"/)
  const [x = '', width = '', opacity = '', now = ''] = found(
    /<rect x="([^"]+)"[^>]* width="([^"]+)"[^>]* fill-opacity="([^"]+)"><\/rect>\s*<rect x="([^"]+)"/,
  )
  return { id, branch, words, bar: [x, width], opacity, now }
}

function percent(part: number, whole: number): string {
  return `${((part / whole) * 100).toFixed(2)}%`
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
