import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  allWithin,
  anyCovers,
  covers,
  encodeSegment,
  isSubset,
  isWithin,
  type Permission,
  type PermissionPattern,
  parsePattern,
  parsePermission,
  permissionText,
} from './permission.ts'

function pattern(text: string): PermissionPattern {
  return parsePattern(text) ?? assert.fail(`not a pattern: ${text}`)
}

function permission(text: string): Permission {
  return parsePermission(text) ?? assert.fail(`not a permission: ${text}`)
}

test('what a pattern covers, case by case', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['*', 'accounts:read', true],
    ['*', 'accounts:read:acc_1', true],
    ['scans:*', 'scans:read', true],
    ['scans:*', 'scans:delete:s1/x', true],
    ['scans:*', 'scan:read', false],
    ['scans:*:s1', 'scans:delete:s1', true],
    ['scans:*:s1', 'scans:delete', false],
    ['accounts:read', 'accounts:read', true],
    ['accounts:read', 'accounts:read:acc_1', true],
    ['accounts:read', 'accounts:update:acc_1', false],
    ['accounts:read:*', 'accounts:read', false],
    ['accounts:read:*', 'accounts:read:acc_1', true],
    ['accounts:read:*', 'accounts:read:acc_1/x', false],
    ['accounts:read:acc_1', 'accounts:read', false],
    ['devices:control:wm-42', 'devices:control:wm-42', true],
    ['devices:control:wm-42', 'devices:control:wm-421', false],
    ['secrets:read:apps/blog/**', 'secrets:read:apps/blog', false],
    ['secrets:read:apps/blog/**', 'secrets:read:apps/blog/db', true],
    ['secrets:read:apps/blog/**', 'secrets:read:apps/blog/db/password', true],
    ['secrets:read:apps/blog/**', 'secrets:read:apps/blogs/db', false],
    ['secrets:read:apps/*/db', 'secrets:read:apps/blog/db', true],
    ['secrets:read:apps/*/db', 'secrets:read:apps/a/b/db', false],
    ['secrets:read:apps/..', 'secrets:read:apps', false],
    ['secrets:read:%2A', 'secrets:read:x', false],
  ]
  for (const [held, asked, expected] of cases) {
    assert.equal(covers(pattern(held), permission(asked)), expected, `${held} / ${asked}`)
    assert.equal(anyCovers([held], asked), expected, `list: ${held} / ${asked}`)
  }
})

test('malformed texts are neither pattern nor permission and cover nothing', () => {
  const hostile = [
    '',
    ':',
    '::',
    'accounts',
    'accounts:',
    ':read',
    '*:read',
    '**',
    '*:*',
    'accounts:**',
    'accounts:re*',
    'acc*:read',
    'accounts:read:',
    'accounts:read:/',
    'accounts:read:a/',
    'accounts:read:/a',
    'accounts:read:a//b',
    'accounts:read:a:b',
    'accounts:read:a:',
    'accounts:read:a*',
    'accounts:read:**/a',
    'accounts:read:a/**/b',
    'accounts:read:***',
    'accounts:read:a b',
    'accounts:read:a\n',
    'accounts:read\n',
    ' accounts:read',
    'accounts:read ',
    'Accounts:read',
    'accounts:Read',
    'accounts:read:%',
    'accounts:read:%6',
    'accounts:read:%61', // an alias of `a`
    'accounts:read:%2f', // lower-case hex: an alias of %2F
    'accounts:read:%FF', // not UTF-8
    'accounts:read:%C0%AF', // overlong
    'accounts:read:é',
    'accounts:read:\u0000',
    'accounts--x:read',
    '-accounts:read',
    'accounts_x:read',
    `accounts:read:${'a'.repeat(600)}`,
    `accounts:read:${Array(33).fill('a').join('/')}`,
    'constructor',
    '__proto__:read',
  ]
  for (const text of hostile) {
    assert.equal(parsePattern(text), undefined, `pattern ${JSON.stringify(text)}`)
    assert.equal(parsePermission(text), undefined, `permission ${JSON.stringify(text)}`)
    assert.equal(anyCovers(['*'], text), false, `covered ${JSON.stringify(text)}`)
    assert.equal(anyCovers([text], 'accounts:read:a'), false)
    assert.equal(allWithin([text], ['*']), false)
    assert.equal(allWithin(['accounts:read'], [text]), false)
  }
  for (const text of ['*', 'a:*', 'a:b:*', 'a:b:c/**', 'a:*:c']) {
    assert.notEqual(parsePattern(text), undefined)
    assert.equal(parsePermission(text), undefined, `${text} is a pattern, not a question`)
  }
})

test('an empty list holds nothing and is within everything', () => {
  assert.equal(anyCovers([], 'accounts:read'), false)
  assert.equal(allWithin([], []), true)
  assert.equal(allWithin(['accounts:read'], []), false)
})

test('several outer patterns together contain what none does alone', () => {
  assert.equal(allWithin(['a:b:**'], ['a:b:*', 'a:b:*/**']), true)
  assert.equal(allWithin(['a:b:**'], ['a:b:*', 'a:b:*/*', 'a:b:*/*/**']), true)
  assert.equal(allWithin(['a:b:**'], ['a:b:*', 'a:b:*/*/**']), false)
  assert.equal(allWithin(['a:b'], ['a:b:*', 'a:b:*/**']), false, 'the question without id is missing')
})

