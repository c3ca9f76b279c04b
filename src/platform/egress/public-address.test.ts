import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isPublicAddress } from './public-address.ts'

const inside =
  `0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 169.254.169.254
  172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9
  224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255`.split(/\s+/)
const outside =
  `1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 172.15.255.255
  172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255`.split(/\s+/)

test('attack 24: no address of ours is public, in any of its IPv6 forms', () => {
  for (const address of inside) {
    const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
    const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
    const forms = [
      address,
      `::ffff:${address}`,
      `0:0:0:0:0:ffff:${hex}`,
      `::${address}`,
      `64:ff9b::${address}`,
      `64:ff9b::${hex}`,
      `64:ff9b:1::${hex}`,
      `2002:${hex}::1`,
      `2001:0:${hex}:0:0:${hex}`,
    ]
    for (const form of forms) assert.ok(!isPublicAddress(form), form)
  }
})

test('attack 24: no special IPv6 address is public', () => {
  const special = `:: ::1 fe80::1 febf::1 fc00::1 fd00::1 ff02::1 ff0e::1 fec0::1 100::1 2001::1 2001:10::1 2001:20::1
    2001:db8::1 2002::1 2002:808:808::1 3fff::1 5f00::1 4000::1 64:ff9b:1::8.8.8.8 ::8.8.8.8 fe80::1%eth0 junk`
  for (const address of special.split(/\s+/)) assert.ok(!isPublicAddress(address), address)
})

test('public addresses are public, neighbours of special ranges included', () => {
  const v6 = '2606:4700:4700::1111 2a00:1450:4001:800::200e 2001:4860:4860::8888 2003::1 64:ff9b::8.8.8.8'
  for (const address of [...outside, ...v6.split(' '), '::ffff:8.8.8.8']) assert.ok(isPublicAddress(address), address)
})

test('an IPv4 address and its mapped form are judged alike', () => {
  fc.assert(fc.property(fc.ipV4(), (address) => isPublicAddress(address) === isPublicAddress(`::ffff:${address}`)))
})
