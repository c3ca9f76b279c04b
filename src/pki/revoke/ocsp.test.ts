import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eachDialect, programMissing, testContext } from '#platform/testing'
import { revoke } from './revoke.ts'
import { startWorld, type World } from './testing.ts'

const openssl = { skip: programMissing('openssl', 'openssl', 'version') }
const malformedRequest = '30030a0101'
const unauthorized = '30030a0106'
const day = 86_400_000

eachDialect((_dialect, open) => {
  test('attack PKI: whatever is no question is answered as malformed, and nothing throws', openssl, async (t) => {
    const world = await startWorld(t, open)
    await world.issue('one')
    const good = await question(world, '-cert', 'one.pem')
    const bodies = [
      Buffer.alloc(0),
      Buffer.from('not DER at all'),
      good.subarray(0, -1),
      Buffer.concat([good, Buffer.from([0])]),
      Buffer.from('3080', 'hex'),
      Buffer.from('30847fffffff', 'hex'),
      Buffer.alloc(4096, 0x30),
    ]
    for (const body of bodies) assert.equal((await post(world, body)).der, malformedRequest)
    // every byte in turn: an answer, an OCSP error, never a failure of ours
    for (let at = 0; at < good.length; at++) {
      const altered = Buffer.from(good)
      altered[at] = (altered[at] ?? 0) ^ 0xff
      const { status, der } = await post(world, altered)
      assert.equal(status, 200)
      assert.doesNotMatch(der, /^30030a010[23]/, `byte ${at}`)
    }
    assert.equal(world.node.log.entries.filter(({ level }) => level === 'error').length, 0)
  })

  test('attack PKI: questions are bounded, and only OCSP is spoken', openssl, async (t) => {
    const world = await startWorld(t, open)
    await world.issue('one')
    const many = Array.from({ length: 21 }, (_, index) => ['-serial', `0x${index + 1}`]).flat()
    assert.equal((await post(world, await question(world, ...many))).der, malformedRequest)
    assert.ok((await post(world, await question(world, ...many.slice(2)))).der.length > 1000)
    assert.equal((await post(world, Buffer.alloc(5000))).status, 413)
    const url = `${world.address}/pki/ocsp`
    assert.equal((await fetch(url, { method: 'POST', body: 'a=b' })).status, 415)
    assert.equal((await fetch(url)).status, 405)
    assert.equal((await fetch(url, { method: 'PUT', body: 'x' })).status, 405)
    assert.equal((await fetch(`${url}x`)).status, 404)
    for (const path of ['%', '%ff%fe', 'AAAA', '....', 'a'.repeat(9000), encodeURIComponent('=='.repeat(9))]) {
      const response = await fetch(`${url}/${path}`)
      assert.equal(Buffer.from(await response.arrayBuffer()).toString('hex'), malformedRequest, path.slice(0, 20))
      assert.equal(response.headers.get('cache-control'), 'no-store')
    }
    // what is no OCSP at all is no answer of the responder
    const told = await world.node.metrics()
    assert.match(told, /^gatehouse_ocsp_answers_total\{outcome="answered"\} 1$/m)
    assert.match(told, /^gatehouse_ocsp_answers_total\{outcome="malformedRequest"\} 7$/m)
  })

  test('nobody is told that a responder ends soon: it lasts a week and renews itself', openssl, async (t) => {
    const world = await startWorld(t, open)
    await world.issue('one')
    await post(world, await question(world, '-cert', 'one.pem'))
    const listed = await world.certificates()
    assert.deepEqual(listed.map(({ profile }) => profile).sort(), ['device', 'ocsp-responder'])
    const { node } = world
    const { actor } = node.ctx.as({ principal: { kind: 'local', id: 'local', name: 'local' } })
    assert.deepEqual(await node.opened.pending?.(testContext({ ...node, actor })), [])
  })

  test('an authority that is not ours is not answered for, nor two in one question', openssl, async (t) => {
    const world = await startWorld(t, open)
    await world.issue('one')
    await world.run(
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'foreign.key',
      '-out',
      'foreign.pem',
      '-subj',
      '/CN=foreign',
    )
    await world.run('openssl', 'ocsp', '-issuer', 'foreign.pem', '-serial', '0x1', '-reqout', 'foreign.der')
    assert.equal((await post(world, read(world, 'foreign.der'))).der, unauthorized)
    await world.run(
      'openssl',
      'ocsp',
      '-issuer',
      'issuer.pem',
      '-cert',
      'one.pem',
      '-issuer',
      'root.pem',
      '-cert',
      'issuer.pem',
      '-reqout',
      'both.der',
    )
    assert.equal((await post(world, read(world, 'both.der'))).der, unauthorized)
  })

  test('the root answers for its intermediates', openssl, async (t) => {
    const world = await startWorld(t, open)
    await world.issue('one')
    const told = await world.run(
      'openssl',
      'ocsp',
      '-issuer',
      'root.pem',
      '-cert',
      'issuer.pem',
      '-url',
      `${world.address}/pki/ocsp`,
      '-CAfile',
      'root.pem',
    )
    assert.match(told, /issuer\.pem: good[\s\S]*Response verify OK/)
  })

  test('the responder’s own certificate lasts a week, and is renewed at half of that', openssl, async (t) => {
    const world = await startWorld(t, open)
    await world.issue('one')
    const serial = async (): Promise<string> => {
      const answer = await post(world, await question(world, '-cert', 'one.pem'))
      return /Certificate:\n[\s\S]*?Serial Number:\s+([0-9a-f:]+)/.exec(await describe(world, answer.der))?.[1] ?? ''
    }
    const first = await serial()
    assert.equal(await serial(), first)
    world.node.clock.advance(3 * day)
    assert.equal(await serial(), first)
    world.node.clock.advance(day)
    const second = await serial()
    assert.notEqual(second, first)
    const text = await describe(world, (await post(world, await question(world, '-cert', 'one.pem'))).der)
    assert.match(text, /OCSP Signing/)
    assert.match(text, /OCSP No Check/)
  })

  test('a revoked responder signs nothing more', openssl, async (t) => {
    const world = await startWorld(t, open)
    await world.issue('one')
    const ask = async () =>
      describe(world, (await post(world, await question(world, '-cert', 'one.pem', '-no_nonce'))).der)
    const serialIn = (text: string): string =>
      (/Certificate:\n[\s\S]*?Serial Number:\s+([0-9a-f:]+)/.exec(text)?.[1] ?? '').replaceAll(':', '')
    const first = serialIn(await ask())
    const { id = '' } = (await world.certificates()).find((one) => one.serial === first) ?? {}
    await revoke(world.node.ctx, id, 'keyCompromise')
    assert.notEqual(serialIn(await ask()), first)
  })
})

async function question(world: World, ...which: readonly string[]): Promise<Buffer> {
  await world.run('openssl', 'ocsp', '-issuer', 'issuer.pem', ...which, '-reqout', 'question.der')
  return read(world, 'question.der')
}

function read({ folder }: World, name: string): Buffer {
  return readFileSync(join(folder, name))
}

async function post({ address }: World, body: Buffer) {
  const headers = { 'content-type': 'application/ocsp-request' }
  const response = await fetch(`${address}/pki/ocsp`, { method: 'POST', body: new Uint8Array(body), headers })
  return { status: response.status, der: Buffer.from(await response.arrayBuffer()).toString('hex') }
}

/** An answer in words, the certificate in it included. */
async function describe(world: World, hex: string): Promise<string> {
  world.write('answer.der', Buffer.from(hex, 'hex'))
  return world.run('openssl', 'ocsp', '-respin', 'answer.der', '-resp_text', '-noverify')
}
