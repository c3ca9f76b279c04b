import assert from 'node:assert/strict'
import { test } from 'node:test'
import { format, inspect } from 'node:util'
import { Secret } from './secret.ts'

test('attack 39: a Secret shows itself in no form but the one that is asked for by name', () => {
  const secret = new Secret('planted-horse')
  const holder = { secret, list: [secret], map: new Map([['secret', secret]]) }
  const shown = [
    String(secret),
    `${secret as unknown as string}`,
    JSON.stringify(secret),
    JSON.stringify(holder),
    inspect(holder, { depth: 9, showHidden: true }),
    format('%s %j %o %O', secret, secret, secret, secret),
    JSON.stringify(Object.getOwnPropertyDescriptors(secret)),
  ].join('\n')
  assert.ok(!shown.includes('planted'), shown)
  assert.equal(secret.reveal(), 'planted-horse')
})
