import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eachDialect, fakeClock, memorySeal, programMissing } from '#platform/testing'
import { shardOf } from './distribution.ts'
import { revoke } from './revoke.ts'
import { startWorld, type World } from './testing.ts'

const openssl = { skip: programMissing('openssl', 'openssl', 'version') }
const gnutls = { skip: programMissing('certtool', 'gnutls-bin') }

eachDialect((_dialect, open) => {
  test('openssl refuses a revoked certificate by the list it names, and by the complete one', openssl, async (t) => {
    const world = await startWorld(t, open)
    const good = await world.issue('good')
    const bad = await world.issue('bad')
    await revoke(world.node.ctx, bad.id, 'keyCompromise')
    await world.deliver()
    for (const [name, { authorityId, serial }] of [
      ['good', good],
      ['bad', bad],
    ] as const) {
      await fetchList(world, `/pki/crl/${authorityId}/${shardOf(serial)}.crl`, `${name}-shard.pem`)
    }
    await fetchList(world, `/pki/crl/${bad.authorityId}.crl`, 'complete.pem')
    const verify = (leaf: string, list: string) =>
      world.run(
        'openssl',
        'verify',
        '-crl_check',
        '-CRLfile',
        list,
        '-CAfile',
        'root.pem',
        '-untrusted',
        'issuer.pem',
        `${leaf}.pem`,
      )
    assert.match(await verify('good', 'good-shard.pem'), /good\.pem: OK/)
    assert.match(await verify('good', 'complete.pem'), /good\.pem: OK/)
    await assert.rejects(verify('bad', 'bad-shard.pem'), /certificate revoked/)
    await assert.rejects(verify('bad', 'complete.pem'), /certificate revoked/)
    const text = await world.run('openssl', 'crl', '-in', 'complete.pem', '-noout', '-text')
    assert.match(text, new RegExp(`Serial Number: ${bad.serial.toUpperCase()}`))
    assert.match(text, /Key Compromise/)
    assert.match(text, /Freshest CRL/)
  })

  test('GnuTLS reads every list, and takes its signature', gnutls, async (t) => {
    const world = await startWorld(t, open)
    const { id, serial, authorityId } = await world.issue('bad')
    await revoke(world.node.ctx, id, 'cessationOfOperation')
    await world.deliver()
    for (const path of [`${authorityId}.crl`, `${authorityId}/${shardOf(serial)}.crl`, `${authorityId}/delta.crl`]) {
      const der = await fetchList(world, `/pki/crl/${path}`, 'list.pem')
      const text = await world.run('certtool', '--crl-info', '--inder', '--infile', 'fetched.crl')
      assert.match(text, new RegExp(`Serial Number \\(hex\\): ${serial}`), path)
      assert.match(text, /CRL Number/)
      const verdict = await world.run(
        'certtool',
        '--verify-crl',
        '--infile',
        'list.pem',
        '--load-ca-certificate',
        'issuer.pem',
      )
      assert.match(verdict, /Verified|verified/, path)
      assert.ok(der.length > 0)
    }
  })

  test('openssl asks about good, revoked and unknown certificates, by POST with a nonce', openssl, async (t) => {
    const world = await startWorld(t, open)
    const good = await world.issue('good')
    const bad = await world.issue('bad')
    const ask = (...which: readonly string[]) =>
      world.run(
        'openssl',
        'ocsp',
        '-issuer',
        'issuer.pem',
        ...which,
        '-url',
        `${world.address}/pki/ocsp`,
        '-CAfile',
        'root.pem',
        '-verify_other',
        'issuer.pem',
      )
    const both = await ask('-cert', 'good.pem', '-cert', 'bad.pem')
    assert.match(both, /Response verify OK/)
    assert.doesNotMatch(both, /no nonce|Nonce Verify error/)
    assert.match(both, /good\.pem: good[\s\S]*bad\.pem: good/)
    await revoke(world.node.ctx, bad.id, 'keyCompromise')
    // nothing has to be made or told first
    const after = await ask('-cert', 'good.pem', '-cert', 'bad.pem')
    assert.match(after, /good\.pem: good[\s\S]*bad\.pem: revoked[\s\S]*Reason: keyCompromise/)
    const made = await ask('-serial', '0x1234', '-serial', '0x00', '-serial', `0x${good.serial}`)
    assert.match(made, /0x1234: unknown[\s\S]*0x00: unknown[\s\S]*: good/)
    const sha256 = await world.run(
      'openssl',
      'ocsp',
      '-sha256',
      '-issuer',
      'issuer.pem',
      '-cert',
      'bad.pem',
      '-url',
      `${world.address}/pki/ocsp`,
      '-CAfile',
      'root.pem',
      '-verify_other',
      'issuer.pem',
    )
    assert.match(sha256, /bad\.pem: revoked/)
  })

  test('a question by GET is answered, and may be cached only without a nonce', openssl, async (t) => {
    const world = await startWorld(t, open)
    const { id } = await world.issue('one')
    await world.run('openssl', 'ocsp', '-issuer', 'issuer.pem', '-cert', 'one.pem', '-no_nonce', '-reqout', 'plain.der')
    await world.run('openssl', 'ocsp', '-issuer', 'issuer.pem', '-cert', 'one.pem', '-reqout', 'nonce.der')
    const get = async (file: string) => {
      const text = readFileSync(join(world.folder, file)).toString('base64')
      const response = await fetch(`${world.address}/pki/ocsp/${encodeURIComponent(text)}`)
      assert.equal(response.headers.get('content-type'), 'application/ocsp-response')
      writeFileSync(join(world.folder, 'answer.der'), new Uint8Array(await response.arrayBuffer()))
      const told = await world.run(
        'openssl',
        'ocsp',
        '-respin',
        'answer.der',
        '-issuer',
        'issuer.pem',
        '-cert',
        'one.pem',
        '-no_nonce',
        '-CAfile',
        'root.pem',
        '-verify_other',
        'issuer.pem',
      )
      return { told, caching: response.headers.get('cache-control') ?? '' }
    }
    const first = await get('plain.der')
    assert.match(first.told, /one\.pem: good/)
    assert.match(first.caching, /^public, max-age=300/)
    const later = async () => {
      world.node.clock.set(world.node.clock.now() + 100_000)
      return (await get('plain.der')).caching
    }
    // on PostgreSQL the news of issuing may come after the first answer was kept, which is then made anew once
    const caching = [await later(), await later()]
    assert.ok(
      caching.some((text) => text.startsWith('public, max-age=200')),
      caching.join('; '),
    )
    assert.equal((await get('nonce.der')).caching, 'no-store')
    await revoke(world.node.ctx, id, 'unspecified')
    assert.match((await get('plain.der')).told, /one\.pem: revoked/)
  })

  test(
    'what one node revokes, the other tells by OCSP and serves on its lists, whatever it said before',
    openssl,
    async (t) => {
      const shared = { place: await open.place(t), seal: memorySeal(), clock: fakeClock(Date.now()) }
      const one = await startWorld(t, open, shared)
      // the programs run in one folder, and ask the second node
      const two = { ...one, address: (await startWorld(t, open, shared)).address }
      const { id, serial, authorityId } = await one.issue('one')
      const paths = [`${authorityId}.crl`, `${authorityId}/${shardOf(serial)}.crl`, `${authorityId}/delta.crl`]
      const ask = () =>
        two.run(
          'openssl',
          'ocsp',
          '-no_nonce',
          '-issuer',
          'issuer.pem',
          '-cert',
          'one.pem',
          '-url',
          `${two.address}/pki/ocsp`,
          '-CAfile',
          'root.pem',
        )
      // by the clock that what others changed is known by; on PostgreSQL a notification mostly brings it at once
      shared.clock.advance(1_001)
      assert.match(await ask(), /one\.pem: good[\s\S]*Response verify OK/)
      for (const path of paths) {
        await fetchList(two, `/pki/crl/${path}`, 'before.pem')
        const text = await two.run('openssl', 'crl', '-in', 'before.pem', '-noout', '-text')
        assert.match(text, /No Revoked Certificates/, path)
      }
      await revoke(one.node.ctx, id, 'keyCompromise')
      shared.clock.advance(1_001)
      assert.match(await ask(), /one\.pem: revoked[\s\S]*Reason: keyCompromise/)
      await one.deliver()
      for (const path of paths) {
        await fetchList(two, `/pki/crl/${path}`, 'after.pem')
        const text = await two.run('openssl', 'crl', '-in', 'after.pem', '-noout', '-text')
        assert.match(text, new RegExp(`Serial Number: ${serial.toUpperCase()}`), path)
        assert.match(text, /Key Compromise/, path)
      }
    },
  )

  test('ocsptool of GnuTLS takes the answer too', gnutls, async (t) => {
    const world = await startWorld(t, open)
    const { id } = await world.issue('one')
    await revoke(world.node.ctx, id, 'superseded')
    const told = await world
      .run(
        'ocsptool',
        `--ask=${world.address}/pki/ocsp`,
        '--load-issuer',
        'issuer.pem',
        '--load-cert',
        'one.pem',
        '--load-trust',
        'issuer.pem',
      )
      .catch(output)
    assert.match(told, /Certificate Status: revoked/)
    assert.match(told, /Verifying OCSP Response: Success/)
  })
})

async function fetchList(world: World, path: string, name: string): Promise<Uint8Array> {
  const response = await fetch(`${world.address}${path}`)
  assert.equal(response.status, 200)
  const der = new Uint8Array(await response.arrayBuffer())
  writeFileSync(join(world.folder, 'fetched.crl'), der)
  await world.run('openssl', 'crl', '-inform', 'DER', '-in', 'fetched.crl', '-out', name)
  return der
}

/** What a program said that ends with a failure, as ocsptool does for a revoked certificate. */
function output(error: unknown): string {
  const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string }
  return stdout + stderr
}
