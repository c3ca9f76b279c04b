import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countriesIn, countryCodes, countryName, countryNames, isCountry } from './countries.ts'

test('every country of ISO 3166-1, and Kosovo, by its name', () => {
  assert.equal(countryCodes.length, 250)
  assert.deepEqual(countryCodes, [...new Set(countryCodes)].toSorted())
  for (const code of countryCodes) {
    assert.ok(isCountry(code))
    assert.notEqual(countryName(code), code, code)
  }
  assert.equal(countryName('DE'), 'Germany')
  assert.equal(countryName('XK'), 'Kosovo')
})

test('what is no country is none: other cases, regions, names, nothing', () => {
  for (const text of ['de', 'UK', 'EU', 'ZZ', 'D', 'DEU', 'Germany', '', 'constructor']) {
    assert.equal(isCountry(text), false, text)
    assert.equal(countryName(text), text)
  }
})

test('countries as they are typed, by name or code, and what is none among them', () => {
  assert.deepEqual(countriesIn(' austria, CH;\nde,, Atlantis '), [
    { text: 'austria', code: 'AT' },
    { text: 'CH', code: 'CH' },
    { text: 'de', code: 'DE' },
    { text: 'Atlantis', code: undefined },
  ])
  assert.deepEqual(countriesIn(' , '), [])
  assert.deepEqual(
    countriesIn(
      countryNames()
        .filter((name) => !/[,;]/.test(name))
        .join(),
    ).filter(({ code }) => !code),
    [],
  )
  assert.equal(countryNames().length, countryCodes.length)
})
