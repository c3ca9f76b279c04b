import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Actor, type CredentialLimits, noLimits } from '#kit'
import { emptyLimitsForm, type LimitsForm, limitsFormOf, limitsFormShape, readLimits } from './limits-form.ts'
import { limitsInWords, overlapsInWords, placeInWords } from './limits-words.ts'

const now = Date.parse('2026-11-22T12:00:00Z')
const actor: Actor = {
  principal: { kind: 'account', id: 'acc_1', name: 'ada' },
  credential: { id: 'crd_1', kind: 'password', ...noLimits },
}

function read(form: Partial<LimitsForm>, who = actor) {
  return readLimits({ ...emptyLimitsForm(), ...form }, who, now)
}

function faultsOf(form: Partial<LimitsForm>): readonly string[] {
  return (read(form).faults ?? []).map(({ field, message }) => `${field}: ${message}`)
}

describe('a form of limits', () => {
  test('untouched limits nothing, and is what an empty body says', () => {
    assert.deepEqual(read({}).limits, noLimits)
    for (const [name, schema] of Object.entries(limitsFormShape)) {
      assert.deepEqual(schema.parse(undefined), emptyLimitsForm()[name as keyof LimitsForm], name)
    }
  })

  test('“everything I may” is what the actor came with, factors included', () => {
    const credential = { id: 'crd_1', kind: 'token', ...noLimits, permissions: ['routes:*', 'accounts:read'] }
    assert.deepEqual(read({}, { ...actor, credential }).limits?.permissions, ['routes:*', 'accounts:read'])
    const factor = { id: 'crd_2', kind: 'totp', ...noLimits, permissions: ['routes:read'] }
    assert.deepEqual(read({}, { ...actor, credential, factors: [factor] }).limits?.permissions, ['routes:read'])
    assert.deepEqual(read({}, { principal: actor.principal }).limits?.permissions, ['*'])
  })

  test('everything filled in', () => {
    const { limits } = read({
      scope: 'some',
      permissions: ['routes:read'],
      morePermissions: 'accounts:read:acc_1\r\n\r\nroutes:read',
      allow: '10.0.0.0/8, @office\r\n10.0.0.0/8',
      deny: '10.1.0.0/16 2001:db8::1',
      regions: ['DE', 'AT', 'DE'],
      lasts: '30d',
    })
    assert.deepEqual(limits, {
      permissions: ['routes:read', 'accounts:read:acc_1'],
      networks: { allow: ['10.0.0.0/8', '@office'], deny: ['10.1.0.0/16', '2001:db8::1'] },
      regions: ['DE', 'AT'],
      expiresAt: now + 30 * 24 * 60 * 60_000,
    })
    assert.deepEqual(read(limitsFormOf({ ...limits, expiresAt: undefined })).limits, {
      ...limits,
      expiresAt: undefined,
    })
  })

  test('countries by name or code, beside those that are ticked', () => {
    const typed = { regions: ['DE'], country: 'austria, ch,Hong Kong SAR China,, DE ' }
    assert.deepEqual(read(typed).limits?.regions, ['DE', 'AT', 'CH', 'HK'])
    assert.deepEqual(faultsOf({ country: 'Austria, Atlantis' }), ['country: Not a country: Atlantis'])
  })

  test('a date lasts through its day', () => {
    assert.equal(read({ lasts: 'until', until: '2026-11-22' }).limits?.expiresAt, Date.parse('2026-11-23T00:00:00Z'))
    assert.equal(read({ lasts: 'never', until: 'left over' }).limits?.expiresAt, undefined)
    for (const until of ['', '2026-02-30', '22.11.2026', '2026-13-01', '0', 'tomorrow']) {
      assert.deepEqual(faultsOf({ lasts: 'until', until }), ['until: Not a date. Write it as 2026-12-31.'], until)
    }
    assert.deepEqual(faultsOf({ lasts: 'until', until: '2026-11-21' }), ['until: This day is over.'])
  })

  test('faults stand at their fields, all at once', () => {
    assert.deepEqual(
      faultsOf({ allow: '10.0.0.1/8', deny: 'home', regions: ['UK'], scope: 'some', morePermissions: 'a b:c' }),
      [
        'morePermissions: Not a permission: a',
        'allow: 10.0.0.1/8 is an address inside a network. Write 10.0.0.0/8 for the network, or 10.0.0.1 for this one address.',
        'deny: Not a network: home. Write 10.0.0.0/8, 2001:db8::/32 or one address.',
        'regions: Not a country: UK',
      ],
    )
    assert.deepEqual(faultsOf({ scope: 'some' }), [
      'permissions: Tick at least one permission, or choose “everything”.',
    ])
    // what is ticked and “everything” contradict each other: the narrower was meant as likely as the wider
    assert.equal(faultsOf({ scope: 'all', permissions: ['routes:read'] }).length, 1)
    const many = Array.from({ length: 101 }, (_, index) => `10.0.${index}.0/24`).join('\n')
    assert.deepEqual(faultsOf({ allow: many }), ['allow: At most 100 networks.'])
  })
})

describe('limits in words', () => {
  const describePattern = (pattern: string) => `<${pattern}>`

  test('where and until when, in a line', () => {
    const networks = { allow: ['10.0.0.0/8', '@office'], deny: ['10.1.0.0/16'] }
    const limits: CredentialLimits = { permissions: ['*'], networks, regions: ['DE', 'AT', 'CH'], expiresAt: now }
    assert.equal(
      placeInWords(limits),
      'only from 10.0.0.0/8 or @office, not from 10.1.0.0/16, in Germany, Austria or Switzerland, until 2026-11-22 12:00:00 UTC',
    )
    assert.equal(placeInWords(noLimits), 'from anywhere')
  })

  test('what it may, and what both lists say', () => {
    assert.deepEqual(limitsInWords(noLimits, describePattern), [
      'May do everything its owner may.',
      'May be used from anywhere.',
    ])
    const networks = { allow: ['10.0.0.0/8'], deny: ['10.1.0.0/16'] }
    assert.deepEqual(limitsInWords({ ...noLimits, permissions: ['a:b', 'c:d'], networks }, describePattern), [
      'May only: <a:b>; <c:d>.',
      'May be used only from 10.0.0.0/8, not from 10.1.0.0/16.',
      '10.0.0.0/8 is allowed, except 10.1.0.0/16: denied wins.',
    ])
  })

  test('overlapping lists: denied wins, and both ways of it are told', () => {
    assert.deepEqual(overlapsInWords({ allow: ['10.1.0.0/16'], deny: ['10.0.0.0/8', '192.0.2.0/24'] }), [
      '10.1.0.0/16 is allowed and denied. Denied wins: nothing from it is let in.',
    ])
    assert.deepEqual(overlapsInWords({ allow: ['::ffff:10.0.0.0/104'], deny: ['10.0.0.1'] }), [
      '10.0.0.0/8 is allowed, except 10.0.0.1/32: denied wins.',
    ])
    assert.deepEqual(overlapsInWords({ allow: ['10.0.0.0/8', '@office'], deny: ['2001:db8::/32', '@home'] }), [])
  })
})
