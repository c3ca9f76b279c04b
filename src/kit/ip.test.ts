import assert from 'node:assert/strict'
import { BlockList, isIP, isIPv4 } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { addressNetwork, canonicalAddress, inCidrs, networkFault, parseCidr } from './ip.ts'

const v4 = fc.ipV4()
const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
const groups = fc.array(group, { minLength: 8, maxLength: 8 })

/** Every way to write one address: leading zeros, upper case, any zero run compressed, a dotted end. */
function aliases(values: readonly number[]): string[] {
  const plain = values.map((value) => value.toString(16))
  const padded = values.map((value) => value.toString(16).padStart(4, '0').toUpperCase())
  const [high = 0, low = 0] = values.slice(6)
  const dotted = `${plain.slice(0, 6).join(':')}:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  const compressed: string[] = []
  for (let start = 0; start < 8; start++) {
    for (let end = start + 1; end <= 8 && values[end - 1] === 0; end++) {
      compressed.push(`${plain.slice(0, start).join(':')}::${padded.slice(end).join(':')}`)
    }
  }
  return [plain.join(':'), padded.join(':'), dotted, ...compressed]
}

test('attack 12: every alias of one IPv6 address has one canonical form', () => {
  fc.assert(
    fc.property(groups, (values) => {
      const forms = new Set(aliases(values).map((alias) => canonicalAddress(alias)))
      assert.equal(forms.size, 1, [...forms].join(' '))
    }),
  )
})

test('canonical is a fixed point, agrees with WHATWG URL on IPv6, and never changes IPv4', () => {
  fc.assert(
    fc.property(fc.oneof(v4, fc.ipV6()), (text) => {
      const canonical = canonicalAddress(text)
      assert.ok(canonical !== undefined, text)
      assert.equal(canonicalAddress(canonical), canonical)
      if (isIPv4(text)) assert.equal(canonical, text)
      else if (!isIPv4(canonical)) assert.equal(`[${canonical}]`, new URL(`http://[${text}]/`).hostname)
    }),
  )
})

test('attack 12: IPv4-mapped IPv6 is the IPv4 address, however written', () => {
  fc.assert(
    fc.property(v4, (address) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
      const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
      for (const mapped of [`::ffff:${address}`, `::FFFF:${hex}`, `0:0:0:0:0:ffff:${hex}`, `0:0::ffff:${address}`]) {
        assert.equal(canonicalAddress(mapped), address)
      }
    }),
  )
})

test('refuses what is not exactly one address', () => {
  const junk =
    '1.2.3 1.2.3.4.5 01.2.3.4 1.2.3.256 0x7f.0.0.1 127.1 1.2.3.4:80 [::1] fe80::1%eth0 ::: 1::2::3 localhost ' +
    '1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7::8 ::1.2.3 ::1.2.3.4.5 1.2.3.4:: ::1.2.3.4:5 12345:: g:: :1 1: . :'
  const spaced = ['', ' ', '1.2.3.4 ', ' 1.2.3.4', '::1 ', '1.2.3.4\n', '1.2.3.4\0', `::${'0'.repeat(60)}`]
  for (const text of [...junk.split(' '), ...spaced]) {
    assert.equal(canonicalAddress(text), undefined, JSON.stringify(text))
  }
})

test('accepts exactly what node:net accepts, zone ids apart', () => {
  const texty = fc.string({ unit: fc.constantFrom(...Array.from('0123459afF:.::%/ ')), maxLength: 24 })
  fc.assert(
    fc.property(fc.oneof(texty, v4, fc.ipV6()), (text) => {
      assert.equal(canonicalAddress(text) !== undefined, isIP(text) !== 0 && !text.includes('%'), text)
    }),
    { numRuns: 2_000 },
  )
})

test('networks agree with node:net BlockList', () => {
  const network = fc.oneof(
    fc.tuple(v4, fc.integer({ min: 0, max: 32 }), v4, fc.constant('ipv4' as const)),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }), fc.ipV6(), fc.constant('ipv6' as const)),
  )
  fc.assert(
    fc.property(network, fc.boolean(), ([base, prefix, stranger, family], near) => {
      const cidr = networkOf(base, prefix)
      if (cidr === undefined) return
      const address = near ? base : stranger
      if (family === 'ipv6' && isIPv4(canonicalAddress(address) ?? '')) return
      const list = new BlockList()
      list.addSubnet(base, prefix, family)
      assert.equal(inCidrs(address, [cidr]), list.check(address, family), `${address} in ${cidr.text}`)
      if (near) assert.ok(inCidrs(address, [cidr]))
    }),
    { numRuns: 1_000 },
  )
})

