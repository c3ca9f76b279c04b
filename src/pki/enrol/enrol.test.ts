import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eachDialect, fakeClock, plansOf } from '#platform/testing'
import { endEntityConstraints, subjectAlternativeName } from '../x509/extensions.ts'
import { findEnrolledKey } from './enrolment-token-store.ts'
import { leafIn, newKey, request, startEnrolment } from './testing.ts'

const day = 86_400_000

describe('enrolment tokens', () => {
  eachDialect((dialect, open) => {
    test('a token fetches one certificate, whose holder, names and purpose it decides', async (t) => {
      const gate = await startEnrolment(t, open)
      const { secret, id } = await gate.token()
      assert.match(secret, /^gen_[A-Za-z0-9_-]{49}$/)
      const key = newKey()
      const answer = await gate.enrol(secret, request(key))
      assert.equal(answer.status, 200, answer.text)
      assert.equal(answer.headers['content-type'], 'application/pkcs7-mime; smime-type=certs-only')
      assert.equal(answer.headers['content-transfer-encoding'], 'base64')
      const certificate = leafIn(answer.text, key)
      assert.equal(certificate.subject, 'CN=pump-7')
      assert.equal(certificate.subjectAltName, 'URI:spiffe://gatehouse.localhost/device/pump-7')
      const { json } = await gate.api('GET', `/enrolment-tokens/${id}`)
      assert.equal(json['state'], 'used')
      assert.equal(json['usesLeft'], 0)
      const [certificateId] = json['certificates'] as string[]
      const stored = await gate.api('GET', `/certificates/${certificateId}`)
      assert.equal(stored.json['via'], 'est')
      assert.equal(stored.json['label'], 'a pump')
      assert.deepEqual(
        (await gate.journal())
          .map(({ action }) => action)
          .filter((action) => /^(enrol|certificates|certificate-h)/.test(action)),
        ['enrolment-tokens.create', 'certificate-holders.create', 'certificates.issue', 'enrolment-tokens.use'],
      )
    })

    test('attack: a token used twice fetches nothing the second time, at once or later', async (t) => {
      const gate = await startEnrolment(t, open)
      const { secret } = await gate.token()
      const keys = Array.from({ length: 8 }, newKey)
      const answers = await Promise.all(keys.map((key) => gate.enrol(secret, request(key))))
      assert.deepEqual(
        answers.map(({ status }) => status).toSorted((a, b) => a - b),
        [200, 401, 401, 401, 401, 401, 401, 401],
      )
      const later = await gate.enrol(secret, request(newKey()))
      assert.equal(later.status, 401)
      assert.match(later.text, /^Enrolment token over\n\nThis enrolment token has been used as often as it may\./)
      const { json } = await gate.api('GET', '/certificates?profile=device')
      assert.equal((json['items'] as unknown[]).length, 1)
    })

    test('the same key asked for again is answered with the same certificate, and takes no use', async (t) => {
      const gate = await startEnrolment(t, open)
      const { secret } = await gate.token()
      const key = newKey()
      const [first, second] = [await gate.enrol(secret, request(key)), await gate.enrol(secret, request(key))]
      assert.equal(leafIn(first.text, key).serialNumber, leafIn(second.text, key).serialNumber)
    })

    if (dialect === 'sqlite') {
      test('whether a key was served before is found by the key, however often the token was used', async (t) => {
        const { kernel } = await startEnrolment(t, open)
        const plans = await plansOf(kernel.database, (db) => findEnrolledKey(db, 'ent_1', 'ab'))
        assert.match(plans[0] ?? '', /^SEARCH c USING INDEX pki_certificates_key_digest \(key_digest=\?\)$/)
        assert.ok(
          plans.slice(1).every((plan) => /certificate_id=\?|SCALAR SUBQUERY|ORDER BY/.test(plan)),
          plans.join('; '),
        )
      })
    }

    test('a token of several uses counts them, and stays with its device', async (t) => {
      const gate = await startEnrolment(t, open)
      const { secret, id } = await gate.token({ uses: 2 })
      for (const status of [200, 200, 401]) assert.equal((await gate.enrol(secret, request(newKey()))).status, status)
      const { json } = await gate.api('GET', `/enrolment-tokens/${id}`)
      assert.match((json['holder'] as { id: string }).id, /^dev_/)
      assert.equal((json['certificates'] as unknown[]).length, 2)
    })

    test('a token that ended or was revoked opens nothing', async (t) => {
      const gate = await startEnrolment(t, open)
      const revoked = await gate.token({ device: 'pump-8' })
      assert.equal((await gate.api('DELETE', `/enrolment-tokens/${revoked.id}`)).status, 204)
      assert.match((await gate.enrol(revoked.secret, request(newKey()))).text, /was revoked/)
      const { secret } = await gate.token()
      gate.clock.advance(day)
      assert.match((await gate.enrol(secret, request(newKey()))).text, /has ended/)
    })

    test('its maker is asked again at use: disabled, or without the permission, they have nothing issued', async (t) => {
      const gate = await startEnrolment(t, open)
      await gate.addPerson('acc_ada', ['enrolment-tokens:*', 'certificate-profiles:issue:device'])
      const first = await gate.token({}, 'acc_ada')
      const second = await gate.token({ device: 'pump-8' }, 'acc_ada')
      assert.equal((await gate.enrol(first.secret, request(newKey()))).status, 200)
      await gate.access.setPrincipalState(gate.context, 'acc_ada', 'disabled')
      const refused = await gate.enrol(second.secret, request(newKey()))
      assert.equal(refused.status, 403)
      assert.match(refused.text, /whoever made it may not/)
      await gate.access.setPrincipalState(gate.context, 'acc_ada', 'active')
      assert.equal((await gate.enrol(second.secret, request(newKey()))).status, 200)
    })

    test('attack: whoever may not issue a profile makes no token for it, nor for whom they could not become', async (t) => {
      const gate = await startEnrolment(t, open)
      await gate.addPerson('acc_bob', ['enrolment-tokens:*', 'certificate-profiles:issue:device'])
      const body = { label: 'x', profile: 'service', service: 'billing' }
      assert.equal((await gate.api('POST', '/enrolment-tokens', body, 'acc_bob')).status, 403)
      const { secret } = await gate.token({ device: 'robot' })
      assert.equal((await gate.enrol(secret, request(newKey()))).status, 200)
      const { json } = await gate.api('GET', '/certificates?profile=device')
      const [robot] = json['items'] as { holderId: string }[]
      await gate.access.assignRole(gate.context, robot?.holderId ?? '', 'administrator')
      const forRobot = { label: 'x', profile: 'device', device: 'robot' }
      const refused = await gate.api('POST', '/enrolment-tokens', forRobot, 'acc_bob')
      assert.equal(refused.json['code'], 'access.outranked')
    })

    test('a token tied to networks works from there alone', async (t) => {
      const gate = await startEnrolment(t, open)
      const { secret } = await gate.token({ networks: ['10.0.0.0/8'] })
      const outside = await gate.enrol(secret, request(newKey()), { address: '192.0.2.9' })
      assert.equal(outside.status, 403)
      assert.match(outside.text, /may not be used from this address/)
      assert.equal((await gate.enrol(secret, request(newKey()), { address: '10.1.2.3' })).status, 200)
    })

    test('attack: a token made with a narrow credential is no wider than that', async (t) => {
      const networks = { allow: ['192.0.2.0/24'], deny: [] }
      const gate = await startEnrolment(t, open, { credential: { networks } })
      await gate.addPerson('acc_ada', ['enrolment-tokens:*', 'certificate-profiles:issue:device'])
      const { secret } = await gate.token({}, 'acc_ada')
      const refused = await gate.enrol(secret, request(newKey()), { address: '198.51.100.7' })
      assert.equal(refused.status, 403)
      assert.match(refused.text, /what it was made with may not be used from this address/)
      const key = newKey()
      assert.equal((await gate.enrol(secret, request(key), { address: '192.0.2.77' })).status, 200)
      const { json } = await gate.api('GET', '/certificates?profile=device')
      const [certificate] = json['items'] as { limits: { networks: unknown } }[]
      assert.deepEqual(certificate?.limits.networks, networks, 'nor is what it fetched')
    })

    test('a token ends with the credential it was made with; what it fetched does not', async (t) => {
      const gate = await startEnrolment(t, open, { credential: { expiresAt: fakeClock().now() + 3_600_000 } })
      await gate.addPerson('acc_ada', ['enrolment-tokens:*', 'certificate-profiles:issue:device'])
      const { secret, id } = await gate.token({ uses: 2 }, 'acc_ada')
      const { json } = await gate.api('GET', `/enrolment-tokens/${id}`)
      assert.equal(Date.parse(String(json['endsAt'])), gate.clock.now() + 3_600_000)
      const key = newKey()
      const certificate = leafIn((await gate.enrol(secret, request(key))).text, key)
      assert.ok(certificate.validToDate.getTime() > gate.clock.now() + 300 * day)
      gate.clock.advance(3_600_000)
      assert.match((await gate.enrol(secret, request(newKey()))).text, /has ended/)
    })

    test('networks that are none are refused, not kept and never fitting', async (t) => {
      const gate = await startEnrolment(t, open)
      for (const network of ['10.0.0.1/8', '300.0.0.0/8', 'office', '@']) {
        const body = { label: 'x', profile: 'device', device: 'pump-7', networks: [network] }
        assert.equal((await gate.api('POST', '/enrolment-tokens', body)).status, 400, network)
      }
    })

    test('wrong tokens are journalled, and slow their network down', async (t) => {
      const gate = await startEnrolment(t, open)
      const { secret } = await gate.token()
      const statuses: number[] = []
      // or one of the attempts may be right
      const other = secret[12] === 'a' ? 'b' : 'a'
      for (let attempt = 0; attempt < 32; attempt += 1) {
        const wrong = `${secret.slice(0, 10)}${String(attempt).padStart(2, '0')}${other}${secret.slice(13)}`
        statuses.push((await gate.enrol(wrong, request(newKey()))).status)
      }
      assert.deepEqual(new Set(statuses.slice(0, 30)), new Set([401]))
      assert.equal(statuses[31], 429)
      assert.equal((await gate.enrol(secret, request(newKey()))).status, 429, 'nothing is looked at meanwhile')
      assert.equal((await gate.enrol(secret, request(newKey()), { address: '198.51.100.7' })).status, 200)
      const refused = (await gate.journal()).filter(({ outcome }) => outcome === 'refused')
      assert.ok(refused.length >= 2 && refused.length <= 6, `${refused.length} records of 33 refusals`)
      assert.doesNotMatch(JSON.stringify(refused), new RegExp(secret.slice(4, 20)))
    })
  })
})

