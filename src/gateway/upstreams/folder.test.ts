import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { openHttp2, startGate, type TestGate } from '../testing.ts'

const host = 'site.localhost'
const access = { kind: 'public', reason: 'a test of static files' }

interface Site {
  readonly gate: TestGate
  /** The directory that the operator lists. */
  readonly listed: string
  readonly root: string
}

async function startSite(t: TestContext): Promise<Site> {
  const listed = realpathSync(mkdtempSync(join(tmpdir(), 'gatehouse-sites-')))
  t.after(() => rmSync(listed, { recursive: true, force: true }))
  const root = join(listed, 'site')
  mkdirSync(join(root, 'docs'), { recursive: true })
  writeFileSync(join(root, 'index.html'), '<!doctype html><p>home')
  writeFileSync(join(root, 'docs', 'index.html'), '<p>docs')
  writeFileSync(join(root, 'notes ä.txt'), '0123456789')
  writeFileSync(join(root, 'big.bin'), Buffer.alloc(300_000, 'b'))
  const gate = await startGate(t, { environment: { GATEHOUSE_GATEWAY_FOLDERS: listed } })
  await gate.addRoute({ name: 'site', host, upstreams: [`folder:${root}`], access })
  return { gate, listed, root }
}

test('files are served by their names, with the headers of the gate', async (t) => {
  const { gate } = await startSite(t)
  const home = await gate.ask({ host })
  assert.deepEqual([home.status, home.body], [200, '<!doctype html><p>home'])
  assert.equal(home.headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(home.headers['cache-control'], 'private, no-cache')
  assert.match(String(home.headers['content-security-policy']), /object-src/)
  assert.equal(home.headers['x-content-type-options'], 'nosniff')
  const docs = await gate.ask({ host, path: '/docs?a=b' })
  assert.deepEqual([docs.status, docs.headers.location], [301, './docs/?a=b'])
  assert.equal((await gate.ask({ host, path: '/docs/' })).body, '<p>docs')
  const notes = await gate.ask({ host, path: '/notes%20%C3%A4.txt?x' })
  assert.deepEqual([notes.body, notes.headers['content-type']], ['0123456789', 'text/plain; charset=utf-8'])
  const { etag = '', 'last-modified': modified = '' } = notes.headers
  const path = '/notes%20%C3%A4.txt'
  const kept = await gate.ask({ host, path, headers: { 'if-none-match': etag } })
  assert.deepEqual([kept.status, kept.body, kept.headers.etag], [304, '', etag])
  assert.equal((await gate.ask({ host, path, headers: { 'if-modified-since': modified } })).status, 304)
  const part = await gate.ask({ host, path, headers: { range: 'bytes=2-4', 'if-range': etag } })
  assert.deepEqual([part.status, part.body, part.headers['content-range']], [206, '234', 'bytes 2-4/10'])
  const beyond = await gate.ask({ host, path, headers: { range: 'bytes=10-' } })
  assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, 'bytes */10'])
  const head = await gate.ask({ host, path, method: 'HEAD' })
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '10'])
  assert.equal((await gate.ask({ host, path: '/big.bin' })).body.length, 300_000)
  const tested = await gate.admin('POST', '/api/v1/routes/site/test')
  assert.match(tested.body, /"reachable":true,"status":200/)
})

test('what is not there is 404, with the page of the folder where it has one; other methods are refused', async (t) => {
  const { gate, root } = await startSite(t)
  assert.equal((await gate.ask({ host, path: '/nothing' })).body, 'There is no such file.\n')
  writeFileSync(join(root, '404.html'), '<p>lost')
  for (const path of ['/nothing', '/docs/nothing', '/index.html/', '/index.html/x', '/big.bin/']) {
    const missing = await gate.ask({ host, path })
    assert.deepEqual([missing.status, missing.body], [404, '<p>lost'], path)
  }
  const head = await gate.ask({ host, path: '/nothing', method: 'HEAD' })
  assert.deepEqual([head.status, head.body], [404, ''])
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND']) {
    const answer = await gate.ask({ host, method, headers: { 'content-length': '1' }, body: 'x' })
    assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, HEAD'], method)
  }
  const stream = openHttp2(t, gate, host).request({ ':path': '/nothing', ':method': 'HEAD' })
  const status = await new Promise((resolve) => stream.on('response', (headers) => resolve(headers[':status'])))
  assert.equal(status, 404)
})

