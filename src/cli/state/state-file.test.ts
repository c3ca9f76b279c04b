import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { maxStateBytes } from '#state/contract'
import { Failure } from '../failure.ts'
import { parseState, readStateFile } from './state-file.ts'

/** The faults of a text, one line each. */
function faultsOf(text: string): readonly string[] {
  try {
    parseState(text, 's.yaml')
  } catch (error) {
    assert.ok(error instanceof Failure, String(error))
    const { faults = [], detail } = error.details
    return faults.length === 0 ? [detail] : faults.map(({ field, message }) => `${field} ${message}`)
  }
  return []
}

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-state-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

test('YAML and JSON give the same, and every part has its place', () => {
  const yaml = 'routes:\n  blog:\n    host: blog.localhost\n    networks:\n      - "@office"\n'
  const file = parseState(yaml, 's.yaml')
  assert.deepEqual(file.state, parseState(JSON.stringify(file.state), 's.json').state)
  assert.equal(file.place('/routes/blog'), 's.yaml:2:3')
  assert.equal(file.place('/routes/blog/host'), 's.yaml:3:5')
  assert.equal(file.place('/routes/blog/networks/0'), 's.yaml:5:9')
  assert.equal(file.place('/routes/blog/upstream'), 's.yaml:2:3', 'the nearest that is there')
  assert.equal(parseState('tokens:\n  a/b~c: {}\n', 's').place('/tokens/a~1b~0c'), 's:2:3')
})

test('words stay words: the core schema of YAML 1.2 knows no yes, no dates and no octal surprises', () => {
  const { state } = parseState('a: yes\nb: 2026-01-01\nc: "012"\nd: on\ne: 0o17\nf: ~\n', 's')
  assert.deepEqual(state, { a: 'yes', b: '2026-01-01', c: '012', d: 'on', e: 15, f: null })
})

test('what a file should not need is refused, with its place', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['a: &x [1]\nb: *x\n', /s\.yaml:\d+:\d+ (?:anchors|write it out)/],
    ['a: 1\na: 2\n', /s\.yaml:2:1 .*unique/],
    ['a: !!binary aGk=\n', /s\.yaml:1:\d+ .*tag/i],
    ['a: !!js/function "x"\n', /tag/i],
    ['<<: { a: 1 }\n', /^$/],
    ['? [a]\n: b\n', /s\.yaml:1:\d+ .*keys/i],
    ['1: a\n', /^$|keys/i],
    ['a:\n\t- b\n', /s\.yaml:2:1 .*[Tt]ab/],
    ['a: "x\0y"\n', /NUL/],
    ['a: "\\0"\n', /NUL/],
    ['a: .nan\n', /number/],
    ['a: -.inf\n', /number/],
    ['a: [\n', /s\.yaml:/],
    ['--- a\n--- b\n', /document/i],
    ['a: "\\ud800"\n', /^$/],
  ]
  for (const [text, fault] of cases) {
    const faults = faultsOf(text)
    assert.match(faults.join('\n'), fault, JSON.stringify(text))
  }
})

test('attack: a billion laughs is refused before it is told', () => {
  const levels = ['a: &a ["lol","lol","lol","lol","lol","lol","lol","lol","lol"]']
  for (let level = 1; level < 10; level += 1) {
    const [from, to] = [String.fromCharCode(96 + level), String.fromCharCode(97 + level)]
    levels.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(',')}]`)
  }
  assert.match(faultsOf(`${levels.join('\n')}\n`).join('\n'), /anchors are not read/)
})

test('attack: depth and size have their bounds', () => {
  assert.match(faultsOf(`a: ${'['.repeat(30)}${']'.repeat(30)}\n`).join(), /deep/)
  assert.match(faultsOf(`a: ${'['.repeat(100_000)}`).join(), /deep|s\.yaml/)
  assert.match(faultsOf(`a: "${'x'.repeat(10 * 1024 * 1024)}"\n`).join(), new RegExp(`larger than ${maxStateBytes}`))
})

test('attack: __proto__ is a key like any other, and reaches nothing', () => {
  const { state } = parseState('__proto__:\n  polluted: true\nroutes:\n  __proto__: { host: x }\n', 's')
  assert.deepEqual(Object.keys(state as object), ['__proto__', 'routes'])
  assert.equal(Object.getPrototypeOf(state), Object.prototype)
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  assert.match(JSON.stringify(state), /"__proto__":\{"polluted":true\}/)
})

test('a policy may name a file beside the state file, and no other', (t) => {
  const directory = place(t)
  const inside = join(directory, 'state')
  mkdirSync(join(inside, 'policies'), { recursive: true })
  writeFileSync(join(directory, 'secret.cedar'), 'secret')
  writeFileSync(join(inside, 'policies', 'vpn.cedar'), 'forbid (principal, action, resource);\n')
  symlinkSync(join(directory, 'secret.cedar'), join(inside, 'link.cedar'))
  const read = (file: unknown) => {
    const path = join(inside, 'state.yaml')
    writeFileSync(path, JSON.stringify({ policies: { vpn: { title: 'VPN', file } } }))
    return readStateFile(path).state
  }
  assert.deepEqual(read('policies/vpn.cedar'), {
    policies: { vpn: { title: 'VPN', text: 'forbid (principal, action, resource);\n' } },
  })
  for (const [file, message] of [
    ['../secret.cedar', /leads out/],
    ['link.cedar', /leads out/],
    [join(directory, 'secret.cedar'), /leads out/],
    ['/etc/passwd', /leads out/],
    ['policies', /not a file/],
    ['.', /leads out/],
    ['absent.cedar', /no file absent/],
    ['', /name a file/],
    [7, /name a file/],
  ] as const) {
    assert.throws(
      () => read(file),
      (error) => {
        assert.ok(error instanceof Failure)
        assert.match(JSON.stringify(error.details), message, String(file))
        assert.doesNotMatch(JSON.stringify(error.details), /"secret"/)
        return true
      },
    )
  }
})

test('what is no file of text is refused', (t) => {
  const directory = place(t)
  writeFileSync(join(directory, 'bytes'), Buffer.from([0xff, 0xfe, 0x00]))
  for (const path of [join(directory, 'bytes'), directory, join(directory, 'absent'), '/dev/zero']) {
    assert.throws(() => readStateFile(path), Failure, path)
  }
})
