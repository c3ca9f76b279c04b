import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { newPlace, startServer } from './gatehouse.ts'
import { play } from './transcript.ts'

const password = 'correct horse battery staple'

test('set-up, sign-in and sign-out', async (t) => {
  const server = await startServer(t)
  const { origin, fingerprint } = server
  const elsewhere = newPlace(t)
  await play(
    server,
    `
    $ gatehouse setup --handle ada --display-name "Ada Lovelace"
    ! gatehouse: Wrong usage
    !   There is no terminal to ask on: use --password-stdin.
    !   (cli.usage)
    => 2
    $ gatehouse setup --handle ada --display-name "Ada Lovelace" --password-stdin <<< 123
    ! gatehouse: The account has faults
    !   Nothing was changed. Correct the named fields and send it again.
    !   password: Use at least 12 characters.
    !   (identity.invalid-account, request <req>)
    => 1
    $ gatehouse setup --handle ada --display-name "Ada Lovelace" --password-stdin <<< ${password}
    ada is the first administrator. Sign in on the console, or with "gatehouse login".
    $ gatehouse setup --handle eve --display-name Eve --password-stdin <<< ${password}
    ! gatehouse: Already set up
    !   Gatehouse has its first administrator; set-up is closed for ever. Nothing was changed. Sign in instead.
    !   (identity.set-up-closed, request <req>)
    => 1
    `,
  )
  await play(
    elsewhere,
    `
    $ gatehouse login {origin} --handle ada --password-stdin <<< ${password}
    ! gatehouse: First contact with {origin}
    !   Its certificate authority has the SHA-256 fingerprint <fingerprint>, and nobody is here to confirm it. Nothing was sent. Compare it with what the server printed when it started, then pass it as --ca-fingerprint.
    !   (cli.first-contact)
    => 69
    $ gatehouse login {origin} --handle ada --password-stdin --ca-fingerprint {other} <<< ${password}
    ! gatehouse: {origin} is not the server you mean
    !   It shows a certificate authority with the fingerprint <fingerprint>. Nothing was sent. Compare it with what "gatehouse ca" prints on the server's own machine.
    !   (cli.not-trusted)
    => 69
    $ gatehouse login {origin} --handle ada --password-stdin --ca-fingerprint 12:34 <<< ${password}
    ! gatehouse: Wrong usage
    !   A CA fingerprint is the SHA-256 that the server prints when it starts: 32 pairs of hex digits.
    !   (cli.usage)
    => 2
    $ gatehouse login {origin} --handle ada --password-stdin --ca-fingerprint {pin} <<< wrong
    ! gatehouse: Not signed in
    !   Handle and proof do not belong together, or may not be used from here. Nothing was changed; check both and try again.
    !   (identity.sign-in-failed, request <req>)
    => 1
    $ gatehouse accounts list
    ! gatehouse: No server to talk to
    !   There is no server's socket at {directory}/data/admin.sock: start one there with "gatehouse serve", or change to its directory. From another machine, sign in with "gatehouse login https://host:port".
    !   (cli.no-server)
    => 69
    $ gatehouse login {origin} --handle ADA --password-stdin --ca-fingerprint {pin} <<< ${password}
    Signed in to {origin} as ada until <time>.
    $ gatehouse accounts list
    HANDLE  NAME          STATE   CREATED               ID
    ada     Ada Lovelace  active  <time>  <acc>
    $ gatehouse tokens create ci --permission accounts:read --expires-in 1d
    <token>
    ! Created ci (<crd>); it ends: <time>. This is shown once:
    $ gatehouse login {origin} --handle ada --password-stdin <<< ${password}
    Signed in to {origin} as ada until <time>.
    $ gatehouse logout
    Signed out of {origin}.
    $ gatehouse logout --json
    {
      "server": null,
      "revoked": false
    }
    $ gatehouse accounts list --url {origin}
    ! gatehouse: Not signed in to {origin}
    !   Run "gatehouse login {origin}" first, or set GATEHOUSE_TOKEN to an API token.
    !   (cli.not-signed-in)
    => 1
    `,
    {
      origin,
      directory: elsewhere.directory,
      other: '0'.repeat(64),
      pin: fingerprint.replaceAll(':', '').toUpperCase(),
    },
  )
})

test('the stored token is for its owner only, and ends with logout', async (t) => {
  const server = await startServer(t)
  const home = newPlace(t)
  await server.run(['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin'], { stdin: password })
  const login = ['login', server.origin, '--handle', 'ada', '--password-stdin', '--ca-fingerprint', server.fingerprint]
  assert.equal((await home.run(login, { stdin: password })).code, 0)
  const folder = join(home.directory, '.config/gatehouse')
  const path = join(folder, 'credentials.json')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  const stored = readFileSync(path, 'utf8')
  assert.doesNotMatch(stored, /correct horse/, 'a password is never stored')

  chmodSync(path, 0o640)
  const exposed = await home.run(['accounts', 'list'])
  assert.equal(exposed.code, 1)
  assert.match(exposed.stderr, /others may read or change it.*\n.*cli\.credentials-exposed/)
  chmodSync(path, 0o600)

  assert.equal((await home.run(['logout'])).code, 0)
  assert.doesNotMatch(readFileSync(path, 'utf8'), /gat_/)
  writeFileSync(path, stored)
  const after = await home.run(['accounts', 'list'])
  assert.equal(after.code, 1)
  assert.match(after.stderr, /identity\.token-refused/)
})

