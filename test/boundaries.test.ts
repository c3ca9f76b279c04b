import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { findBoundaryViolations, needs } from './structure/boundaries.ts'
import { describeViolations, readFiles, root } from './structure/sources.ts'

const packageImports = readImports()
const offered = Object.keys(packageImports)

test('no source crosses a boundary', () => {
  const files = readFiles('src/**/*.ts')
  assert.ok(files.size > 0, 'sources are read')
  const violations = findBoundaryViolations(files, offered)
  assert.equal(violations.length, 0, describeViolations(violations))
})

test('package.json offers only faces, contracts, testing builders and the ui-kit', () => {
  for (const [name, path] of Object.entries(packageImports)) {
    const [room = '', part = 'index'] = name.slice(1).split('/')
    const file = part === 'ui' ? 'ui-kit/index' : part
    assert.ok(
      ['index', 'contract', 'testing', 'serve', 'ui-kit/index'].includes(file),
      `${name} is no known kind of entrance`,
    )
    assert.ok([`./src/${room}/${file}.ts`, `./src/${room}/${file}/index.ts`].includes(path), `${name} → ${path}`)
  }
})

test('the table of needs has rows: nothing it allows leads in a circle', () => {
  const reach = (room: string, path: readonly string[]): void => {
    assert.ok(!path.includes(room), `circle: ${[...path, room].join(' → ')}`)
    for (const need of Object.keys(needs[room] ?? {})) reach(need, [...path, room])
  }
  for (const room of Object.keys(needs)) reach(room, [])
})

