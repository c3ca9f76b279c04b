import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readErrorTables } from './structure/error-tables.ts'
import { findHygieneViolations, findReadmeViolations } from './structure/hygiene.ts'
import { describeViolations, isForTests, readFiles, roomOf } from './structure/sources.ts'
import { tokensOf } from './structure/tokens.ts'

test('sources are of a size and shape that can be read', () => {
  const files = readFiles('{src,test,bench,build,demo}/**/*.ts')
  assert.ok(files.size > 0, 'sources are read')
  const violations = findHygieneViolations(files)
  assert.equal(violations.length, 0, describeViolations(violations))
})

test('every room and every part of the platform has a README that says what holds there', () => {
  const violations = findReadmeViolations(new Map([...readFiles('src/**/*.ts'), ...readFiles('src/**/README.md')]))
  assert.equal(violations.length, 0, describeViolations(violations))
})

test('every error code belongs to its room, is told once, and is thrown somewhere', async () => {
  const rows = await readErrorTables()
  assert.ok(rows.length > 0, 'tables are read')
  const used = new Set<string>()
  for (const [path, text] of readFiles('src/**/*.ts')) {
    if (isForTests(path) || /(?:^|[/-])errors\.ts$/.test(path)) continue
    for (const token of tokensOf(text)) if (token.kind === 'string') used.add(token.text)
  }
  const faults: string[] = []
  const seen = new Map<string, string>()
  for (const { code, file, status, title, detail } of rows) {
    const room = roomOf(file) ?? ''
    if (!new RegExp(`^${room}\\.[a-z][a-z0-9]*(?:-[a-z0-9]+)*$`).test(code))
      faults.push(`${code}: not named ${room}.kebab-case`)
    if (seen.has(code)) faults.push(`${code}: in ${seen.get(code)} and in ${file}`)
    seen.set(code, file)
    if (status < 400 || status > 599) faults.push(`${code}: status ${status} is no failure`)
    if (title.length > 60 || title.endsWith('.')) faults.push(`${code}: a title is a few words, without a full stop`)
    if (!/[.}]$/.test(detail)) faults.push(`${code}: a detail is whole sentences`)
    if (!used.has(code)) faults.push(`${code}: nothing throws it`)
  }
  assert.equal(faults.join('\n'), '')
})

describe('a planted fault is found:', () => {
  const unfinished = ['TO', 'DO'].join('')
  const planted: readonly (readonly [name: string, path: string, source: string, message: RegExp])[] = [
    ['a vague name', 'src/access/utils.ts', 'const a = 1\n', /named after/],
    ['a vague ending', 'src/access/role-service.ts', 'const a = 1\n', /named after/],
    ['a long source', 'src/access/roles.ts', 'a\n'.repeat(501), /split/],
    ['a long face', 'src/access/index.ts', 'a\n'.repeat(61), /face of 61/],
    ['a star', 'src/access/index.ts', "export * from './roles.ts'", /no star/],
    ['a type star', 'src/access/index.ts', "export * as roles from './roles.ts'", /no star/],
    ['unfinished work', 'src/access/roles.ts', `// ${unfinished}: later`, /finish it/],
    [
      'an unexplained suppression',
      'src/access/roles.ts',
      `// biome-${'ignore'} lint/suspicious/noExplicitAny:`,
      /says why/,
    ],
    ['an unexplained oxlint suppression', 'src/a/b.ts', `// oxlint-${'disable'}-next-line no-x`, /says why/],
    ['a silenced checker', 'src/access/roles.ts', `// @ts-${'ignore'}`, /silenced/],
    ['a lonely test', 'src/access/roles.test.ts', `test.${'only'}('x', () => {})`, /hides/],
  ]
  for (const [name, path, source, message] of planted) {
    test(name, () => {
      const violations = findHygieneViolations(new Map([[path, source]]))
      assert.equal(violations.length, 1, `found: ${describeViolations(violations)}`)
      assert.match(violations[0]?.message ?? '', message)
    })
  }

  test('a room without README', () => {
    const violations = findReadmeViolations(new Map([['src/access/index.ts', '']]))
    assert.deepEqual(
      violations.map(({ place }) => place),
      ['src/access/README.md'],
    )
  })

  test('a part of the platform without README', () => {
    const violations = findReadmeViolations(new Map([['src/platform/db/sqlite.ts', '']]))
    assert.deepEqual(
      violations.map(({ place }) => place),
      ['src/platform/db/README.md'],
    )
  })

  test('a README of a room with tables that says nothing of threats', () => {
    const text = 'Owns roles. Invariants: none. Tables, permissions and events.'
    const files = new Map([
      ['src/access/store.ts', ''],
      ['src/access/README.md', text],
    ])
    assert.match(describeViolations(findReadmeViolations(files)), /nothing about "threat"/)
  })
})

describe('what is right is left alone:', () => {
  const right: readonly (readonly [name: string, path: string, source: string])[] = [
    ['500 lines', 'src/access/roles.ts', 'a\n'.repeat(500)],
    ['the platform’s face', 'src/platform/index.ts', "export { a } from './a.ts'\n".repeat(61)],
    ['a suppression with its reason', 'src/a/b.ts', `// biome-${'ignore'} lint/x/y: the contract holds rooms erased`],
  ]
  for (const [name, path, source] of right) {
    test(name, () => assert.equal(describeViolations(findHygieneViolations(new Map([[path, source]]))), ''))
  }
})
