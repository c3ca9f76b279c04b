import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startGate, TestBrowser } from '../testing.ts'

const console = 'gatehouse.localhost'
const page = '/routes/app/defence'

test('the page of answers and limits says what stands and saves what is typed, faults at their fields', async (t) => {
  const gate = await startGate(t)
  await gate.addAccount('sam', ['administrator'])
  await gate.addRoute({ name: 'app', host: 'app.localhost', upstreams: ['http://127.0.0.1:1'] })
  const browser = new TestBrowser(gate)
  const opened = await browser.openSigningIn(console, page, 'sam')
  assert.equal(opened.status, 200, opened.body)
  assert.match(opened.body, /compatible: what apps do not break on \(chosen by the kind of app\)/)
  const revision = /name="revision" value="(\d+)"/.exec(opened.body)?.[1] ?? ''
  const wrong = await browser.visit(console, page, {
    revision,
    preset: 'strict',
    setHeaders: 'X-A: b\nno header at all',
    corsOrigins: '*',
    corsCredentials: 'on',
    bodyBytes: 'a lot',
    rateRequests: 'many',
    rateBy: 'principal',
  })
  assert.equal(wrong.status, 400)
  for (const field of ['setHeaders', 'corsCredentials', 'bodyBytes', 'rateRequests']) {
    assert.match(wrong.body, new RegExp(`href="#[^"]*${field}`), field)
  }
  assert.match(wrong.body, /no header at all/)
  for (const words of [/a size, such as/, /a whole number/]) assert.match(wrong.body, words)
  const saved = await browser.open(console, page, {
    revision,
    preset: 'strict',
    setHeaders: 'X-A: b\r\nX-C: d: e\r\n',
    removeHeaders: 'server x-generator',
    keepDomain: 'on',
    corsOrigins: 'https://shop.example.org\r\nhttp://localhost:5173',
    corsMethods: 'GET PUT',
    bodyBytes: '10 MB',
    rateRequests: '600',
    rateSeconds: '',
    rateBurst: '100',
    rateBy: 'address',
  })
  assert.equal(saved.status, 200, saved.body)
  assert.match(saved.body, /600 in 60 s, 100 at once, for each address/)
  const stands = JSON.parse((await gate.admin('GET', '/api/v1/routes/app')).body) as Record<string, unknown>
  assert.deepEqual(stands['response'], {
    preset: 'strict',
    setHeaders: { 'x-a': 'b', 'x-c': 'd: e' },
    removeHeaders: ['server', 'x-generator'],
    cookieDomain: 'keep',
    cors: {
      origins: ['https://shop.example.org', 'http://localhost:5173'],
      methods: ['GET', 'PUT'],
      headers: [],
      exposeHeaders: [],
      credentials: false,
      maxAgeSeconds: 600,
    },
  })
  assert.deepEqual(stands['limits'], {
    bodyBytes: 10_000_000,
    headerBytes: null,
    rate: { requests: 600, perSeconds: 60, burst: 100, by: 'address' },
  })
  // a page filled before that change
  assert.equal((await browser.visit(console, page, { revision, preset: 'auto' })).status, 412)
})
