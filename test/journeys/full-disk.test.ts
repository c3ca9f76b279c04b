import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { requireAll, type SmallDisk, smallDisk } from '#platform/testing'
import { runCommand } from '../product/command.ts'
import { type Answer, ask, askLocally, signInCookie } from '../product/http.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

const password = 'granite harbour willow 7'
const disk = smallDisk(32)
const skip = disk === undefined && !requireAll() ? 'needs to be run as root, to mount a small file system' : false

// one story, told in order: each test goes on where the one before stopped
describe('the disk runs full', { skip, timeout: 240_000 }, () => {
  let small: SmallDisk
  let app: Server
  let product: Product
  let cookie: string
  const acknowledged: string[] = []

  before(async () => {
    assert.ok(disk, 'needs to be run as root, to mount a small file system')
    small = disk
    app = createServer((_, response) => response.end('the app')).listen(0, '127.0.0.1')
    await once(app, 'listening')
    product = await startProduct({ directory: small.directory })
    const setup = ['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin']
    assert.equal((await runCommand(small.directory, setup, `${password}\n`)).code, 0)
    cookie = await signInCookie(product, 'ada', password)
    const upstreams = [`http://127.0.0.1:${(app.address() as AddressInfo).port}`]
    const body = JSON.stringify({ name: 'wiki', host: 'wiki.localhost', upstreams, access: { kind: 'signed-in' } })
    assert.equal((await askLocally(product, '/api/v1/routes', { method: 'POST', body })).status, 201)
    // its certificate is made at the first handshake
    assert.equal((await ask(product, '/', { host: 'wiki.localhost' })).status, 401)
  })
  after(async () => {
    app?.close()
    await cleanUp()
    disk?.remove()
  })

  const addNetwork = (name: string): Promise<Answer> => {
    const body = JSON.stringify({ name, title: name, cidrs: ['192.0.2.0/24'] })
    return askLocally(product, '/api/v1/networks', { method: 'POST', body })
  }
  const networks = async (): Promise<ReadonlySet<string>> => {
    const { json } = await askLocally(product, '/api/v1/networks?limit=200')
    return new Set((json['items'] as readonly { readonly name: string }[]).map(({ name }) => name))
  }
  const assertFull = (answer: Answer): void => {
    assert.equal(answer.status, 507, answer.text)
    assert.match(answer.text, /platform\.storage-full/)
    assert.match(answer.text, /The change was not made: .*Everything confirmed before is kept\. Free some space/)
    assert.doesNotMatch(answer.text, /SQLITE|SQLite|\.ts:\d+|node:/)
    assert.equal(answer.headers['set-cookie'], undefined)
  }

  test('changes are refused as the disk is full, on the API, on a page and on the command line', async () => {
    small.fill(200_000)
    let refused: Answer | undefined
    for (let count = 0; refused === undefined; count += 1) {
      const answer = await addNetwork(`net-${count}`)
      if (answer.status === 201) acknowledged.push(`net-${count}`)
      else refused = answer
    }
    assert.ok(acknowledged.length > 0, 'none was acknowledged before')
    assertFull(refused)
    const form = { origin: product.origin, 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' }
    const body = new URLSearchParams({ handle: 'ada', password }).toString()
    assertFull(await ask(product, '/sign-in', { method: 'POST', headers: form, body }))
    const made = await runCommand(small.directory, ['roles', 'create', 'readers', '--permission', 'routes:read'])
    assert.equal(made.code, 1)
    assert.match(
      made.stderr,
      /^gatehouse: Storage is full\n {2}The change was not made[\s\S]*\(platform\.storage-full, request req_/,
    )
  })

  test('what needs no change goes on, and no door opens', async () => {
    assert.deepEqual(await networks(), new Set(acknowledged))
    assert.equal((await ask(product, '/api/v1/me', { headers: { cookie } })).status, 200)
    const stranger = await ask(product, '/', { host: 'wiki.localhost' })
    assert.equal(stranger.status, 401)
    assert.equal(stranger.json['code'], 'gateway.sign-in-required')
    const headers = { authorization: `Bearer gat_${'x'.repeat(43)}` }
    assert.equal((await ask(product, '/', { host: 'wiki.localhost', headers })).status, 401)
    const out = await ask(product, '/api/v1/sign-out', { method: 'POST', headers: { cookie, origin: product.origin } })
    assertFull(out)
    assert.equal(
      (await ask(product, '/api/v1/me', { headers: { cookie } })).status,
      200,
      'told that it stands, it does',
    )
  })

  test('its stop says what is lost and ends with 1, without a stack trace', async () => {
    const from = product.output().length
    assert.equal(await product.stop(), 1)
    const said = product.output().slice(from)
    assert.match(
      said,
      /^gatehouse: stopped, but not everything could be written: .*\n {2}What was acknowledged is kept/m,
    )
    assert.match(said, /"refusals":[1-9].*the journal could not be written at the stop; what waited in memory is lost/)
    assert.doesNotMatch(said, /^ +at |^Node\.js v/m)
  })

  test('a start that needs room says so', async () => {
    // the stop gave some back
    small.fill(0)
    const environment = { GATEHOUSE_DATA: join(small.directory, 'another') }
    await assert.rejects(startProduct({ directory: small.directory, environment }), (error: Error) => {
      assert.match(error.message, /ended with 1:\ngatehouse: .*gatehouse\.db: SQLite: database or disk is full/)
      assert.match(error.message, /Free some space, then start again\.\n {2}\(platform\.storage-full\)\n$/)
      return true
    })
  })

  test('a thread that cannot write what it had ends the stop with 1 too', async () => {
    small.makeRoom()
    product = await startProduct({ directory: small.directory, environment: { GATEHOUSE_LISTEN_WORKERS: '1' } })
    small.fill(0)
    assert.equal((await ask(product, '/', { host: 'wiki.localhost' })).status, 401)
    const from = product.output().length
    assert.equal(await product.stop(), 1)
    const said = product.output().slice(from)
    assert.match(said, /^gatehouse: stopped, but not everything could be written: gatehouse worker 1: /m)
    assert.match(said, /"thread":1,.*"refusals":1,.*what waited in memory is lost/)
    assert.doesNotMatch(said, /^ +at |^Node\.js v/m)
  })

  test('when there is room it goes on: nothing acknowledged is lost', async () => {
    small.makeRoom()
    product = await startProduct({ directory: small.directory })
    assert.deepEqual(await networks(), new Set(acknowledged))
    assert.equal((await addNetwork('after')).status, 201)
    assert.deepEqual(await networks(), new Set([...acknowledged, 'after']))
    assert.match(await signInCookie(product, 'ada', password), /^__Host-gatehouse=/)
    const verified = await runCommand(small.directory, ['audit', 'verify'])
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    assert.equal(await product.stop(), 0)
  })
})