/** The CIDR around an address: finds the only host-bit-free text by clearing bits in a BigInt. */
function networkOf(address: string, prefix: number): ReturnType<typeof parseCidr> {
  const canonical = canonicalAddress(address) ?? ''
  if (isIPv4(canonical) !== isIPv4(address)) return undefined
  const width = isIPv4(address) ? 32n : 128n
  const value = isIPv4(address)
    ? canonical.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
    : fullGroups(canonical).reduce((sum, part) => (sum << 16n) | BigInt(part), 0n)
  const kept = (value >> (width - BigInt(prefix))) << (width - BigInt(prefix))
  const step = isIPv4(address) ? 8n : 16n
  const parts = Array.from({ length: Number(width / step) }, (_, index) => {
    const part = (kept >> (width - step * BigInt(index + 1))) & ((1n << step) - 1n)
    return isIPv4(address) ? part.toString() : part.toString(16)
  })
  return parseCidr(`${parts.join(isIPv4(address) ? '.' : ':')}/${prefix}`)
}

function fullGroups(canonical: string): number[] {
  const [head = '', tail = ''] = canonical.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const filler = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return [...left, ...filler, ...right].map((part) => Number.parseInt(part, 16))
}

test('networks: one text each; host bits, junk and over-long prefixes refused', () => {
  const cases: Readonly<Record<string, string | undefined>> = {
    '10.0.0.0/8': '10.0.0.0/8',
    '192.0.2.7': '192.0.2.7/32',
    '192.0.2.7/32': '192.0.2.7/32',
    '0.0.0.0/0': '0.0.0.0/0',
    '2001:DB8:0::/32': '2001:db8::/32',
    '::1': '::1/128',
    '::/0': '::/0',
    '::ffff:10.0.0.0/104': '10.0.0.0/8',
    '::ffff:0:0/96': '0.0.0.0/0',
    '10.0.0.1/8': undefined,
    '2001:db8::1/32': undefined,
    '10.0.0.0/33': undefined,
    '::/129': undefined,
    '10.0.0.0/08': undefined,
    '10.0.0.0/': undefined,
    '10.0.0.0/8/8': undefined,
    '10.0.0.0/+8': undefined,
    '/8': undefined,
    '@office': undefined,
    'fe80::%eth0/64': undefined,
  }
  for (const [text, canonical] of Object.entries(cases)) assert.equal(parseCidr(text)?.text, canonical, text)
})

test('membership: a /32 holds itself only; families do not mix; junk is nowhere', () => {
  const lists = (...texts: string[]) => texts.flatMap((text) => parseCidr(text) ?? [])
  assert.ok(inCidrs('192.0.2.7', lists('192.0.2.7/32')))
  assert.ok(inCidrs('::ffff:192.0.2.7', lists('192.0.2.7/32')))
  assert.ok(!inCidrs('192.0.2.8', lists('192.0.2.7/32')))
  assert.ok(!inCidrs('192.0.2.7', lists('::/0')))
  assert.ok(!inCidrs('2001:db8::1', lists('0.0.0.0/0')))
  assert.ok(inCidrs('2001:db8::1', lists('10.0.0.0/8', '2001:db8::/127')))
  assert.ok(!inCidrs('2001:db8::2', lists('2001:db8::/127')))
  assert.ok(!inCidrs('nonsense', lists('0.0.0.0/0', '::/0')))
  assert.ok(!inCidrs('192.0.2.7', []))
})

test('attack 12: attempts from one /64 count together, neighbours apart', () => {
  assert.equal(addressNetwork('192.0.2.7'), '192.0.2.7/32')
  assert.equal(addressNetwork('::ffff:192.0.2.7'), '192.0.2.7/32')
  assert.equal(addressNetwork('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
  assert.equal(addressNetwork('2001:db8:1:2:ffff::'), '2001:db8:1:2::/64')
  assert.notEqual(addressNetwork('2001:db8:1:3::1'), '2001:db8:1:2::/64')
  assert.throws(() => addressNetwork('localhost'), TypeError)
})

describe('what is wrong with a network', () => {
  test('host bits: both things that may be meant are named', () => {
    const told = (network: string, address: string) =>
      `Write ${network} for the network, or ${address} for this one address.`
    assert.ok(networkFault('10.0.0.1/8')?.endsWith(told('10.0.0.0/8', '10.0.0.1')))
    assert.ok(networkFault('192.0.2.129/25')?.endsWith(told('192.0.2.128/25', '192.0.2.129')))
    assert.ok(networkFault('2001:db8::1/32')?.endsWith(told('2001:db8::/32', '2001:db8::1')))
    assert.ok(networkFault('::ffff:10.0.0.1/104')?.endsWith(told('10.0.0.0/8', '10.0.0.1')))
  })

  test('nothing, where it is one; everything else is no network', () => {
    for (const text of ['10.0.0.0/8', '10.0.0.1', '10.0.0.1/32', '::1', '0.0.0.0/0'])
      assert.equal(networkFault(text), undefined)
    for (const text of [
      '',
      '10.0.0.0/33',
      '10.0.0/8',
      '@office',
      '10.0.0.0/8/8',
      'fe80::1%eth0',
      '010.0.0.0/8',
      '[::1]',
    ]) {
      assert.match(networkFault(text) ?? '', /^Not a network/, text)
    }
  })
})
