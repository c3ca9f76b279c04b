import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { programMissing } from '#platform/testing'
import { runCommand } from '../product/command.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

/** Authorities whose keys OpenSSL keeps, in files of the product's directory: what is signed there and taken in here. */

const skip = programMissing('openssl', 'openssl', 'version')
const passphrase = 'granite harbour willow'

let product: Product
before(async () => {
  product = await startProduct()
})
after(cleanUp)

const place = (file: string): string => join(product.directory, file)
const openssl = (...args: readonly string[]): string =>
  execFileSync('openssl', args, { cwd: product.directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const pki = (args: readonly string[], input = '') => runCommand(product.directory, ['pki', ...args], input)

interface View {
  readonly id: string
  readonly line: string
  readonly name: string
  readonly kind: string
  readonly state: string
  readonly keyIsHere: boolean
  readonly parentId: string | null
}

/** What a command told with `--json`. */
async function told<T>(args: readonly string[], input = ''): Promise<T> {
  const { code, stdout, stderr } = await pki([...args, '--json'], input)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as T
}

interface Expected {
  readonly exit: number
  readonly code: string
  readonly says: RegExp
}

/** Refused as JSON on stderr, and nothing on stdout. */
async function refused(args: readonly string[], { exit, code, says }: Expected, input = ''): Promise<void> {
  const run = await pki([...args, '--json'], input)
  const line = args.join(' ')
  assert.equal(run.code, exit, `${line}: ${run.stderr}`)
  assert.equal(run.stdout, '', line)
  const { error } = JSON.parse(run.stderr) as { readonly error: { readonly code: string; readonly detail: string } }
  assert.equal(error.code, code, line)
  assert.match(error.detail, says, line)
  assert.ok(!run.stderr.includes(passphrase) && !run.stderr.includes('PRIVATE KEY'), 'no secret is told')
}

const inputRefused = (says: RegExp): Expected => ({ exit: 1, code: 'pki.import-refused', says })
const listRefused = (says: RegExp): Expected => ({ exit: 1, code: 'pki.list-refused', says })
const notThere: Expected = { exit: 2, code: 'cli.usage', says: /nowhere\.pem cannot be read \(ENOENT\)/ }

const authority = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash'

function newKey(file: string): void {
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file)
}

/** A root of OpenSSL's own in `name.pem`, its key in `name.key`. */
function makeRoot(name: string): void {
  newKey(`${name}.key`)
  const extensions = authority.split('\n').flatMap((line) => ['-addext', line])
  const subject = ['-subj', `/CN=${name}`, '-days', '3000', ...extensions]
  // without the machine's own configuration, which would add such extensions a second time
  writeFileSync(place('req.cnf'), '[req]\ndistinguished_name = dn\n[dn]\n')
  openssl('req', '-x509', '-config', 'req.cnf', '-key', `${name}.key`, ...subject, '-out', `${name}.pem`)
}

/** Signs a request as an intermediate's certificate. */
function sign(root: string, request: string, out: string): void {
  writeFileSync(place('sign.ext'), `${authority}\nauthorityKeyIdentifier=keyid\n`)
  const by = ['-CA', `${root}.pem`, '-CAkey', `${root}.key`, '-CAcreateserial', '-days', '2000']
  openssl('x509', '-req', '-in', request, ...by, '-extfile', 'sign.ext', '-out', out)
}

const listed = async () => (await told<{ readonly items: readonly View[] }>(['authorities', 'list'])).items
const waiting = async () => (await told<{ readonly items: readonly View[] }>(['authorities', 'requests'])).items

test('a request signed by a root that OpenSSL keeps is taken in, and nothing else in its place', { skip }, async () => {
  makeRoot('office')
  makeRoot('stranger')
  const asked = await told<{ readonly id: string; readonly pem: string }>(['authorities', 'request', '--line', 'doors'])
  writeFileSync(place('doors.csr'), asked.pem)
  sign('office', 'doors.csr', 'doors.pem')
  newKey('other.key')
  openssl('req', '-new', '-config', 'req.cnf', '-key', 'other.key', '-subj', '/CN=other', '-out', 'other.csr')
  sign('office', 'other.csr', 'other.pem')
  writeFileSync(place('no.pem'), 'no certificate\n')
  const signed = ['authorities', 'signed', asked.id, '--certificate']
  await refused([...signed, 'nowhere.pem'], notThere)
  await refused([...signed, 'doors.pem', '--chain', 'nowhere.pem'], notThere)
  await refused(
    [...signed, 'no.pem', '--chain', 'office.pem'],
    inputRefused(/certificate is refused: .*no complete object/),
  )
  await refused(
    [...signed, 'doors.pem', '--chain', 'no.pem'],
    inputRefused(/chain is refused: .*something besides CERTIFICATE/),
  )
  await refused([...signed, 'doors.csr', '--chain', 'office.pem'], inputRefused(/certificate is refused/))
  await refused([...signed, 'other.pem', '--chain', 'office.pem'], inputRefused(/private key .*not the certificate's/))
  await refused([...signed, 'doors.pem'], inputRefused(/nobody in it, and no authority here, signed/))
  await refused([...signed, 'doors.pem', '--chain', 'stranger.pem'], inputRefused(/nobody in it/))
  const unknown = { exit: 1, code: 'pki.authority-request-unknown', says: /No authority waits/ }
  await refused(['authorities', 'signed', 'ca_none', '--certificate', 'doors.pem', '--chain', 'office.pem'], unknown)
  const missing = await pki(['authorities', 'signed', asked.id])
  assert.deepEqual([missing.code, missing.stdout], [2, ''])
  assert.match(missing.stderr, /--certificate <file>/)
  assert.deepEqual(
    (await waiting()).map(({ id }) => id),
    [asked.id],
    'it waits still',
  )
  assert.ok(!(await listed()).some(({ name }) => name === 'office'), 'and nobody is trusted for a refused one')

  const made = await told<View>([...signed, 'doors.pem', '--chain', 'office.pem'])
  assert.deepEqual([made.id, made.line, made.state, made.keyIsHere], [asked.id, 'doors', 'active', true])
  const root = (await listed()).find(({ id }) => id === made.parentId)
  assert.deepEqual([root?.name, root?.state, root?.keyIsHere], ['office', 'retired', false])
  assert.deepEqual(await waiting(), [])
  await refused([...signed, 'doors.pem', '--chain', 'office.pem'], unknown)
})

test('roots and intermediates made by OpenSSL are imported with their keys, and wrong ones are not', {
  skip,
}, async () => {
  makeRoot('works')
  makeRoot('bare')
  newKey('plain.key')
  openssl('req', '-new', '-config', 'req.cnf', '-key', 'plain.key', '-subj', '/CN=Works lamps', '-out', 'lamps.csr')
  sign('works', 'lamps.csr', 'lamps.pem')
  const sealed = ['-v2', 'aes-256-cbc', '-passout', `pass:${passphrase}`]
  openssl('pkcs8', '-topk8', '-in', 'plain.key', ...sealed, '-out', 'lamps.key')
  writeFileSync(place('no.pem'), 'no certificate\n')
  const certificate = ['authorities', 'import', '--yes', '--certificate']
  const lamps = [...certificate, 'lamps.pem', '--chain', 'works.pem', '--line', 'lamps']
  const opened = [...lamps, '--key', 'lamps.key', '--passphrase-stdin']
  const before = await listed()
  await refused([...certificate, 'nowhere.pem'], notThere)
  await refused([...lamps, '--key', 'nowhere.pem'], notThere)
  await refused([...certificate, 'no.pem'], inputRefused(/certificate is refused/))
  await refused([...lamps, '--key', 'no.pem'], inputRefused(/private key is refused/))
  await refused([...lamps, '--key', 'bare.key'], inputRefused(/private key .*not the certificate's/))
  await refused([...lamps, '--key', 'lamps.key'], inputRefused(/a passphrase is needed/))
  await refused(opened, inputRefused(/the passphrase is another/), 'granite harbour widow\n')
  await refused(opened, { exit: 2, code: 'cli.usage', says: /Nothing came on stdin/ })
  await refused(lamps, inputRefused(/comes with its private key/))
  const keyed = ['--key', 'plain.key']
  const unfit = { exit: 1, code: 'pki.line-unfit', says: /not for an intermediate/ }
  await refused([...certificate, 'lamps.pem', '--chain', 'works.pem', ...keyed], unfit)
  await refused([...certificate, 'lamps.pem', '--line', 'lamps', ...keyed], inputRefused(/nobody in it/))
  const unasked = await pki(['authorities', 'import', '--certificate', 'bare.pem'])
  assert.notEqual(unasked.code, 0, 'nobody said yes')
  assert.deepEqual(await listed(), before, 'nothing of that is stored')

  const made = await told<View>(opened, `${passphrase}\n`)
  assert.deepEqual([made.name, made.line, made.state, made.keyIsHere], ['Works lamps', 'lamps', 'active', true])
  const works = (await listed()).find(({ id }) => id === made.parentId)
  assert.deepEqual([works?.name, works?.kind, works?.keyIsHere], ['works', 'root', false])
  const bare = await pki([...certificate, 'bare.pem'])
  assert.equal(bare.code, 0, bare.stderr)
  assert.match(bare.stdout, /^Taken in\.\n\nName +bare\n(.*\n)*State +standby\nKey +P-256, kept elsewhere\n/)
  await refused([...certificate, 'bare.pem'], { exit: 1, code: 'pki.authority-exists', says: /that of bare/ })
})

test('a list is asked for, signed by OpenSSL and served; one that is not right changes nothing', { skip }, async () => {
  makeRoot('depot')
  makeRoot('foreign')
  const asked = await told<{ readonly id: string; readonly pem: string }>(['authorities', 'request', '--line', 'gates'])
  writeFileSync(place('gates.csr'), asked.pem)
  sign('depot', 'gates.csr', 'gates.pem')
  const signed = ['authorities', 'signed', asked.id, '--certificate', 'gates.pem', '--chain', 'depot.pem']
  const made = await told<View>(signed)
  const root = made.parentId ?? assert.fail('it has no root')
  interface Request {
    readonly number: number
    readonly revoked: readonly { readonly name: string | null; readonly reason: string }[]
    readonly served: { readonly number: number } | null
  }
  const request = (...more: readonly string[]) => told<Request>(['crl', 'request', root, ...more])
  const empty = await request('--out', 'before')
  assert.deepEqual([empty.revoked, empty.served], [[], null])
  const revoke = ['authorities', 'revoke', made.id, '--reason', 'superseded', '--yes']
  assert.equal((await pki(revoke)).code, 0)
  const asking = await request('--out', 'after')
  assert.deepEqual(
    asking.revoked.map(({ name, reason }) => [name, reason]),
    [[made.name, 'superseded']],
  )

  /** Signs what stands in a folder, by the command that the request itself says. */
  const signList = (folder: string, key: string): string => {
    copyFileSync(place(key), place(`${folder}/key.pem`))
    const command = /openssl (ca -gencrl .+)/.exec(said.stderr)?.[1] ?? assert.fail(said.stderr)
    execFileSync('openssl', command.split(' '), { cwd: place(folder), stdio: 'pipe' })
    return `${folder}/list.pem`
  }
  const said = await pki(['crl', 'request', root, '--out', 'after'])
  assert.equal(said.code, 0, said.stderr)
  assert.match(said.stdout, /Served now +none/)
  const before = signList('before', 'depot.key')
  mkdirSync(place('false'))
  for (const name of ['crl.cnf', 'index.txt', 'crlnumber']) copyFileSync(place(`after/${name}`), place(`false/${name}`))
  copyFileSync(place('foreign.pem'), place('false/authority.pem'))
  const foreign = signList('false', 'foreign.key')
  const list = signList('after', 'depot.key')
  const take = ['crl', 'import', root]
  await refused([...take, 'nowhere.pem'], notThere)
  await refused([...take, 'depot.pem'], listRefused(/holds no X509 CRL/))
  await refused([...take, foreign], listRefused(/another issuer or key/))
  await refused([...take, before], listRefused(/lacks what is revoked here: [0-9a-f]+ \(/))
  const unknown = { exit: 1, code: 'pki.authority-unknown', says: /No certificate authority/ }
  await refused(['crl', 'import', 'ca_none', list], unknown)
  await refused(['crl', 'request', 'ca_none', '--out', 'none'], unknown)
  assert.ok(!existsSync(place('none')), 'no files for nobody')
  const own = (await listed()).find(({ keyIsHere, kind }) => keyIsHere && kind === 'root') ?? assert.fail('no own root')
  await refused(['crl', 'request', own.id], { exit: 1, code: 'pki.lists-made-here', says: /signs its lists itself/ })
  const inTheWay = { exit: 1, code: 'cli.not-written', says: /depot\.pem.*EEXIST/ }
  await refused(['crl', 'request', root, '--out', 'depot.pem'], inTheWay)
  assert.equal((await request()).served, null, 'none of them is served')

  interface Taken {
    readonly authorityId: string
    readonly number: number
    readonly entries: number
    readonly notRevokedHere: readonly string[]
  }
  const taken = await told<Taken>([...take, list])
  assert.deepEqual([taken.authorityId, taken.entries, taken.notRevokedHere], [root, 1, []])
  assert.equal((await request()).served?.number, taken.number)
  await refused([...take, list], listRefused(/was made before/))
})