test('attack 2: nothing hidden is served, nothing from outside, and nothing that is no file', async (t) => {
  const { gate, listed, root } = await startSite(t)
  const secret = join(listed, 'secret.txt')
  writeFileSync(secret, 'secret')
  writeFileSync(join(root, '.env'), 'secret')
  mkdirSync(join(root, '.git'))
  writeFileSync(join(root, '.git', 'config'), 'secret')
  writeFileSync(join(root, 'unreadable'), 'secret')
  chmodSync(join(root, 'unreadable'), 0)
  symlinkSync(secret, join(root, 'link'))
  symlinkSync('../secret.txt', join(root, 'relative'))
  symlinkSync(listed, join(root, 'up'))
  symlinkSync('.git/config', join(root, 'config'))
  symlinkSync('loop', join(root, 'loop'))
  symlinkSync('/proc/self', join(root, 'process'))
  symlinkSync('index.html', join(root, 'inside'))
  execFileSync('mkfifo', [join(root, 'pipe')])
  const socket = createServer().listen(join(root, 'socket'))
  t.after(() => socket.close())
  const paths = [
    '/.env',
    '/.git/config',
    '/%2egit/config',
    '/link',
    '/relative',
    '/up/secret.txt',
    '/up/',
    '/config',
    '/loop',
    '/process/environ',
    '/pipe',
    '/socket',
    '/..%2fsecret.txt',
    '/../secret.txt',
    '/..;/secret.txt',
    '/a%00',
    '/%ff',
    '/index.html%00.txt',
    '/\\..\\secret.txt',
    '//etc/passwd',
    `/${'a'.repeat(300)}`,
    // root reads everything
    ...(process.getuid?.() === 0 ? [] : ['/unreadable']),
  ]
  for (const path of paths) {
    const text = await gate.raw(host, `GET ${path} HTTP/1.1\r\nHost: ${host}:${gate.port}\r\nConnection: close\r\n\r\n`)
    assert.match(text, /^HTTP\/1\.1 (?:404|400|301) /, path)
    assert.doesNotMatch(text, /secret\b(?!\.txt)/, path)
  }
  assert.equal((await gate.ask({ host, path: '/inside' })).body, '<!doctype html><p>home')
})

test('attack 2: a link that is swapped while it is asked about never leads out', async (t) => {
  const { gate, listed, root } = await startSite(t)
  writeFileSync(join(listed, 'secret.txt'), 'secret')
  const link = join(root, 'swapped')
  let isOut = false
  let swaps = 0
  const swap = (): void => {
    const next = join(root, 'next')
    symlinkSync(isOut ? 'index.html' : '../secret.txt', next)
    renameSync(next, link)
    isOut = !isOut
    swaps += 1
  }
  swap()
  const asking = Array.from({ length: 8 }, async () => {
    for (let more = 0; more < 15; more += 1) {
      const answer = await gate.ask({ host, path: '/swapped' })
      assert.doesNotMatch(answer.body, /secret/)
      swap()
    }
  })
  await Promise.all(asking)
  assert.ok(swaps > 100)
})

test('a compressed file beside another stands in for it: who can read it gets it, whole, under its own tag', async (t) => {
  const { gate, root } = await startSite(t)
  const text = 'alert(1)\n'.repeat(1_000)
  const script = join(root, 'app.js')
  writeFileSync(script, text)
  writeFileSync(`${script}.br`, brotliCompressSync(text))
  writeFileSync(`${script}.gz`, gzipSync(text))
  const at = new Date(1_700_000_000_000)
  for (const ending of ['', '.br', '.gz']) utimesSync(script + ending, at, at)
  const ask = (headers: Readonly<Record<string, string>>, method = 'GET') =>
    gate.ask({ host, path: '/app.js', headers, method })
  const plain = await ask({})
  assert.deepEqual([plain.body, plain.headers.vary, plain.headers['accept-ranges']], [text, 'Accept-Encoding', 'bytes'])
  assert.equal(plain.headers['content-encoding'], undefined)
  const tags = new Set([plain.headers.etag])
  for (const [accepted, coding, bytes] of [
    ['gzip, deflate, br', 'br', brotliCompressSync(text).length],
    ['gzip', 'gzip', gzipSync(text).length],
  ] as const) {
    const coded = await ask({ 'accept-encoding': accepted })
    assert.equal(coded.status, 200)
    assert.equal(coded.headers['content-encoding'], coding)
    assert.equal(coded.headers['content-type'], plain.headers['content-type'])
    assert.equal(coded.headers['content-length'], String(bytes))
    assert.deepEqual([coded.headers.vary, coded.headers['accept-ranges']], ['Accept-Encoding', 'none'])
    const { etag = '' } = coded.headers
    tags.add(etag)
    const kept = await ask({ 'accept-encoding': accepted, 'if-none-match': etag })
    assert.deepEqual([kept.status, kept.headers.etag, kept.headers.vary], [304, etag, 'Accept-Encoding'])
    const head = await ask({ 'accept-encoding': accepted }, 'HEAD')
    assert.deepEqual([head.headers['content-encoding'], head.headers['content-length']], [coding, String(bytes)])
    // a part is always one of the file itself; one that goes on with the compressed file begins anew
    const part = await ask({ 'accept-encoding': accepted, range: 'bytes=0-4' })
    assert.deepEqual([part.status, part.body, part.headers['content-encoding']], [206, 'alert', undefined])
    const anew = await ask({ 'accept-encoding': accepted, range: 'bytes=5-', 'if-range': etag })
    assert.deepEqual([anew.status, anew.body], [200, text])
  }
  assert.equal(tags.size, 3)
  // an older one is of what the file was before
  utimesSync(`${script}.br`, at, new Date(at.getTime() - 1))
  assert.equal((await ask({ 'accept-encoding': 'br, gzip' })).headers['content-encoding'], 'gzip')
  rmSync(`${script}.gz`)
  assert.equal((await ask({ 'accept-encoding': 'br, gzip' })).body, text)
  // by its own name it is a file like any other
  assert.equal((await gate.ask({ host, path: '/app.js.br' })).headers['content-encoding'], undefined)
})

