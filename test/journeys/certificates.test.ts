import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { programMissing } from '#platform/testing'
import { runCommand } from '../product/command.ts'
import { cleanUp, newDirectory, type Product, startProduct } from '../product/start.ts'

const run = promisify(execFile)
const missing =
  programMissing('openssl', 'openssl', 'version') ||
  programMissing('curl', 'curl') ||
  programMissing('certtool', 'gnutls-bin')

describe('a device gets a certificate, uses it, and loses it; OpenSSL and GnuTLS look on', { skip: missing }, () => {
  let product: Product
  let folder: string
  let httpPort: string
  let id: string

  const tool = async (program: string, ...args: readonly string[]) => {
    const child = run(program, args, { cwd: folder })
    child.child.stdin?.end()
    const { stdout, stderr } = await child.catch((error: unknown) => {
      const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string }
      return { stdout, stderr: `${stderr}\nended badly` }
    })
    return `${stderr}${stdout}`
  }
  const command = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCommand(product.directory, args)
    assert.equal(code, 0, stderr)
    return stdout
  }
  const host = 'certificate.gatehouse.localhost'
  /** The API on the host that asks for a certificate, as the device. */
  const asDevice = (path: string, ...more: readonly string[]) =>
    tool(
      'curl',
      '--silent',
      '--show-error',
      '--cacert',
      'root.pem',
      '--cert',
      'washer.pem',
      '--key',
      'washer.key',
      '--resolve',
      `${host}:${product.port}:127.0.0.1`,
      ...more,
      `https://${host}:${product.port}${path}`,
    )
  const plain = (path: string): string => `http://gatehouse.localhost:${httpPort}${path}`
  const fetchPlain = (path: string, file: string) =>
    tool(
      'curl',
      '--silent',
      '--show-error',
      '--fail',
      '--resolve',
      `gatehouse.localhost:${httpPort}:127.0.0.1`,
      '--output',
      file,
      plain(path),
    )
  const ocsp = () =>
    tool(
      'openssl',
      'ocsp',
      '-issuer',
      'issuer.pem',
      '-cert',
      'leaf.pem',
      '-CAfile',
      'root.pem',
      '-verify_other',
      'issuer.pem',
      '-url',
      `http://127.0.0.1:${httpPort}/pki/ocsp`,
      '-header',
      'host=gatehouse.localhost',
    )

  before(async () => {
    product = await startProduct()
    folder = newDirectory()
    await tool(
      'openssl',
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'washer.key',
      '-subj',
      '/CN=washer-7',
      '-out',
      'washer.csr',
    )
    const { pem } = JSON.parse(await command('ca', '--json')) as { readonly pem: string }
    writeFileSync(join(folder, 'root.pem'), pem)
  })
  after(cleanUp)

  test('its request becomes a certificate that both verify', async () => {
    const chain = await command(
      'pki',
      'certificates',
      'issue',
      'device',
      '--device',
      'washer-7',
      '--request',
      join(folder, 'washer.csr'),
    )
    writeFileSync(join(folder, 'washer.pem'), chain)
    const [leaf = '', issuer = ''] = chain.split(/(?<=-----END CERTIFICATE-----\n)/)
    writeFileSync(join(folder, 'leaf.pem'), leaf)
    writeFileSync(join(folder, 'issuer.pem'), issuer)
    writeFileSync(join(folder, 'whole.pem'), `${chain}\n${readFileSync(join(folder, 'root.pem'), 'utf8')}`)
    assert.match(
      await tool(
        'openssl',
        'verify',
        '-x509_strict',
        '-purpose',
        'sslclient',
        '-CAfile',
        'root.pem',
        '-untrusted',
        'issuer.pem',
        'leaf.pem',
      ),
      /leaf\.pem: OK/,
    )
    assert.match(
      await tool('certtool', '--verify', '--infile', 'whole.pem', '--load-ca-certificate', 'root.pem'),
      /Verified/,
    )
    const points = await tool('openssl', 'x509', '-in', 'leaf.pem', '-noout', '-text')
    httpPort = /URI:http:\/\/gatehouse\.localhost:(\d+)\/pki\/crl/.exec(points)?.[1] ?? assert.fail(points)
    const list = JSON.parse(await command('pki', 'certificates', 'list', '--profile', 'device', '--json')) as {
      items: { id: string }[]
    }
    assert.equal(list.items.length, 1)
    id = list.items[0]?.id ?? ''
  })

  test('with it the device is somebody, and without it nobody', async () => {
    assert.match(
      await tool(
        'openssl',
        's_client',
        '-connect',
        `127.0.0.1:${product.port}`,
        '-servername',
        host,
        '-CAfile',
        'root.pem',
        '-cert',
        'leaf.pem',
        '-key',
        'washer.key',
        '-verify_return_error',
      ),
      /Verify return code: 0 \(ok\)/,
    )
    const known = await asDevice('/api/v1/certificates')
    assert.match(known, /"platform\.refused"/, 'known, and not allowed to see certificates')
    const stranger = await tool(
      'curl',
      '--silent',
      '--cacert',
      'root.pem',
      '--resolve',
      `${host}:${product.port}:127.0.0.1`,
      `https://${host}:${product.port}/api/v1/certificates`,
    )
    assert.match(stranger, /"platform\.sign-in-required"/)
  })

  test('AuthZEN answers it by mutual TLS, about itself and nobody else', async () => {
    const { holderId } = JSON.parse(await command('pki', 'certificates', 'show', id, '--json')) as { holderId: string }
    await command('roles', 'create', 'readers', '--permission', 'groups:read')
    await command('roles', 'grant', 'readers', holderId)
    const may = async (subject: string, name: string) => {
      const question = {
        subject: { type: 'device', id: subject },
        action: { name },
        resource: { type: 'roles', id: 'readers' },
      }
      const header = 'content-type: application/json'
      return asDevice('/access/v1/evaluation', '--header', header, '--data', JSON.stringify(question))
    }
    assert.match(await may(holderId, 'read'), /"decision":false/)
    await command('roles', 'update', 'readers', '--permission', 'roles:read', '--yes')
    assert.match(await may(holderId, 'read'), /"decision":true/)
    assert.match(await may(holderId, 'delete'), /"decision":false/)
    assert.match(await may('dev_ffffffffffffffffffffffffffffffff', 'read'), /"access\.refused"/)
  })

  test('lists and OCSP say that it stands', async () => {
    assert.match(await ocsp(), /leaf\.pem: good/)
    const authority = (
      JSON.parse(await command('pki', 'certificates', 'show', id, '--json')) as { authorityId: string }
    ).authorityId
    await fetchPlain(`/pki/crl/${authority}.crl`, 'list.crl')
    assert.match(
      await tool('openssl', 'crl', '-inform', 'DER', '-in', 'list.crl', '-CAfile', 'issuer.pem', '-noout', '-text'),
      /verify OK[\s\S]*No Revoked Certificates/,
    )
    await fetchPlain(`/pki/ca/${authority}.crt`, 'issuer.crt')
    assert.match(
      await tool('openssl', 'x509', '-inform', 'DER', '-in', 'issuer.crt', '-noout', '-subject'),
      /Gatehouse clients/,
    )
  })

  test('revoked, it is refused at its next use, and lists and OCSP say so', async () => {
    await command('pki', 'certificates', 'revoke', id, '--reason', 'keyCompromise', '--yes')
    assert.match(await asDevice('/api/v1/certificates'), /"pki\.certificate-revoked"/)
    const answer = await ocsp()
    assert.match(answer, /leaf\.pem: revoked[\s\S]*keyCompromise/)
    const authority = (
      JSON.parse(await command('pki', 'certificates', 'show', id, '--json')) as { authorityId: string }
    ).authorityId
    await waitFor(async () => {
      await fetchPlain(`/pki/crl/${authority}.crl`, 'list.crl')
      const text = await tool(
        'openssl',
        'crl',
        '-inform',
        'DER',
        '-in',
        'list.crl',
        '-CAfile',
        'issuer.pem',
        '-noout',
        '-text',
      )
      return /verify OK[\s\S]*Key Compromise/.test(text)
    })
    assert.match(await tool('certtool', '--crl-info', '--inder', '--infile', 'list.crl'), /Revoked certificates \(1\)/)
    await tool('openssl', 'crl', '-inform', 'DER', '-in', 'list.crl', '-out', 'list.pem')
    assert.match(
      await tool(
        'openssl',
        'verify',
        '-crl_check',
        '-CRLfile',
        'list.pem',
        '-CAfile',
        'root.pem',
        '-untrusted',
        'issuer.pem',
        'leaf.pem',
      ),
      /certificate revoked/,
    )
    const holder = (JSON.parse(await command('pki', 'certificates', 'show', id, '--json')) as { holderId: string })
      .holderId
    await command(
      'pki',
      'certificates',
      'issue',
      'device',
      '--device',
      'washer-7',
      '--new-key',
      join(folder, 'other.key'),
    )
    const all = await command('pki', 'certificates', 'revoke-all', holder, '--yes')
    assert.match(all, /Revoked 1 certificate\./)
    assert.match(await command('pki', 'certificates', 'revoke-all', holder, '--yes'), /None was left/)
    const again = await runCommand(product.directory, [
      'pki',
      'certificates',
      'issue',
      'device',
      '--device',
      'washer-7',
      '--request',
      join(folder, 'washer.csr'),
    ])
    assert.match(again.stderr, /pki\.key-compromised|in other hands/)
  })
})

/** Lists are made anew within two seconds of a revocation, in the background. */
async function waitFor(holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.fail('it did not come about')
}
