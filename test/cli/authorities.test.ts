import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runCommand } from '../product/command.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

let product: Product
before(async () => {
  product = await startProduct()
})
after(cleanUp)

const authorities = (args: readonly string[], input?: string) =>
  runCommand(product.directory, ['pki', 'authorities', ...args], input)

interface View {
  readonly id: string
  readonly line: string
  readonly state: string
  readonly keyIsHere: boolean
}

async function listed(): Promise<readonly View[]> {
  const { code, stdout, stderr } = await authorities(['list', '--json'])
  assert.equal(code, 0, stderr)
  return (JSON.parse(stdout) as { readonly items: readonly View[] }).items
}

test('a line is rolled over, and the root goes offline and comes back, on the command line', async () => {
  for (const expected of ['active', 'standby']) {
    const made = await authorities(['create', '--line', 'printers', '--permit', 'printers.example.org', '--json'])
    assert.equal(made.code, 0, made.stderr)
    assert.equal((JSON.parse(made.stdout) as View).state, expected)
  }
  const standby = (await listed()).find(({ line, state }) => line === 'printers' && state === 'standby')
  const activated = await authorities(['activate', standby?.id ?? '', '--yes'])
  assert.equal(activated.code, 0, activated.stderr)
  assert.match(activated.stdout, /issues for printers/)
  const root = (await listed()).find(({ line }) => line === 'root') ?? assert.fail('no root')
  const file = join(product.directory, 'root.key')
  const short = await authorities(['export', root.id, '--out', file, '--passphrase-stdin', '--yes'], 'short\n')
  assert.equal(short.code, 2, 'a short passphrase is refused before anything is sent')
  const out = ['export', root.id, '--out', file, '--passphrase-stdin', '--yes']
  const exported = await authorities(out, 'granite harbour willow\n')
  assert.equal(exported.code, 0, exported.stderr)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const copy = readFileSync(file, 'utf8')
  const over = await authorities(out, 'granite harbour willow\n')
  assert.equal(over.code, 2, over.stderr)
  assert.match(over.stderr, /--out needs a file that is not there yet.*No copy was taken/)
  assert.equal(readFileSync(file, 'utf8'), copy, 'which may be the only copy')
  const offline = await authorities(['offline', root.id, '--file', file, '--yes'])
  assert.equal(offline.code, 0, offline.stderr)
  assert.equal((await listed()).find(({ id }) => id === root.id)?.keyIsHere, false)
  const refused = await authorities(['create', '--line', 'scanners', '--json'])
  assert.match(refused.stderr, /pki\.authority-offline/)
  const online = await authorities(['online', root.id, '--key', file, '--passphrase-stdin'], 'granite harbour willow\n')
  assert.equal(online.code, 0, online.stderr)
})

/** What a command told with `--json`. */
async function told<T>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runCommand(product.directory, ['pki', ...args, '--json'])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as T
}

test('a request is made, listed and withdrawn; an authority is shown, retired and revoked', async () => {
  const asked = await told<{ readonly id: string; readonly pem: string }>('authorities', 'request', '--line', 'lamps')
  assert.match(asked.pem, /^-----BEGIN CERTIFICATE REQUEST-----/)
  const waiting = async () => (await told<{ readonly items: readonly View[] }>('authorities', 'requests')).items
  assert.deepEqual(
    (await waiting()).map(({ id, line }) => [id, line]),
    [[asked.id, 'lamps']],
  )
  assert.deepEqual(await told('authorities', 'withdraw', asked.id, '--yes'), { withdrawn: asked.id })
  assert.deepEqual(await waiting(), [])
  const { id } = await told<View>('authorities', 'create', '--line', 'lamps')
  const shown = await told<View & { readonly pem: string }>('authorities', 'show', id)
  assert.deepEqual([shown.line, shown.state], ['lamps', 'active'])
  assert.equal((await authorities(['show', id, '--pem'])).stdout, shown.pem)
  type Retired = { readonly authority: View & { readonly revocationReason: string | null }; readonly successor: null }
  const retired = await told<Retired>('authorities', 'retire', id, '--yes')
  assert.deepEqual([retired.authority.state, retired.successor], ['retired', null])
  const { authority } = await told<Retired>('authorities', 'revoke', id, '--reason', 'superseded', '--yes')
  assert.equal(authority.revocationReason, 'superseded')
})

test('a profile is made, shown, changed and deleted', async () => {
  type Profile = { readonly name: string; readonly days: number; readonly names: readonly string[] }
  const given = ['--kind', 'server', '--days', '90', '--name', '*.corp.example.org']
  const made = await told<Profile>('profiles', 'create', 'internal', ...given)
  assert.deepEqual([made.days, made.names], [90, ['*.corp.example.org']])
  assert.deepEqual(await told('profiles', 'show', 'internal'), made)
  const names = ['--add-name', '*.lab.example.org', '--remove-name', '*.corp.example.org']
  const changed = await told<Profile>('profiles', 'update', 'internal', '--days', '30', ...names)
  assert.deepEqual([changed.days, changed.names], [30, ['*.lab.example.org']])
  assert.deepEqual(await told('profiles', 'delete', 'internal', '--yes'), { profile: 'internal', deleted: true })
  const gone = await runCommand(product.directory, ['pki', 'profiles', 'show', 'internal', '--json'])
  assert.notEqual(gone.code, 0)
  assert.equal(gone.stdout, '')
})