describe('what a request asks for over EST', () => {
  eachDialect((_, open) => {
    const asks = (extensions: Parameters<typeof request>[1]) => async (t: Parameters<typeof startEnrolment>[0]) => {
      const gate = await startEnrolment(t, open)
      const { secret, id } = await gate.token()
      const refused = await gate.enrol(secret, request(newKey(), extensions))
      assert.equal(refused.status, 422, refused.text)
      assert.equal(refused.headers['content-type'], 'text/plain; charset=utf-8')
      assert.match(refused.text, /Nothing was issued/)
      const { json } = await gate.api('GET', `/enrolment-tokens/${id}`)
      assert.equal(json['usesLeft'], 1, 'a refusal takes no use')
      assert.equal((await gate.journal()).at(-1)?.outcome, 'refused')
    }
    test('attack: another common name is refused', asks({ subject: [['commonName', 'pump-8']] }))
    test('attack: a common name with a NUL is refused', asks({ subject: [['commonName', 'pump-7\0.example']] }))
    test(
      'attack: a host name is refused',
      asks({ extensions: [subjectAlternativeName([{ kind: 'dns', text: 'gatehouse.localhost' }], false)] }),
    )
    test(
      'attack: another SPIFFE name is refused',
      asks({
        extensions: [
          subjectAlternativeName([{ kind: 'uri', text: 'spiffe://gatehouse.localhost/device/pump-8' }], false),
        ],
      }),
    )
    test('its own name is no more than it gets', async (t) => {
      const gate = await startEnrolment(t, open)
      const { secret } = await gate.token()
      const asked = request(newKey(), { subject: [['commonName', 'pump-7']], extensions: [endEntityConstraints()] })
      assert.equal((await gate.enrol(secret, asked)).status, 200)
    })

    test('attack PKI: strangers learn from csrattrs of no profile; a token is told what its own takes', async (t) => {
      const house = await startEnrolment(t, open)
      const narrow = { name: 'pumps', kind: 'device', title: 'Pumps', days: 30, keys: ['Ed25519'] }
      assert.equal((await house.api('POST', '/certificate-profiles', narrow)).status, 201)
      const ask = (label: string, secret?: string) =>
        house.call({
          method: 'GET',
          path: `/.well-known/est/${label}csrattrs`,
          headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
        })
      const any = await ask('')
      assert.equal(any.status, 200)
      for (const label of ['pumps/', 'device/', 'nothing/']) {
        const told = await ask(label)
        assert.deepEqual([told.status, told.text], [200, any.text], label)
      }
      const { secret } = await house.token({ profile: 'pumps' })
      const own = await ask('', secret)
      assert.equal(own.status, 200)
      assert.notEqual(own.text, any.text)
      assert.equal((await ask('pumps/', secret)).text, own.text)
      assert.equal((await ask('device/', secret)).status, 403)
      assert.equal((await ask('pumps/', 'gen_wrong')).status, 401)
      // asking is no use of it
      assert.equal((await ask('', secret)).status, 200)
    })
  })
})
