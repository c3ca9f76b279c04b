import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { programMissing, requireAll } from '#platform/testing'
import { runProgram } from '../product/command.ts'
import { ask, signInCookie } from '../product/http.ts'
import { cleanUp, newDirectory, type Product, startProduct } from '../product/start.ts'

const root = join(import.meta.dirname, '..', '..')
/** The machine's own programs: npm, and whatever Node.js it has. Ours, which npm puts first for scripts, stays out. */
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const password = 'violet anchor meadow 4'
/** Debian's `nobody`. */
const nobody = 65534

// one story, told in order: built, packed, installed elsewhere, started
describe('the package, installed in an empty directory with the npm of the machine', { skip: npmMissing() }, () => {
  let place: string
  let installed: string
  let program: string
  let files: readonly string[]
  let unreachable: string | false

  /** A test of what was installed; where no registry answered there is nothing to test. */
  function tested(name: string, work: () => Promise<void> | void): void {
    test(name, (t) => (unreachable === false ? work() : t.skip(unreachable)))
  }

  before(() => {
    place = newDirectory()
    chmodSync(place, 0o755)
    const built = join(place, 'built')
    execFileSync(process.execPath, [join(root, 'build', 'build.ts'), built], { stdio: 'pipe' })
    const tarball = npm(place, ['pack', '--silent', built]).trim()
    rmSync(built, { recursive: true })
    files = execFileSync('tar', ['-tzf', join(place, tarball)], { encoding: 'utf8' })
      .trim()
      .split('\n')
    const elsewhere = join(place, 'elsewhere')
    mkdirSync(elsewhere)
    unreachable = tryInstall(elsewhere, join(place, tarball))
    installed = join(elsewhere, 'node_modules')
    program = join(installed, '.bin', 'gatehouse')
  })
  after(cleanUp)

  tested('it holds what runs and what is read, and neither sources nor tests', () => {
    const unwanted = files.filter((file) => /\.ts$|\.map$|\btest|\bbench|\bdemo\b|-fixture|samples/.test(file))
    assert.deepEqual(unwanted, [])
    const wanted = [
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'SECURITY.md',
      'bin/gatehouse',
      'bin/runtime',
      'src/main.js',
    ]
    for (const file of wanted) assert.ok(files.includes(`package/${file}`), `${file} is missing`)
    const dependencies = globSync('{*,@*/*}/package.json', { cwd: installed })
    assert.ok(dependencies.length > 20)
    for (const tool of ['typescript', 'playwright-core', '@biomejs/biome'])
      assert.ok(!existsSync(join(installed, tool)))
  })

  tested('it starts from node_modules/.bin whatever Node.js the machine has, and serves', async () => {
    const product = await startProduct({ program, environment: { PATH: path } })
    assert.ok(product.setupLink, product.output())
    assert.equal((await ask(product, '/readyz', { host: 'localhost' })).status, 200)
    const setup = new URL(product.setupLink)
    assert.equal((await ask(product, setup.pathname + setup.search)).status, 303)
    await setUp(product)
    const cookie = await signInCookie(product, 'ada', password)
    const page = await ask(product, '/accounts', { headers: { cookie } })
    assert.equal(page.status, 200)
    assert.match(page.text, /Ada Lovelace/)
    for (const asset of page.text.matchAll(/(?:href|src)="(?<path>\/assets\/[^"]+)"/g)) {
      assert.equal((await ask(product, asset.groups?.['path'] ?? '')).status, 200, asset[0])
    }
    const verified = await run(product, ['audit', 'verify'])
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    assert.equal(await product.stop(), 0)
  })

  tested('it starts through links, and as npm starts commands', async () => {
    const links = newDirectory()
    symlinkSync(program, join(links, 'first'))
    symlinkSync('first', join(links, 'gatehouse'))
    const linked = await runProgram(join(links, 'gatehouse'), links, ['--version'], '', { PATH: path })
    assert.match(linked.stdout, /^\d+\.\d+\.\d+\n$/, linked.stderr)
    assert.equal(npm(join(installed, '..'), ['exec', '--offline', '--', 'gatehouse', '--version']), linked.stdout)
  })

  tested('it starts where it may write nothing but its data', async () => {
    const listed = () => readdirSync(join(installed, 'gatehouse'), { recursive: true, encoding: 'utf8' }).sort()
    rmSync(join(installed, 'gatehouse', 'node_modules'), { recursive: true, force: true })
    const before = listed()
    setWritable(installed, false)
    try {
      const asRoot = process.getuid?.() === 0
      const directory = newDirectory()
      if (asRoot) chownSync(directory, nobody, nobody)
      const product = await startProduct({
        program,
        directory,
        environment: { PATH: path },
        ...(asRoot ? { user: nobody } : {}),
      })
      assert.equal((await ask(product, '/readyz', { host: 'localhost' })).status, 200)
      await product.stop()
      assert.deepEqual(listed(), before)
    } finally {
      setWritable(installed, true)
    }
  })

  async function setUp(product: Product): Promise<void> {
    const answer = await run(
      product,
      ['setup', '--handle', 'ada', '--display-name', 'Ada Lovelace', '--password-stdin'],
      `${password}\n`,
    )
    assert.equal(answer.code, 0, answer.stderr)
  }

  function run(product: Product, args: readonly string[], stdin = '') {
    return runProgram(program, product.directory, args, stdin, { PATH: path })
  }
})

function npmMissing(): string | false {
  return programMissing('/usr/bin/npm', 'npm') && programMissing('/usr/local/bin/npm', 'npm')
}

/** @returns why it cannot be installed here: npm reached no registry, and that is allowed to be so */
function tryInstall(directory: string, tarball: string): string | false {
  try {
    npm(directory, ['install', '--prefix', directory, '--prefer-offline', tarball])
    return false
  } catch (error) {
    const said = String((error as { readonly stderr?: unknown }).stderr)
    if (requireAll() || !/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(said)) throw error
    return 'needs an npm registry that answers'
  }
}

/** Runs the machine's npm as a person does: none of the settings that an outer `npm test` leaves in the environment. */
function npm(directory: string, args: readonly string[]): string {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^npm_/i.test(name) || /^npm_config_(?:registry|cache|userconfig)$/i.test(name),
  )
  const env = { ...Object.fromEntries(own), PATH: path }
  return execFileSync('npm', args, { cwd: directory, env, encoding: 'utf8', stdio: 'pipe' })
}

function setWritable(folder: string, writable: boolean): void {
  for (const name of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
    const state = lstatSync(join(folder, name))
    if (!state.isSymbolicLink()) chmodSync(join(folder, name), writable ? state.mode | 0o200 : state.mode & ~0o222)
  }
}
