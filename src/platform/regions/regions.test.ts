import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { GateError } from '../errors.ts'
import { memoryLog } from '../testing/log.ts'
import { databaseFile } from '../testing/regions.ts'
import { openRegions } from './regions.ts'

const log = memoryLog()

function written(bytes: Uint8Array): string {
  const file = join(mkdtempSync(join(tmpdir(), 'gatehouse-regions-')), 'own.mmdb')
  writeFileSync(file, bytes)
  return file
}

describe('the database that comes with Gatehouse', () => {
  const regions = openRegions(undefined, log)

  test('knows the country of public addresses, IPv4 and IPv6', () => {
    assert.equal(regions.regionOf('5.9.0.1'), 'DE')
    assert.equal(regions.regionOf('8.8.8.8'), 'US')
    assert.equal(regions.regionOf('2a01:4f8::1'), 'DE')
    // the second answer is from memory
    assert.equal(regions.regionOf('5.9.0.1'), 'DE')
  })

  test('puts no private, loopback or special address in a country, though the database does', () => {
    const shipped = createRequire(import.meta.url).resolve(
      '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb',
    )
    assert.ok(readFileSync(shipped).length > 1_000_000)
    for (const address of ['127.0.0.1', '::1', '10.0.0.1', '192.168.1.1', '100.64.0.1', 'fe80::1', 'fd00::1']) {
      assert.equal(regions.regionOf(address), undefined, address)
    }
    for (const address of ['2001:db8::1', '2002:808:808::1', '224.0.0.1', '0.0.0.0', '255.255.255.255']) {
      assert.equal(regions.regionOf(address), undefined, address)
    }
  })

  test('knows nothing of what is no address', () => {
    for (const text of [
      undefined,
      '',
      'nobody',
      '8.8.8.8:443',
      '[2a01:4f8::1]',
      '8.8.8',
      '008.8.8.8',
      'fe80::1%eth0',
    ]) {
      assert.equal(regions.regionOf(text), undefined, text)
    }
  })
})

describe('an own database', () => {
  test('answers in place of the shipped one, in each way such files name a country', () => {
    const file = written(
      databaseFile(4, [
        ['8.0.0.0/8', { country_code: 'NZ' }],
        ['9.0.0.0/8', { country: { iso_code: 'CH' } }],
        ['11.0.0.0/8', { country: 'AT' }],
        ['12.0.0.0/8', { country_code: 'nz' }],
        ['13.0.0.0/8', { country_code: 'EU' }],
        ['14.0.0.0/8', { continent: 'EU' }],
        ['10.0.0.0/8', { country_code: 'NZ' }],
      ]),
    )
    const regions = openRegions(file, log)
    const of = (address: string) => regions.regionOf(address)
    assert.deepEqual(
      ['8.8.8.8', '9.9.9.9', '11.1.1.1', '12.1.1.1', '13.1.1.1', '14.1.1.1', '15.1.1.1', '10.1.1.1'].map(of),
      ['NZ', 'CH', 'AT', undefined, undefined, undefined, undefined, undefined],
    )
    // a file of IPv4 alone knows no IPv6: 0808::/16 is no 8.8.0.0/16
    assert.equal(of('2a01:4f8::1'), undefined)
  })

  test('one that is missing or cannot be read stops the start with its name', () => {
    const whole = databaseFile(4, [['8.0.0.0/8', { country_code: 'NZ' }]])
    const itself = `${written(whole)}.link`
    symlinkSync(itself, itself)
    const files = [
      '/nowhere/own.mmdb',
      itself,
      written(Buffer.from('a text')),
      written(new Uint8Array()),
      written(whole.slice(40)),
    ]
    for (const file of files) {
      assert.throws(
        () => openRegions(file, log),
        (error) =>
          error instanceof GateError &&
          error.code === 'platform.region-database-unreadable' &&
          error.message.includes(file),
      )
    }
  })

  test('one that takes its place answers from then on; one that cannot be read changes nothing and is logged once', () => {
    const before = databaseFile(4, [['8.0.0.0/8', { country_code: 'NZ' }]])
    const after = databaseFile(4, [['8.0.0.0/8', { country_code: 'CH' }]])
    const file = written(before)
    const own = memoryLog()
    const regions = openRegions(file, own)
    const replace = (bytes: Uint8Array): void => {
      writeFileSync(`${file}.new`, bytes)
      renameSync(`${file}.new`, file)
      regions.look()
    }
    const found = () => [regions.regionOf('8.8.8.8'), regions.version]
    assert.deepEqual(found(), ['NZ', 0])
    regions.look()
    assert.deepEqual(found(), ['NZ', 0], 'nothing was read again')
    replace(after.slice(0, 60))
    regions.look()
    assert.deepEqual(found(), ['NZ', 0])
    assert.equal(own.entries.filter(({ level }) => level === 'error').length, 1)
    rmSync(file)
    regions.look()
    symlinkSync(file, file)
    regions.look()
    assert.deepEqual(found(), ['NZ', 0])
    replace(after)
    assert.deepEqual(found(), ['CH', 1], 'not from memory')
    writeFileSync(file, databaseFile(4, [['8.0.0.0/8', { country_code: 'ATX' }]]))
    regions.look()
    assert.deepEqual(found(), [undefined, 2], 'written in place')
  })

  test('the file is looked at by itself while it is watched', async (t) => {
    const file = written(databaseFile(4, [['8.0.0.0/8', { country_code: 'NZ' }]]))
    const regions = openRegions(file, log)
    regions.watch(5)
    t.after(() => regions.stop())
    writeFileSync(
      file,
      databaseFile(4, [
        ['8.0.0.0/8', { country_code: 'CHE' }],
        ['9.0.0.0/8', { country: 'AT' }],
      ]),
    )
    for (let i = 0; i < 400 && regions.version === 0; i += 1) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.equal(regions.regionOf('9.9.9.9'), 'AT')
  })
})
