import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Visit } from '../visit.ts'
import { certificateWay } from './certificate.ts'

test('the last use of a certificate is told the address and the program that came', () => {
  const certificate = { der: new Uint8Array(1) }
  const asked: unknown[] = []
  const way = certificateWay(
    {
      actorOf: (...told) => {
        asked.push(told)
        return { refused: 'pki.certificate-revoked', certificateId: undefined }
      },
    },
    { clientCertificateOf: () => certificate as never },
  )
  const request = { method: 'GET', headers: { 'user-agent': 'curl/8.5.0' } }
  void way.find({ request, address: '192.0.2.1', isSocket: false } as Visit)
  assert.deepEqual(asked, [[certificate, '192.0.2.1', 'use', 'curl/8.5.0']])
})
