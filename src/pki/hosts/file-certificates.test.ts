import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccessFace } from '#access'
import type { CertificateOutcome, Ctx } from '#platform'
import { pendingFiles } from './file-certificates.ts'

const day = 86_400_000
const files = { certificate: '/etc/live.pem', key: '/etc/live.key' }
const facts = { names: ['gate.example.org'], fingerprint: '', warnings: [], notBefore: 0, notAfter: 90 * day }

async function told(outcome: Partial<CertificateOutcome>, atDay: number, allowed = true): Promise<readonly string[]> {
  const whole: CertificateOutcome = { files, state: 'loaded', faults: [], served: facts, ...outcome }
  const access = { decide: () => ({ allowed }) } as unknown as AccessFace
  const ctx = { now: atDay * day, actor: {} } as Ctx
  return (await pendingFiles(ctx, access, [whole])).map(({ title, text }) => `${title}: ${text}`)
}

test('the overview tells of certificates of files that end soon, have ended or cannot be read, to those who may see them', async () => {
  assert.deepEqual(await told({}, 60), [])
  const [soon] = await told({}, 80)
  assert.match(
    soon ?? '',
    /^The certificate for gate\.example\.org ends on 1970-04-01: It is read from \/etc\/live\.pem/,
  )
  assert.match((await told({}, 91))[0] ?? '', /ended on 1970-04-01/)
  assert.deepEqual(await told({}, 80, false), [])
  const faults = [{ file: 'key', message: 'holds no private key in PEM' }] as const
  const [kept] = await told({ state: 'kept', faults }, 60)
  assert.match(kept ?? '', /\/etc\/live\.key holds no private key in PEM\. What was read before is served on\./)
  assert.match((await told({ state: 'refused', faults, served: undefined }, 60))[0] ?? '', /Nothing is served/)
})
