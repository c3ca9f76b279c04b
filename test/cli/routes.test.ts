import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TrafficView } from '#gateway/contract'
import { ask } from '../product/http.ts'
import { startServer } from './gatehouse.ts'
import { play } from './transcript.ts'

test('routes', async (t) => {
  const app = createServer((_, response) => response.writeHead(204).end())
  await new Promise<void>((done) => app.listen(0, '127.0.0.1', done))
  t.after(() => app.close())
  const upstream = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
  const server = await startServer(t)
  const url = server.origin.replace('gatehouse', 'wiki')
  await play(
    server,
    `
    $ gatehouse routes list
    No routes yet. Put an app behind the gate:
      gatehouse routes create wiki --host wiki.localhost --upstream http://127.0.0.1:3000
    $ gatehouse routes create wiki --host wiki.localhost --upstream {upstream} --network 127.0.0.0/8 --headers-timeout 10s
    Made.

    Name      wiki
    Address   {url}/
    Upstream  {upstream}
    Who       holders of routes:use:wiki
    From      127.0.0.0/8
    Timeouts  connect 5000 ms, headers 10000 ms, body 300000 ms, socket idle 600000 ms
    Id        <rt>
    Created   <time>
    Changed   <time>
    $ gatehouse routes create other --host wiki.localhost --upstream {upstream}
    ! gatehouse: Another route has this place
    !   The place wiki.localhost/… belongs to route wiki. Nothing was changed. Choose another path, other methods or another priority, or change that route.
    !   (gateway.route-duplicate, request <req>)
    => 1
    $ gatehouse routes create other --host "not a host" --upstream ftp://x
    ! gatehouse: The input has faults
    !   Nothing was sent. Correct what is named and try again.
    !   host: a lower-case host name of two labels or more, without port
    !   upstreams.0: http:// or https:// with host and port only (no user, path, query or fragment), unix:/path, folder:/path or none:
    !   (cli.usage)
    => 2
    $ gatehouse routes create other --host other.localhost --upstream {upstream} --public "no secrets" --signed-in
    ! gatehouse: Wrong usage
    !   Name one of --public, --signed-in, --permission and --policy.
    !   (cli.usage)
    => 2
    $ gatehouse routes probe wiki
    The app answered with status 204 after <ms> ms.
    $ gatehouse routes upstreams wiki
    UPSTREAM                STATE  REQUESTS  SOCKETS  LAST FAULT  LAST CHECK
    {upstream}  up     0         0        none        not asked
    $ gatehouse routes traffic wiki
    Route       wiki
    Since       <time>
    Last 10 s   0 passed, 0 refused
    Last 60 s   0 passed, 0 refused
    Last 290 s  0 passed, 0 refused

    Nothing was handed to the app yet.

    Nobody was refused.
    $ gatehouse routes update wiki --health-every 5s
    ! gatehouse: Wrong usage
    !   A health check is given as a whole: name its path too, with --health-check.
    !   (cli.usage)
    => 2
    $ gatehouse routes update wiki
    ! gatehouse: Wrong usage
    !   Nothing to change was named.
    !   (cli.usage)
    => 2
    $ gatehouse routes update wiki --signed-in
    ! gatehouse: Wrong usage
    !   There is no terminal to ask on: use --yes.
    !   (cli.usage)
    => 2
    $ gatehouse routes update wiki --signed-in --any-network --yes
    Changed.

    Name      wiki
    Address   {url}/
    Upstream  {upstream}
    Who       who is signed in
    From      everywhere
    Timeouts  connect 5000 ms, headers 10000 ms, body 300000 ms, socket idle 600000 ms
    Id        <rt>
    Created   <time>
    Changed   <time>
    $ gatehouse routes update wiki --permission routes:use
    Changed.

    Name      wiki
    Address   {url}/
    Upstream  {upstream}
    Who       holders of routes:use:wiki
    From      everywhere
    Timeouts  connect 5000 ms, headers 10000 ms, body 300000 ms, socket idle 600000 ms
    Id        <rt>
    Created   <time>
    Changed   <time>
    `,
    { upstream, url },
  )
  const asked = { origin: server.origin, port: Number(new URL(server.origin).port) }
  for (let more = 0; more < 2; more += 1) assert.equal((await ask(asked, '/', { host: 'wiki.localhost' })).status, 401)
  await server.run(['routes', 'update', 'wiki', '--public', 'a test', '--yes'])
  assert.equal((await ask(asked, '/', { host: 'wiki.localhost' })).status, 204)
  const told = await server.run(['routes', 'traffic', 'wiki'])
  assert.match(told.stdout, /^Answers took +[\d.]+ ms in the middle, [\d.]+ ms for 95 of 100, [\d.]+ ms for 99$/m)
  assert.match(told.stdout, /^2xx +1$/m)
  assert.match(told.stdout, /^Sign in first +2$/m)
  const { refusals } = JSON.parse((await server.run(['routes', 'traffic', 'wiki', '--json'])).stdout) as TrafficView
  assert.deepEqual(refusals, [{ reason: 'Sign in first', count: 2 }])
  app.closeAllConnections()
  await new Promise((done) => app.close(done))
  await play(
    server,
    `
    $ gatehouse routes probe wiki
    ! gatehouse: The app behind wiki did not answer
    !   Gatehouse let the request in, but the app behind it did not accept the connection. Check that it runs.
    !   (gateway.upstream-unreachable)
    => 1
    $ gatehouse routes delete wiki
    ! gatehouse: Wrong usage
    !   There is no terminal to ask on: use --yes.
    !   (cli.usage)
    => 2
    $ gatehouse routes delete wiki --yes
    Deleted wiki.
    $ gatehouse routes show wiki
    ! gatehouse: No such route
    !   There is no route with this name.
    !   (gateway.route-unknown, request <req>)
    => 1
    `,
    { upstream, url },
  )
  const list = JSON.parse((await server.run(['routes', 'list', '--json'])).stdout) as unknown
  assert.deepEqual(list, { items: [], next: null })
})
