import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { ask } from '../product/http.ts'
import { startServer } from './gatehouse.ts'
import { play } from './transcript.ts'

const yaml = `
- id: wiki
  match: { url: "http://wiki.localhost/<.*>", methods: [GET] }
  upstream: { url: "http://127.0.0.1:3000" }
  authenticators: [{ handler: cookie_session }]
  authorizer: { handler: allow }
  mutators: [{ handler: noop }]
- id: wiki
  match: { url: "http://wiki.localhost/admin/metrics", methods: [GET] }
  upstream: { url: "http://127.0.0.1:3000" }
  authenticators: [{ handler: noop }]
  authorizer: { handler: allow }
  mutators: [{ handler: noop }]
`
const refused = `${yaml}- id: numbered
  match: { url: "http://wiki.localhost/pages/<[0-9]+>", methods: [GET] }
  upstream: { url: "http://127.0.0.1:3000" }
  authenticators: [{ handler: jwt }]
  authorizer: { handler: allow }
`

test('routes imported, checked and tested', async (t) => {
  const server = await startServer(t)
  const write = (name: string, text: string) => writeFileSync(join(server.directory, name), text)
  write('rules.yaml', yaml)
  write('refused.yaml', refused)
  write('object.json', '{}')
  write('large.json', `[${'1,'.repeat(600_000)}1]`)

  const stopped = await server.run(['routes', 'import', 'oathkeeper', 'refused.yaml', '--yes'])
  assert.equal(stopped.code, 1)
  assert.match(stopped.stderr, /3\. numbered: REFUSED\n\s+fault: match\.url: <\[0-9\]\+> matches only some paths/)
  assert.match(stopped.stderr, /warning: numbered became no route, and GET wiki\.localhost\/… of wiki may answer some/)
  assert.match(stopped.stderr, /cli\.rules-refused/)
  assert.match((await server.run(['routes', 'list'])).stdout, /No routes yet/)

  const dry = await server.run(['routes', 'import', 'oathkeeper', 'rules.yaml', '--dry-run'])
  assert.equal(dry.code, 3)
  assert.match(dry.stdout, /\+ routes\/wiki\n/)
  assert.match(dry.stderr, /warning: 2 rules are called wiki/)
  assert.match(
    dry.stderr,
    /warning: Everybody reaches GET wiki\.localhost\/admin\/metrics, which looks internal \(admin, metrics\)/,
  )
  assert.match(dry.stderr, /warning: route wiki-2: Everybody reaches/)

  const applied = await server.run(['routes', 'import', 'oathkeeper', 'rules.yaml', '--yes'])
  assert.equal(applied.code, 0, applied.stderr)
  assert.match(applied.stdout, /^Applied 2 changes\.$/m)
  const again = await server.run(['routes', 'import', 'oathkeeper', 'rules.yaml'])
  assert.equal(again.code, 0, again.stderr)
  assert.match(again.stdout, /Nothing to do: 2 unchanged\./)

  for (const file of ['object.json', 'large.json', 'nowhere.json']) {
    assert.equal((await server.run(['routes', 'import', 'oathkeeper', file])).code, 2, file)
  }
  await play(
    server,
    `
    $ gatehouse routes check
    GRADE    KIND                   ROUTE   WHAT
    warning  public-inside-guarded  wiki-2  Everybody reaches GET wiki.localhost/admin/metrics, inside of what wiki guards.
    $ gatehouse routes test GET https://wiki.localhost/admin/metrics
    A stranger reaches the app: GET wiki.localhost/admin/metrics
    The request goes to http://127.0.0.1:3000.

    Route                  wiki-2: GET wiki.localhost/admin/metrics
    Why this one           its path is longer, before wiki
    Who                    everybody: Oathkeeper rule wiki lets everybody in (noop)
    Credentials, in order  anonymous
    From                   everywhere
    Refused                as programs are, browsers too
    Decision               allowed at the step policy: Permitted by gateway:public.
    Permission             routes:use:wiki-2
    App                    http://127.0.0.1:3000

    Covers it too:
    ROUTE  PLACE                 BECAUSE
    wiki   GET wiki.localhost/…  of wiki-2: its path is longer
    $ gatehouse routes test GET https://wiki.localhost/Admin/metrics
    A stranger is refused with 400 (gateway.target-ambiguous): GET wiki.localhost/Admin/metrics
    As it is written the path is wiki's; servers that ignore case, path parameters or a slash at the end, or take %23 or %3F for the end, read it as /admin/metrics, which is wiki-2's.

    Covers it too:
    ROUTE  PLACE                 BECAUSE
    wiki   GET wiki.localhost/…  covers the path as it is written
    `,
  )
  const raised = await server.run(['routes', 'update', 'wiki', '--priority', '1', '--yes'])
  assert.match(raised.stderr, /^error: wiki-2: It never answers: wiki takes every path/m)
  const checked = await server.run(['routes', 'check'])
  assert.equal(checked.code, 1)
  assert.match(checked.stderr, /cli\.routes-faulty/)
})

