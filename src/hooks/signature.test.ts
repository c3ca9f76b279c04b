import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretOf, secretText, signedHeaders } from './signature.ts'

test('a message is signed as the published vector of Standard Webhooks says', () => {
  const headers = signedHeaders(
    { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: 1_614_265_330_000, body: '{"test": 2432232314}' },
    [secretOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')],
  )
  assert.deepEqual(headers, {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

test('with two secrets there are two signatures, and a secret survives its text', () => {
  const secrets = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const message = { id: 'evt_1', at: 1_000, body: '{}' }
  const both = signedHeaders(message, secrets)['webhook-signature']
  const each = secrets.map((secret) => signedHeaders(message, [secret])['webhook-signature'])
  assert.equal(both, each.join(' '))
  assert.deepEqual(secretOf(secretText(Buffer.alloc(32, 1))), Buffer.alloc(32, 1))
  assert.throws(() => secretOf('secret'), TypeError)
})
