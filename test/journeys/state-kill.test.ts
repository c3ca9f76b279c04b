import assert from 'node:assert/strict'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cleanUp, newDirectory, type Product, startProduct } from '../product/start.ts'

after(cleanUp)

const count = 100
const state = {
  groups: Object.fromEntries(Array.from({ length: count }, (_, index) => [`g${index}`, { title: `Group ${index}` }])),
  roles: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `r${index}`,
      { title: `Role ${index}`, permissions: ['routes:read'], holders: { groups: [`g${index}`] } },
    ]),
  ),
}

/** Over the admin socket; `undefined` when the server ends before it answers. */
function ask(product: Product, path: string, body?: unknown): Promise<Record<string, unknown> | undefined> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((done) => {
    const outgoing = request({
      socketPath: join(product.directory, 'data', 'admin.sock'),
      method: text === undefined ? 'GET' : 'POST',
      path,
      headers: { host: 'localhost', ...(text === undefined ? {} : { 'content-type': 'application/json' }) },
    })
    outgoing.on('error', () => done(undefined))
    outgoing.on('response', (incoming) => {
      let answer = ''
      incoming.on('data', (chunk: Buffer) => {
        answer += chunk.toString()
      })
      incoming.on('error', () => done(undefined))
      incoming.on('end', () => done(JSON.parse(answer) as Record<string, unknown>))
    })
    outgoing.end(text)
  })
}

test('attack: killed in the middle of an apply, the server has applied all of it or nothing', async () => {
  const directory = newDirectory()
  let product = await startProduct({ directory })
  for (const share of [0.2, 0.5, 0.8]) {
    const began = performance.now()
    const plan = await ask(product, '/api/v1/state/plan', { state })
    // a plan is a trial, so it takes about as long as what it tries
    const wait = (performance.now() - began) * share
    const applying = ask(product, '/api/v1/state/apply', { state, fingerprint: plan?.['fingerprint'] })
    await new Promise((resolve) => setTimeout(resolve, wait))
    await product.stop('SIGKILL')
    const answered = (await applying) !== undefined
    product = await startProduct({ directory })
    const all = (await ask(product, '/api/v1/state?kinds=groups,roles')) as Record<string, Record<string, unknown>>
    const groups = Object.keys(all['groups'] ?? {}).length
    const roles = Object.keys(all['roles'] ?? {}).filter((name) => name.startsWith('r')).length
    assert.equal(groups, roles)
    assert.ok(groups === 0 || groups === count, `${groups} of ${count}`)
    if (answered) assert.equal(groups, count, 'what was answered is kept')
    if (groups === count) break
  }
  const plan = await ask(product, '/api/v1/state/plan', { state })
  const fingerprint = plan?.['fingerprint']
  const applied = await ask(product, '/api/v1/state/apply', { state, fingerprint })
  assert.ok(Array.isArray(applied?.['items']), JSON.stringify(applied))
  const again = (await ask(product, '/api/v1/state/plan', { state })) as {
    readonly items: readonly { action: string }[]
  }
  assert.ok(again.items.every(({ action }) => action === 'unchanged'))
})