describe('a planted violation is found:', () => {
  const planted: readonly (readonly [name: string, path: string, source: string, message: RegExp])[] = [
    ['reach past a face', 'src/gateway/proxy.ts', "import { x } from '../identity/sessions.ts'", /past its face/],
    [
      'reach past a face by package import',
      'src/gateway/proxy.ts',
      "import { x } from '#identity/store'",
      /not offered/,
    ],
    ['reach into platform', 'src/access/decide.ts', "import { x } from '../platform/db/sqlite.ts'", /past its face/],
    ['reach into kit', 'src/access/decide.ts', "import { x } from '../kit/ids.ts'", /past its face/],
    ['sideways import', 'src/vault/secrets.ts', "import { ca } from '#pki'", /vault does not need pki/],
    ['sideways type import', 'src/pki/leaf.ts', "import type { X } from '#vault'", /pki does not need vault/],
    ['sideways inline type', 'src/pki/leaf.ts', "let x: import('#gateway').X", /pki does not need gateway/],
    [
      'upward import',
      'src/access/decide.ts',
      "import {\n  accounts,\n} from '#identity'",
      /access does not need identity/,
    ],
    [
      'upward dynamic import',
      'src/access/decide.ts',
      "const x = await import('#gateway')",
      /access does not need gateway/,
    ],
    [
      'upward dynamic import in a template',
      'src/access/decide.ts',
      'await import(`#gateway`)',
      /does not need gateway/,
    ],
    [
      'upward import inside a template hole',
      'src/access/a.ts',
      `\`\${await import('#gateway')}\``,
      /does not need gateway/,
    ],
    ['upward re-export', 'src/access/index.ts', "export { x } from '#identity'", /access does not need identity/],
    [
      'upward re-export of all',
      'src/access/index.ts',
      "export * as y from '#identity'",
      /access does not need identity/,
    ],
    ['upward type re-export', 'src/access/index.ts', "export type { x } from '#identity'", /does not need identity/],
    ['upward side effect', 'src/platform/log.ts', "import '#access'", /platform lies below/],
    ['require', 'src/access/decide.ts', "require('#gateway')", /access does not need gateway/],
    ['import.meta.resolve', 'src/access/a.ts', "import.meta.resolve('#gateway')", /does not need gateway/],
    ['worker of another room', 'src/access/a.ts', "new URL('../gateway/worker.ts', import.meta.url)", /past its face/],
    ['computed import', 'src/access/decide.ts', 'await import(name)', /computed/],
    ['computed import by template', 'src/access/decide.ts', `await import(\`./\${name}.ts\`)`, /computed/],
    ['own face', 'src/access/decide.ts', "import { x } from '#access'", /own face/],
    ['unknown room', 'src/blog/posts.ts', "import { x } from '#access'", /not in the table/],
    ['a room that starts servers', 'src/gateway/x.ts', "import { serve } from '#platform/serve'", /for composition/],
    ['composition past a face', 'src/app.ts', "import { x } from './access/decide.ts'", /past its face/],
    ['out of src', 'src/access/decide.ts', "import { x } from '../../test/run.ts'", /leaves src/],
    ['testing builders in a product file', 'src/gateway/proxy.ts', "import { x } from '#access/testing'", /tests only/],
    ['own testing builders', 'src/access/decide.ts', "import { x } from './testing.ts'", /tests only/],
    ['contract of another room', 'src/gateway/proxy.ts', "import { x } from '#access/contract'", /for the CLI/],
    ['face in the CLI', 'src/cli/accounts.ts', "import type { X } from '#identity'", /knows contracts only/],
    ['platform in the CLI', 'src/cli/accounts.ts', "import { x } from '#platform'", /knows contracts only/],
    ['platform in kit', 'src/kit/ids.ts', "import { x } from '#platform'", /bottom/],
    ['file system in kit', 'src/kit/ids.ts', "import { x } from 'node:fs'", /pure/],
    ['package in kit', 'src/kit/ids.ts', "import { z } from 'zod'", /no packages/],
    ['Node in a contract', 'src/access/contract.ts', "import { x } from 'node:crypto'", /no Node modules/],
    ['face in a contract', 'src/gateway/contract.ts', "import { x } from '#access'", /not #access/],
    ['network client in a room', 'src/identity/logo.ts', "import { request } from 'undici'", /kernel\.egress/],
    [
      'part of a network client',
      'src/identity/x.ts',
      "import x from 'nodemailer/lib/smtp-connection'",
      /kernel\.egress/,
    ],
    ['Date.now', 'src/access/decide.ts', 'const now = Date.now()', /Date\.now/],
    ['Date.now over lines', 'src/access/decide.ts', 'Date\n  .now()', /Date\.now/],
    ['new Date()', 'src/access/decide.ts', 'new Date()', /new Date\(\)/],
    ['new Date', 'src/access/decide.ts', 'const x = new Date\n', /new Date\(\)/],
    ['Math.random', 'src/access/decide.ts', 'Math.random()', /Math\.random/],
    ['randomBytes', 'src/identity/tokens.ts', 'randomBytes(32)', /randomBytes/],
    ['process.env', 'src/identity/config.ts', "process.env['HOME']", /process\.env/],
    ['fetch', 'src/identity/logo.ts', 'await fetch(url)', /fetch/],
    ['globalThis.fetch', 'src/identity/logo.ts', 'const f = globalThis.fetch', /globalThis\.fetch/],
  ]
  for (const [name, path, source, message] of planted) {
    test(name, () => {
      const violations = findBoundaryViolations(new Map([[path, source]]), offered)
      assert.equal(violations.length, 1, `found: ${describeViolations(violations)}`)
      assert.match(violations[0]?.message ?? '', message)
    })
  }
})

test('a contract is judged with every file it is made of', () => {
  const files = new Map([
    ['src/pki/contract.ts', "export { steps } from './trust.ts'"],
    ['src/pki/trust.ts', "import { x } from './parts.ts'"],
    ['src/pki/parts.ts', "import { readFileSync } from 'node:fs'\nimport type { Ctx } from '#platform'"],
  ])
  const violations = findBoundaryViolations(files, offered)
  assert.deepEqual(
    violations.map(({ place }) => place),
    ['src/pki/parts.ts:1', 'src/pki/parts.ts:2'],
  )
})

describe('what is right is left alone:', () => {
  const right: readonly (readonly [name: string, path: string, source: string])[] = [
    ['needed faces', 'src/gateway/proxy.ts', "import { a } from '#access'\nimport { b } from '#pki'"],
    ['platform and ui', 'src/gateway/pages.ts', "import { a } from '#platform'\nimport { b } from '#platform/ui'"],
    ['own files', 'src/gateway/proxy/headers.ts', "import { a } from '../store.ts'"],
    ['contract made of several files', 'src/pki/contract.ts', "export { steps } from './trust.ts'"],
    ['contract in the CLI', 'src/cli/accounts.ts', "import { a } from '#identity/contract'"],
    ['testing builders in a test', 'src/gateway/proxy.test.ts', "import { a } from '#access/testing'"],
    ['composition that serves', 'src/main.ts', "import { serve } from '#platform/serve'"],
    ['composition', 'src/app.ts', "import { gateway } from '#gateway'\nimport { x } from './main.ts'"],
    ['comments', 'src/access/a.ts', "// import { x } from '#identity'\n/* await import('#gateway') */"],
    ['texts', 'src/access/a.ts', `const a = "import '#gateway'"; const b = \`import('#gateway') Date.now() \${1}\``],
    ['regular expressions', 'src/access/a.ts', "const a = /[/'\"`]import('#gateway')/.test(b) ? 4 / 2 / 1 : 'x'"],
    ['files beside the source', 'src/access/a.ts', "readFileSync(new URL('./policies.cedar', import.meta.url))"],
    ['given dates', 'src/access/a.ts', 'new Date(now).toISOString()'],
    ['own methods of such names', 'src/access/a.ts', 'client.fetch(url); clock.now(); x.import(y)'],
    ['the outermost shell', 'src/serve.ts', 'serve({ ...process.env }, performance.now())'],
    ['the platform’s clock', 'src/platform/clock.ts', 'Date.now(); Math.random(); new Date(); process.env'],
  ]
  for (const [name, path, source] of right) {
    test(name, () => {
      assert.equal(describeViolations(findBoundaryViolations(new Map([[path, source]]), offered)), '')
    })
  }
})

function readImports(): Readonly<Record<string, string>> {
  const manifest = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as {
    readonly imports: Readonly<Record<string, string>>
  }
  // rooms of the table that are still to come are offered as soon as they stand; planted cases speak of them already
  const planned = Object.fromEntries(Object.keys(needs).map((room) => [`#${room}`, `./src/${room}/index.ts`]))
  return { ...planned, ...manifest.imports }
}
