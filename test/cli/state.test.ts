import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startServer } from './gatehouse.ts'
import { play } from './transcript.ts'

const password = 'correct horse battery staple'

const first = `
networks:
  office: { title: Office, cidrs: [192.0.2.0/24] }
groups:
  watch: { title: The watch }
routes:
  wiki:
    host: wiki.localhost
    upstreams: [http://127.0.0.1:3000]
    networks: ["@office"]
`

test('apply and export', async (t) => {
  const server = await startServer(t)
  const write = (name: string, text: string) => writeFileSync(join(server.directory, name), text)
  write('state.yaml', first)
  write('faulty.yaml', 'routes:\n  wiki:\n    host: WIKI\n    hots: wiki.localhost\nrouts: {}\n')
  write('twice.yaml', 'routes: {}\nroutes: {}\n')
  write('next.yaml', 'networks:\n  office: { cidrs: [10.0.0.0/8] }\ngroups: {}\n')
  await play(
    server,
    `
    $ gatehouse apply -f state.yaml --dry-run
    + networks/office
        title  Office
        cidrs  192.0.2.0/24
    + groups/watch
        title  The watch
    + routes/wiki
        host       wiki.localhost
        upstreams  http://127.0.0.1:3000
        networks   @office

    3 to create, 0 unchanged.
    ! gatehouse: What stands is not what the file says
    !   3 to create, 0 unchanged. Nothing was changed: this was a dry run.
    !   (cli.state-differs)
    => 3
    $ gatehouse apply -f state.yaml
    ! + networks/office
    !     title  Office
    !     cidrs  192.0.2.0/24
    ! + groups/watch
    !     title  The watch
    ! + routes/wiki
    !     host       wiki.localhost
    !     upstreams  http://127.0.0.1:3000
    !     networks   @office
    !
    ! 3 to create, 0 unchanged.
    ! gatehouse: Wrong usage
    !   There is no terminal to ask on: use --yes.
    !   (cli.usage)
    => 2
    $ gatehouse apply -f state.yaml --yes
    Applied 3 changes.
    ! + networks/office
    !     title  Office
    !     cidrs  192.0.2.0/24
    ! + groups/watch
    !     title  The watch
    ! + routes/wiki
    !     host       wiki.localhost
    !     upstreams  http://127.0.0.1:3000
    !     networks   @office
    !
    ! 3 to create, 0 unchanged.
    $ gatehouse apply -f state.yaml --yes
    Nothing to do: 3 unchanged.
    $ gatehouse apply -f faulty.yaml --dry-run
    ! gatehouse: The state has faults
    !   Nothing was changed. Every fault is named with its place; correct them and try again.
    !   faulty.yaml:3:5 /routes/wiki/host: a lower-case host name of two labels or more, without port
    !   faulty.yaml:4:5 /routes/wiki/hots: unknown field
    !   faulty.yaml:5:1 /routs: no kind of state; there are accounts, grants, groups, networks, policies, roles, routes, tokens, webhooks
    !   (state.faults, request <req>)
    => 1
    $ gatehouse apply -f twice.yaml --yes
    ! gatehouse: The file has faults
    !   Nothing was sent. Correct what is named and try again.
    !   twice.yaml:2:1: Map keys must be unique
    !   (cli.usage)
    => 2
    $ gatehouse apply -f absent.yaml
    ! gatehouse: Wrong usage
    !   absent.yaml cannot be read (ENOENT). Nothing was sent.
    !   (cli.usage)
    => 2
    $ gatehouse apply -f next.yaml --prune --dry-run
    ~ networks/office
        cidrs  - 192.0.2.0/24
               + 10.0.0.0/8
    - groups/watch
        title        The watch
        description  none

    1 to update, 1 to delete, 0 unchanged.
    ! gatehouse: What stands is not what the file says
    !   1 to update, 1 to delete, 0 unchanged. Nothing was changed: this was a dry run.
    !   (cli.state-differs)
    => 3
    $ gatehouse export --kinds networks,groups
    version: 1
    networks:
      office:
        title: Office
        cidrs:
          - 192.0.2.0/24
    groups:
      watch:
        title: The watch
        description: ""
        members:
          accounts: []
          groups: []
    $ gatehouse export --kinds planets
    ! gatehouse: No such kind of state
    !   There is no kind planets. There are: accounts, grants, groups, networks, policies, roles, routes, tokens, webhooks.
    !   (state.unknown-kind, request <req>)
    => 1
    `,
  )
})

test('secrets go to a file of one’s own, and a token applies over HTTPS', async (t) => {
  const server = await startServer(t)
  const at = (name: string) => join(server.directory, name)
  await server.run(['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin'], {
    stdin: `${password}\n`,
  })
  const token = { tokens: { 'ada/ci': { permissions: ['*'] } } }
  writeFileSync(at('token.json'), JSON.stringify(token))
  const applied = await server.run(['apply', '-f', 'token.json', '--yes', '--secrets', 'made.json'])
  assert.equal(applied.code, 0, applied.stderr)
  assert.equal(statSync(at('made.json')).mode & 0o777, 0o600)
  const [made] = JSON.parse(readFileSync(at('made.json'), 'utf8')) as readonly { readonly secret: string }[]
  assert.match(made?.secret ?? '', /^gat_/)
  assert.ok(!(applied.stdout + applied.stderr).includes(made?.secret ?? ''))
  const again = await server.run(['apply', '-f', 'token.json', '--yes', '--secrets', 'made.json'])
  assert.equal(again.code, 0, 'nothing to do needs no file')
  writeFileSync(at('other.json'), JSON.stringify({ tokens: { 'ada/other': { permissions: ['routes:read'] } } }))
  const taken = await server.run(['apply', '-f', 'other.json', '--yes', '--secrets', 'made.json'])
  assert.equal(taken.code, 2, taken.stderr)
  assert.match(taken.stderr, /Nothing was applied/)

  writeFileSync(at('ca.pem'), (await server.run(['ca', '--pem'])).stdout)
  writeFileSync(at('wiki.yaml'), 'routes:\n  wiki: { host: wiki.localhost, upstreams: ["http://127.0.0.1:3000"] }\n')
  const env = { GATEHOUSE_URL: server.origin, GATEHOUSE_TOKEN: made?.secret ?? '', GATEHOUSE_CA_FILE: at('ca.pem') }
  const remote = await server.run(['apply', '-f', 'wiki.yaml', '--yes'], { env })
  assert.equal(remote.code, 0, remote.stderr)
  assert.equal(remote.stdout, 'Applied 1 change.\n')
  const all = await server.run(['export', '-o', 'all.yaml'], { env })
  assert.equal(all.code, 0, all.stderr)
  assert.equal(statSync(at('all.yaml')).mode & 0o777, 0o600)
  const same = await server.run(['apply', '-f', 'all.yaml', '--prune', '--dry-run'], { env })
  assert.equal(same.code, 0, same.stdout + same.stderr)
  const shown = await server.run(['apply', '-f', '-', '--dry-run', '--json'], {
    env,
    stdin: readFileSync(at('all.yaml'), 'utf8'),
  })
  assert.equal(shown.code, 0, shown.stderr)
  assert.ok(Array.isArray((JSON.parse(shown.stdout) as { readonly items: unknown }).items))
})
