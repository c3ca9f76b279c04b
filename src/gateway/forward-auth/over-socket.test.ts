import assert from 'node:assert/strict'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startGate, TestBrowser, type TestGate } from '../testing.ts'
import { question } from './testing.ts'

const host = 'app.localhost'

function directory(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'gatehouse-asked-'))
  t.after(() => rmSync(made, { recursive: true, force: true }))
  return made
}

async function start(t: TestContext, path: string): Promise<TestGate> {
  const gate = await startGate(t, { environment: { GATEHOUSE_GATEWAY_FORWARD_AUTH_SOCKET: path } })
  await gate.addRoute({ name: 'app', host, upstreams: ['none:'], access: { kind: 'signed-in' } })
  const access = { kind: 'public', reason: 'a test of networks' }
  const networks = ['10.1.0.0/16']
  await gate.addRoute({ name: 'office', host, path: '/office', upstreams: ['none:'], access, networks })
  return gate
}

function ask(path: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path })
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
    socket.write(bytes)
  })
}

const asked = (uri: string, from: string, lines: readonly string[] = []) =>
  question('/forward-auth/forwarded', [
    'X-Forwarded-Method: GET',
    'X-Forwarded-Proto: https',
    `X-Forwarded-Host: ${host}`,
    `X-Forwarded-Uri: ${uri}`,
    `X-Forwarded-For: ${from}`,
    ...lines,
  ])

test('over a socket a proxy is asked nothing but its question: who may connect is one', async (t) => {
  const path = join(directory(t), 'asked.sock')
  const gate = await start(t, path)
  assert.equal(statSync(path).mode & 0o777, 0o660)
  assert.match(await ask(path, asked('/office/x', '10.1.2.3')), /^HTTP\/1\.1 200 /)
  assert.match(await ask(path, asked('/office/x', '10.2.2.3')), /^HTTP\/1\.1 403 /)
  assert.match(await ask(path, asked('/x', '10.1.2.3')), /^HTTP\/1\.1 401 /)
  assert.match(await ask(path, asked('/office/x', 'unknown')), /^HTTP\/1\.1 400 /)
  await gate.addAccount('ada')
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(host, '/', 'ada')
  const cookie = `Cookie: __Host-gatehouse-app=${browser.jars.get(host)?.get('__Host-gatehouse-app') ?? ''}`
  assert.match(await ask(path, asked('/x', '10.1.2.3', [cookie])), /^HTTP\/1\.1 200 [\s\S]*remote-user: ada\r\n/)
  // nobody may ask by any other way
  const plain = await fetch(`http://127.0.0.1:${gate.kernel.listener.httpPort}/forward-auth/forwarded`)
  assert.equal(plain.status, 403)
})

test('attack 6: the socket leads to nothing else, and no header is pushed out by many others', async (t) => {
  const path = join(directory(t), 'asked.sock')
  await start(t, path)
  for (const target of ['/', '/api/v1/routes', '/authorities/x', '/.well-known/acme-challenge/x']) {
    const answer = await ask(path, question(target, []))
    assert.match(answer, /^HTTP\/1\.1 400 [\s\S]*gateway\.forward-auth-question/, target)
  }
  const many = Array.from({ length: 1_100 }, (_, at) => `a${at}: b`)
  const first = await ask(path, asked('/office/x', '10.1.2.3', many))
  assert.match(first, /^HTTP\/1\.1 431 /)
})

test('a directory with the setgid bit gives the socket its group; what is left behind is replaced, who answers is not', async (t) => {
  const made = directory(t)
  const path = join(made, 'asked.sock')
  // only root may give a directory to a group it is not in
  if (process.getuid?.() === 0) chownSync(made, 0, 65_534)
  chmodSync(made, 0o2750)
  const gate = await start(t, path)
  assert.equal(statSync(path).gid, statSync(made).gid)
  await assert.rejects(start(t, path), { code: 'platform.socket-unavailable' })
  assert.match(await ask(path, asked('/office/x', '10.1.2.3')), /^HTTP\/1\.1 200 /)
  await gate.stop()
  assert.equal(existsSync(path), false)
  await assert.rejects(start(t, join(made, 'none', 'asked.sock')), { code: 'platform.socket-unavailable' })
  mkdirSync(path)
  await assert.rejects(start(t, path), { code: 'platform.socket-unavailable' })
  await assert.rejects(start(t, join(made, 'x'.repeat(120))), { code: 'platform.socket-unavailable' })
})