test('attack 2: what stands in for a file lies inside too, and never for one that is not there', async (t) => {
  const { gate, listed, root } = await startSite(t)
  writeFileSync(join(listed, 'outside'), 'outside')
  symlinkSync(join(listed, 'outside'), join(root, 'index.html.br'))
  mkdirSync(join(root, 'index.html.gz'))
  writeFileSync(join(root, 'alone.js.br'), 'alone')
  const headers = { 'accept-encoding': 'br, gzip' }
  const home = await gate.ask({ host, headers })
  assert.deepEqual([home.body, home.headers['content-encoding']], ['<!doctype html><p>home', undefined])
  assert.equal((await gate.ask({ host, path: '/alone.js', headers })).status, 404)
})

test('a file that shrinks while it is sent is cut off, never ended as a whole', async (t) => {
  const { gate, root } = await startSite(t)
  const large = join(root, 'large.bin')
  writeFileSync(large, Buffer.alloc(64 * 1024 * 1024))
  const session = openHttp2(t, gate, host)
  const stream = session.request({ ':path': '/large.bin' })
  // nothing is taken yet, so most of it is still to be read
  const begun = new Promise((resolve) => stream.once('response', resolve))
  await begun
  truncateSync(large, 1_000)
  const ended = new Promise<number>((resolve) => stream.once('close', () => resolve(stream.rstCode)))
  stream.on('error', () => undefined)
  stream.resume()
  assert.notEqual(await ended, 0)
})

test('only what the operator lists is served, by what it really is, at save and at use', async (t) => {
  const { gate, listed, root } = await startSite(t)
  const outside = realpathSync(mkdtempSync(join(tmpdir(), 'gatehouse-outside-')))
  t.after(() => rmSync(outside, { recursive: true, force: true }))
  writeFileSync(join(outside, 'index.html'), 'secret')
  symlinkSync(outside, join(listed, 'link'))
  symlinkSync(gate.data, join(listed, 'data'))
  const refused: readonly (readonly [path: string, words: RegExp])[] = [
    [outside, /lies in none of the directories.*\[gateway\] folders = \[.*gatehouse-sites.*, .*\]/],
    ['/etc', /lies in none/],
    [join(listed, 'link'), /lies in none/],
    [join(listed, 'data'), /own data directory/],
    [gate.data, /own data directory/],
    [tmpdir(), /lies in none|holds it/],
    [`${listed}x`, /lies in none/],
  ]
  for (const [at, [path, words]] of refused.entries()) {
    const wanted = { name: `refused-${at}`, host: `r${at}.localhost`, upstreams: [`folder:${path}`], access }
    const answer = await gate.admin('POST', '/api/v1/routes', wanted)
    assert.equal(answer.status, 422, `${path}: ${answer.body}`)
    const { code, detail } = JSON.parse(answer.body) as { readonly code: string; readonly detail: string }
    assert.equal(code, 'gateway.path-not-allowed')
    assert.match(detail, words, path)
  }
  // what is allowed now may be something else at use
  renameSync(root, `${root}-moved`)
  assert.equal((await gate.ask({ host })).status, 502)
  symlinkSync(outside, root)
  const swapped = await gate.ask({ host })
  assert.equal(swapped.status, 502)
  assert.match(swapped.body, /gateway\.upstream-not-allowed/)
  assert.doesNotMatch(swapped.body, /gatehouse-outside|secret/)
  // narrowing such a route is not refused for what it leads to
  const narrowed = await gate.admin('PATCH', '/api/v1/routes/site', { networks: ['10.0.0.0/8'] })
  assert.equal(narrowed.status, 200, narrowed.body)
})

test('a route that only decides carries nothing', async (t) => {
  const { gate } = await startSite(t)
  await gate.addRoute({ name: 'decides', host: 'decides.localhost', upstreams: ['none:'], access })
  const answer = await gate.ask({ host: 'decides.localhost' })
  assert.equal(answer.status, 404)
  assert.match(answer.body, /gateway\.decides-only/)
  const both = { name: 'both', host: 'both.localhost', upstreams: ['none:', 'http://127.0.0.1:1'], access }
  assert.equal((await gate.admin('POST', '/api/v1/routes', both)).status, 400)
})