const smartHome = join(import.meta.dirname, '../../src/gateway/import/fixtures/smart-home-rules.json')

test("the rules of somebody's smart home, from their file to requests that pass and requests that do not", async (t) => {
  const seen: string[] = []
  const app = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    response.end('reached')
  })
  await new Promise<void>((done) => app.listen(0, '127.0.0.1', done))
  t.after(() => {
    app.closeAllConnections()
    app.close()
  })
  const server = await startServer(t)
  // only where the services are is another; everything else is as it was published
  const upstream = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
  const rules = readFileSync(smartHome, 'utf8').replaceAll(/http:\/\/[a-z-]+:\d+/g, upstream)
  writeFileSync(join(server.directory, 'rules.json'), rules)
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const run = await server.run([...args, '--json'])
    assert.equal(run.code, 0, `${args.join(' ')}: ${run.stderr}`)
    return JSON.parse(run.stdout)
  }
  const imported = (await json('routes', 'import', 'oathkeeper', 'rules.json', '--yes')) as {
    readonly applied: { readonly items: readonly { readonly name: string }[] }
  }
  assert.equal(imported.applied.items.length, 8)
  const { items } = (await json('routes', 'list')) as { readonly items: readonly { readonly name: string }[] }
  assert.deepEqual(items.map(({ name }) => name).toSorted(), [
    'device-service-claim',
    'device-service-claim-2',
    'hydra-auth',
    'hydra-token',
    'user-service-consent',
    'user-service-hydrator',
    'user-service-login',
    'user-service-register',
  ])

  const host = 'api.engelbrink.dev'
  const place = { origin: server.origin, port: Number(new URL(server.origin).port) }
  const status = async (method: string, path: string, token?: string): Promise<number> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return (await ask(place, path, { host, method, headers })).status
  }
  assert.equal(await status('GET', '/hydra/oauth2/auth?client_id=app'), 200)
  assert.equal(await status('POST', '/user-service/auth/login'), 200)
  const open = ['GET /oauth2/auth?client_id=app', 'POST /auth/login']
  assert.deepEqual(seen, open)
  const claim = ['POST', '/device-service/devices/d1/claim'] as const
  assert.equal(await status(...claim), 401, 'who asked for a token asks for one here')
  assert.equal(await status('GET', '/hydra/oauth2/token'), 405)
  assert.equal(await status('GET', '/hydra/userinfo'), 404)
  assert.equal(await status('GET', '/hydra/oauth2/auth/../../../device-service/devices'), 400)

  const password = 'granite harbour willow 7'
  const sam = ['accounts', 'create', 'sam', '--display-name', 'Sam', '--password-stdin']
  assert.equal((await server.run(sam, { stdin: `${password}\n` })).code, 0)
  const body = JSON.stringify({ handle: 'sam', password, label: 'devices' })
  const headers = { 'content-type': 'application/json', origin: server.origin }
  const signedIn = await ask(place, '/api/v1/sign-in', { method: 'POST', headers, body })
  assert.equal(signedIn.status, 201, signedIn.text)
  const token = String(signedIn.json['secret'])
  assert.equal(await status(...claim, token), 403, 'nobody holds it until a role gives it')
  await json('roles', 'create', 'claimers', '--permission', 'routes:use:device-service-claim')
  await json('roles', 'grant', 'claimers', 'sam')
  assert.equal(await status(...claim, token), 200)
  assert.deepEqual(seen, [...open, 'POST /devices/d1/claim'])
})