// Enumeration: patterns use types a and b, actions x and y, segments p and q; permissions also z, z and r, which no pattern names, so
// that a wildcard is never equal to the list of its instances.
const patternId = fc
  .tuple(fc.array(fc.constantFrom('p', 'q', '*'), { maxLength: 3 }), fc.constantFrom('', 'p', '*', '**'))
  .map(([stem, last]) => (last === '' ? stem : [...stem, last]))
  .filter((id) => id.length > 0)
const patternArbitrary = fc.oneof(
  { weight: 1, arbitrary: fc.constant(pattern('*')) },
  {
    weight: 20,
    arbitrary: fc.record(
      {
        type: fc.constantFrom('a', 'b'),
        action: fc.constantFrom('x', 'y', '*'),
        id: fc.option(patternId, { nil: undefined }),
      },
      { noNullPrototype: true },
    ),
  },
)

const universe: readonly Permission[] = ['a', 'b', 'z'].flatMap((type) =>
  ['x', 'y', 'z'].flatMap((action) => [undefined, ...ids(5)].map((id) => ({ type, action, id }))),
)

function ids(longest: number): readonly (readonly string[])[] {
  const longer = longest === 1 ? [] : ids(longest - 1).flatMap((id) => ['p', 'q', 'r'].map((part) => [part, ...id]))
  return [...['p', 'q', 'r'].map((part) => [part]), ...longer]
}

/** What the documentation says, written as a regular expression instead of a comparison of lists. */
function referenceCovers(held: PermissionPattern, asked: Permission): boolean {
  const text = permissionText(asked)
  if (held.type === '*') return true
  const head = `${held.type}:${held.action === '*' ? '[^:]+' : held.action}`
  if (held.id === undefined) return new RegExp(`^${head}(:.*)?$`).test(text)
  const tail = held.id.map((part) => (part === '**' ? '.+' : part === '*' ? '[^/:]+' : part)).join('/')
  return new RegExp(`^${head}:${tail}$`).test(text)
}

test('property: covers agrees with its reference', () => {
  fc.assert(
    fc.property(patternArbitrary, (held) => {
      for (const asked of universe)
        assert.equal(covers(held, asked), referenceCovers(held, asked), permissionText(asked))
    }),
    { numRuns: 150 },
  )
})

test('property: subset is sound and complete against enumeration', () => {
  fc.assert(
    fc.property(patternArbitrary, patternArbitrary, (inner, outer) => {
      const enumerated = universe.every((asked) => !covers(inner, asked) || covers(outer, asked))
      assert.equal(isSubset(inner, outer), enumerated, `${permissionText(inner)} in ${permissionText(outer)}`)
    }),
    { numRuns: 1_500 },
  )
})

test('property: list subset is sound and complete against enumeration', () => {
  fc.assert(
    fc.property(patternArbitrary, fc.array(patternArbitrary, { maxLength: 6 }), (inner, outers) => {
      const enumerated = universe.every(
        (asked) => !covers(inner, asked) || outers.some((outer) => covers(outer, asked)),
      )
      const expected = `${permissionText(inner)} in ${outers.map(permissionText).join(' ')}`
      assert.equal(isWithin(inner, outers), enumerated, expected)
      assert.equal(allWithin([permissionText(inner)], outers.map(permissionText)), enumerated, expected)
    }),
    { numRuns: 1_500 },
  )
})

test('property: subset is reflexive and transitive', () => {
  fc.assert(
    fc.property(patternArbitrary, patternArbitrary, patternArbitrary, (a, b, c) => {
      assert.ok(isSubset(a, a))
      if (isSubset(a, b) && isSubset(b, c)) assert.ok(isSubset(a, c))
    }),
    { numRuns: 2_000 },
  )
})

test('property: text and parsed form are one to one', () => {
  fc.assert(
    fc.property(patternArbitrary, (parsed) => {
      assert.deepEqual(parsePattern(permissionText(parsed)), parsed)
    }),
  )
})

test('property: any non-empty text is one segment, and no two texts are the same one', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(text, text, (one, other) => {
      const asked = permission(`a:x:${encodeSegment(one)}`)
      assert.equal(asked.id?.length, 1)
      assert.equal(decodeURIComponent(asked.id[0] ?? ''), one)
      assert.equal(covers(pattern(`a:x:${encodeSegment(other)}`), asked), one === other)
    }),
  )
})

test('property: arbitrary text never throws, and what parses prints as it came', () => {
  const mark = fc.constantFrom(':', '/', '*', '**', '%', '%2F', 'a', 'read', '-', '.', ' ', '\n', '\u202e', '%61')
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(mark, { maxLength: 12 }).map((parts) => parts.join('')),
      ),
      (text) => {
        const parsed = parsePattern(text)
        if (parsed !== undefined) assert.equal(permissionText(parsed), text)
        const asked = parsePermission(text)
        if (asked !== undefined) assert.equal(permissionText(asked), text)
      },
    ),
    { numRuns: 5_000 },
  )
})

test('the bounds: the longest permission and the deepest id parse', () => {
  assert.notEqual(parsePermission(`a:b:${'x'.repeat(508)}`), undefined)
  assert.equal(parsePermission(`a:b:${'x'.repeat(509)}`), undefined)
  assert.notEqual(parsePermission(`a:b:${Array(32).fill('x').join('/')}`), undefined)
  assert.throws(() => encodeSegment(''), TypeError)
})
