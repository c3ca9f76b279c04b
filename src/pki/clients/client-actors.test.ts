import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { GateError } from '#platform'
import { eachDialect, fakeClock, programMissing } from '#platform/testing'
import { issuedWithKey } from '../issue/contract.ts'
import { leafFields } from '../issue/leaf.ts'
import { kindRules } from '../issue/profile.ts'
import { postRoute, startNode, type TestNode } from '../testing.ts'
import { distinguishedName, pemOf, signCertificate } from '../x509/certificate.ts'
import { publicKeyInfo } from '../x509/public-keys.ts'
import { workbench } from '../x509/testing.ts'

const openssl = { skip: programMissing('openssl', 'openssl', 'version') }
const isCode = (code: string) => (error: unknown) => error instanceof GateError && error.code === code
const asAdmin = (node: TestNode) => node.ctx.as({ principal: { kind: 'local', id: 'local', name: 'local' } })

async function makeDevice(node: TestNode, device: string) {
  const body = { profile: 'device', device, newKey: true }
  const { pem, chain, privateKey } = issuedWithKey.parse(
    await postRoute(node, asAdmin(node), '/api/v1/certificates', body),
  )
  return { pem, chain, privateKey: privateKey ?? assert.fail(), certificate: new X509Certificate(pem) }
}

type Device = Awaited<ReturnType<typeof makeDevice>>

/** A certificate with the names and the serial number of a device's own, signed by another device as if that were an authority. */
function forge({ certificate, privateKey }: Device, name: string, victim: Device, now: number): Uint8Array {
  const fields = leafFields({
    profile: { kind: 'device', lifetimeMs: kindRules.device.lifetimeMs },
    subject: { commonName: name, hosts: [], uri: victim.certificate.subjectAltName?.replace('URI:', '') },
    publicKey: publicKeyInfo(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey),
    issuer: {
      facts: {
        subject: distinguishedName([['commonName', certificate.subject.replace('CN=', '')]]),
        publicKey: certificate.publicKey,
        keyId: publicKeyInfo(certificate.publicKey).identifier,
        notBefore: certificate.validFromDate.getTime(),
        notAfter: certificate.validToDate.getTime(),
      },
    },
    notAfter: undefined,
    now,
    serial: Buffer.from(victim.certificate.serialNumber, 'hex'),
    pointers: undefined,
  })
  return signCertificate(fields, createPrivateKey(privateKey))
}

eachDialect((_dialect, open) => {
  test('attack PKI: leaf used as CA: what a device’s key signs is nobody’s certificate', openssl, async (t) => {
    const node = await startNode(t, open, { clock: fakeClock(Date.now()) })
    const [washer, pump] = [await makeDevice(node, 'washer-7'), await makeDevice(node, 'pump-1')]
    const der = forge(washer, 'pump-1', pump, node.clock.now())
    const forged = new X509Certificate(der)
    assert.ok(forged.verify(washer.certificate.publicKey))
    assert.deepEqual(
      [forged.issuer, forged.subject, forged.subjectAltName, forged.serialNumber],
      [
        washer.certificate.subject,
        pump.certificate.subject,
        pump.certificate.subjectAltName,
        pump.certificate.serialNumber,
      ],
    )

    const bench = workbench()
    t.after(() => bench.close())
    bench.write('root.pem', (await node.face.root()).certificatePem)
    bench.write('chain.pem', `${washer.pem}${washer.chain}`)
    bench.write('washer.pem', washer.pem)
    bench.write('forged.pem', pemOf(der))
    const verdict = (leaf: string) =>
      bench.judge('openssl', 'verify', '-purpose', 'sslclient', '-CAfile', 'root.pem', '-untrusted', 'chain.pem', leaf)
    assert.match(verdict('washer.pem').text, /washer\.pem: OK/)
    assert.match(verdict('forged.pem').text, /invalid CA certificate/)

    const proof = (certificate: Uint8Array) => node.face.actorOf({ der: certificate } as never, '192.0.2.7', 'use')
    const real = await proof(new Uint8Array(pump.certificate.raw))
    assert.equal('actor' in real && real.actor.principal.name, 'pump-1')
    assert.deepEqual(await proof(der), { refused: 'pki.certificate-foreign', certificateId: undefined })
    const [door] = node.opened.authenticators ?? []
    await assert.rejects(
      async () => door?.authenticate(new Headers(), '192.0.2.7', node.ctx, 'use', { der } as never),
      isCode('pki.certificate-foreign'),
    )
    const authority = { certificate: washer.pem, key: washer.privateKey, chain: washer.chain, line: 'clients' }
    await assert.rejects(
      postRoute(node, asAdmin(node), '/api/v1/certificate-authorities/import', authority),
      (error) => isCode('pki.import-refused')(error) && /basic constraints/.test((error as GateError).detail),
    )
  })
})
