import { createHmac } from 'node:crypto'
import { type Actor, anonymous } from '#kit'
import type { Keyring } from '../keyring/keyring.ts'
import type { Refusal, Use } from './audit.ts'

/** What tests of the spool write, and the key they share with processes of their own. */
export const fakeKeyring: Pick<Keyring, 'mac'> = keyringOf('the key of one installation')

export function keyringOf(key: string): Pick<Keyring, 'mac'> {
  return { mac: (purpose, data) => createHmac('sha256', `${key} ${purpose}`).update(data).digest() }
}

const mara: Actor = {
  principal: { kind: 'account', id: 'acc_mara', name: 'mara' },
  session: { id: 'ses_1', createdAt: 0, provedAt: 0 },
  address: '192.0.2.7',
}

export function refusalOf(host: string): Refusal {
  return {
    actor: anonymous('192.0.2.9'),
    permission: 'routes:use',
    decision: { allowed: false, step: 'policy', code: 'no-role', reason: 'No role allows it.', policies: [] },
    host,
    requestId: 'req_1',
  }
}

export function useOf(id: string): Use {
  return { actor: mara, permission: 'routes:use', resource: { type: 'route', id } }
}