test('in CI, variables are enough: address, authority and token', async (t) => {
  const server = await startServer(t)
  const runner = newPlace(t)
  await server.run(['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin'], { stdin: password })
  const login = ['login', server.origin, '--handle', 'ada', '--password-stdin', '--ca-fingerprint', server.fingerprint]
  assert.equal((await server.run(login, { stdin: password })).code, 0)
  const made = await server.run([
    'tokens',
    'create',
    'ci',
    '--permission',
    'accounts:read',
    '--expires-in',
    '1d',
    '--url',
    server.origin,
  ])
  const token = made.stdout.trim()
  assert.match(token, /^gat_\S+$/)
  const pem = await server.run(['ca', '--pem'])
  const file = join(runner.directory, 'ca.pem')
  writeFileSync(file, pem.stdout)
  const env = { GATEHOUSE_URL: server.origin, GATEHOUSE_TOKEN: token, GATEHOUSE_CA_FILE: file }
  await play(
    runner,
    `
    $ gatehouse accounts show ada
    Handle         ada
    Name           Ada
    State          active
    Open sessions  (not yours to see)
    Tokens         (not yours to see)
    Id             <acc>
    Created        <time>
    Changed        <time>
    $ gatehouse accounts create eve
    ! gatehouse: Refused
    !   The token used is limited and does not cover accounts:create.
    !   The step of the decision that refused: credential
    !   (platform.refused, request <req>)
    => 1
    $ gatehouse accounts list
    HANDLE  NAME  STATE   CREATED               ID
    ada     Ada   active  <time>  <acc>
    `,
    {},
    env,
  )
  const wrong = await runner.run(['accounts', 'list'], { env: { ...env, GATEHOUSE_TOKEN: 'gat_nonsense' } })
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /identity\.token-refused/)
  assert.doesNotMatch(wrong.stderr, /nonsense/, 'a token is not repeated')
  const { GATEHOUSE_CA_FILE: _, ...untrusting } = env
  const untrusted = await runner.run(['accounts', 'list'], { env: untrusting })
  assert.equal(untrusted.code, 69)
  assert.match(untrusted.stderr, /could not prove who it is[\s\S]*cli\.not-trusted/)
})

test('a server that does not run is said so, whichever way it is named', async (t) => {
  const place = newPlace(t)
  await play(
    place,
    `
    $ gatehouse accounts list --data /nowhere
    ! gatehouse: No server to talk to
    !   There is no server's socket at /nowhere/admin.sock: start one there with "gatehouse serve", or change to its directory. From another machine, sign in with "gatehouse login https://host:port".
    !   (cli.no-server)
    => 69
    $ gatehouse login https://gatehouse.localhost:1
    ! gatehouse: https://gatehouse.localhost:1 cannot be reached
    !   Nothing listens there. Nothing was sent. Check the address, and that the server runs.
    !   (cli.unreachable)
    => 69
    $ gatehouse login http://gatehouse.localhost
    ! gatehouse: Wrong usage
    !   Gatehouse is spoken to over https only.
    !   (cli.usage)
    => 2
    `,
  )
  const server = await startServer(t)
  const running = await server.run(['accounts', 'list', '--json'])
  assert.deepEqual(JSON.parse(running.stdout), { items: [], next: null })
  assert.equal(await server.stop(), 0)
  const stopped = await server.run(['accounts', 'list', '--json'])
  assert.equal(stopped.code, 69)
  assert.equal(stopped.stdout, '')
  const told = JSON.parse(stopped.stderr) as { readonly error: { readonly code: string } }
  assert.match(told.error.code, /^cli\.(?:no-server|unreachable)$/)
})

test('a configuration file names the data directory for the command too', async (t) => {
  const place = newPlace(t)
  mkdirSync(join(place.directory, 'elsewhere'))
  writeFileSync(join(place.directory, 'gatehouse.toml'), 'data = "elsewhere"\n[listen]\nhttps = "127.0.0.1:1"\n')
  const { code, stderr } = await place.run(['ca'])
  assert.equal(code, 69)
  assert.match(stderr, /\/elsewhere\/admin\.sock/)
})

test('the certificate authority is printed with how to trust it', async (t) => {
  const server = await startServer(t)
  const { stdout } = await server.run(['ca'])
  assert.match(stdout, /^-----BEGIN CERTIFICATE-----/)
  assert.ok(stdout.includes(server.fingerprint.toLowerCase()), 'the fingerprint is the one printed at start')
  assert.match(stdout, /Debian, Ubuntu[\s\S]*update-ca-certificates/)
  // what is printed on the server's own machine leads to this server, wherever it listens
  const addresses = new Set(stdout.match(/https:\/\/[^\s/]+/g))
  assert.deepEqual([...addresses], [server.origin])
  const json = JSON.parse((await server.run(['ca', '--json'])).stdout) as Readonly<Record<string, string>>
  assert.equal(json['fingerprint'], server.fingerprint.toLowerCase())
})
