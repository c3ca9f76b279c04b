import { existsSync, globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { matchesGlob, relative, resolve } from 'node:path'
import { run } from 'node:test'
import { inspect, parseArgs, styleText } from 'node:util'
import { postgresMissing, startPostgres } from '../src/platform/testing/postgres.ts'

/**
 * `npm test [-- PATH…] [--name PATTERN]`: every `*.test.ts` of src and test, each file in its own process.
 *
 * Prints a line per file, failures in full as they happen, then what was skipped and why. The last line is always
 * `N passed, N failed, N skipped`; the exit code is 0 only when something ran and nothing failed.
 */
const root = resolve(import.meta.dirname, '..')
const testTimeoutMs = 5 * 60_000
/** Before its file is ended, so that the one that hangs is named. */
const hangsAfterMs = testTimeoutMs - 30_000
const keptOutput = 64 * 1024

interface FileResult {
  passed: number
  failed: number
  skipped: number
  output: string
}

/** What an event of the runner tells about one test; Node's own type leaves the fields we need untyped. */
interface Outcome {
  readonly name: string
  readonly nesting: number
  readonly file?: string
  readonly line?: number
  readonly skip?: string | boolean
  readonly todo?: string | boolean
  readonly details: { readonly type?: string; readonly error?: TestError }
}

interface TestError extends Error {
  readonly failureType?: string
  /** Of a file's process that ended on its own. */
  readonly exitCode?: number
  readonly signal?: string | null
}

const options = parseArgs({
  allowPositionals: true,
  options: { name: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})
if (options.values.help === true) {
  console.log('npm test [-- PATH…] [--name PATTERN]\n\nPATH: a file, a folder, a part of a path, or a glob.')
  process.exit(0)
}

const files = findFiles(options.positionals)
// one PostgreSQL for all files, instead of one for each; it ends with this process
if (files.length > 1 && postgresMissing() === undefined) {
  process.env['GATEHOUSE_TEST_POSTGRES'] = await startPostgres()
}
const results = new Map<string, FileResult>()
const skips: string[] = []
const failures: string[] = []
const started = performance.now()

const heard = new Set<string>()

// a test that failed before it closed its server must not keep the whole run waiting
await runFiles(files, ['--test-force-exit'])
// forced to exit, a quick file can end before its last words are read: none may go missing without a word
const unheard = files.filter((file) => !heard.has(file))
for (const file of unheard) results.delete(file)
if (unheard.length > 0) await runFiles(unheard, [])
for (const file of files.filter((one) => !heard.has(one))) {
  resultOf(resolve(root, file)).failed += 1
  failures.push(`${file}  (whole file)`)
  console.log(`${paint('red', 'FAILED')} ${file}  it ended without telling its results`)
}
report()

async function runFiles(some: readonly string[], execArgv: string[]): Promise<void> {
  const events = run({
    files: some.map((file) => resolve(root, file)),
    cwd: root,
    concurrency: Math.max(2, availableParallelism()),
    timeout: testTimeoutMs,
    execArgv: [...execArgv, `--test-timeout=${hangsAfterMs}`],
    ...(options.values.name === undefined ? {} : { testNamePatterns: [new RegExp(options.values.name)] }),
  })
  events.on('test:pass', (event) => passed(event as Outcome))
  events.on('test:fail', (event) => failed(event as Outcome))
  events.on('test:stdout', (event) => keep(event.file, event.message))
  events.on('test:stderr', (event) => keep(event.file, event.message))
  events.on('test:summary', (event) => {
    if (event.file === undefined) return
    heard.add(relative(root, event.file))
    fileDone(event.file, event.duration_ms)
  })
  // the stream has to be read for the runner to go on
  for await (const _event of events);
}

function findFiles(wanted: readonly string[]): readonly string[] {
  const all = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root }).sort()
  if (wanted.length === 0) return all
  return all.filter((file) => wanted.some((path) => isMeant(file, path)))
}

/** A path that exists means itself and what is below; anything else is a glob or a part of paths. */
function isMeant(file: string, wanted: string): boolean {
  const path = relative(root, resolve(root, wanted))
  if (existsSync(resolve(root, path))) return path === '' || file === path || file.startsWith(`${path}/`)
  return file.includes(wanted) || matchesGlob(file, wanted)
}

function resultOf(file: string | undefined): FileResult {
  const name = file === undefined ? '(no file)' : relative(root, file)
  const known = results.get(name)
  if (known !== undefined) return known
  const fresh = { passed: 0, failed: 0, skipped: 0, output: '' }
  results.set(name, fresh)
  return fresh
}

function passed(test: Outcome): void {
  const result = resultOf(test.file)
  if (test.todo !== undefined && test.todo !== false) {
    fault(test, 'marked todo: it proves nothing; finish it or delete it')
  } else if (test.skip !== undefined && test.skip !== false) {
    result.skipped += 1
    const reason = typeof test.skip === 'string' && test.skip !== '' ? test.skip : 'no reason given'
    skips.push(`${where(test)}  ${test.name}: ${reason}`)
  } else if (isWholeFile(test)) {
    if (options.values.name === undefined) fault(test, 'the file holds no test')
  } else if (test.details.type !== 'suite') {
    result.passed += 1
  }
}

function failed(test: Outcome): void {
  const error = test.details.error
  // the parent of a failed test fails with it: told once, where it happened
  if (error?.failureType === 'subtestsFailed') return
  if (isWholeFile(test)) {
    fault(test, `${exitOf(error)}; it printed:\n${resultOf(test.file).output.trim() || '(nothing)'}`)
    return
  }
  const cause = error?.cause ?? error
  fault(test, typeof cause === 'string' ? cause : inspect(cause, { depth: 8, colors: process.stdout.isTTY }))
}

function exitOf(error: TestError | undefined): string {
  if (error?.failureType === 'testTimeoutFailure') return `it was ended after ${testTimeoutMs / 60_000} minutes`
  const how = error?.signal == null ? `exit code ${error?.exitCode ?? '?'}` : `signal ${error.signal}`
  return `the file's process ended with ${how} before or beside its tests`
}

function fault(test: Outcome, reason: string): void {
  resultOf(test.file).failed += 1
  const title = `${where(test)}  ${isWholeFile(test) ? '(whole file)' : test.name}`
  failures.push(title)
  console.log(`${paint('red', 'FAILED')} ${title}\n${reason.replaceAll(/^/gm, '    ')}`)
}

/** A file that fails to load, or holds no test, is reported as if it were a test named by its path. */
function isWholeFile(test: Outcome): boolean {
  return test.nesting === 0 && test.file !== undefined && resolve(root, test.name) === test.file
}

function where(test: Outcome): string {
  const file = test.file === undefined ? '(no file)' : relative(root, test.file)
  return test.line === undefined ? file : `${file}:${test.line}`
}

function keep(file: string | undefined, text: string): void {
  const result = resultOf(file)
  result.output = (result.output + text).slice(-keptOutput)
}

function fileDone(file: string, durationMs: number): void {
  const { passed, failed, skipped, output } = resultOf(file)
  const counts = `${passed} passed${failed > 0 ? `, ${failed} failed` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''}`
  const mark = failed > 0 ? paint('red', 'not ok') : paint('green', 'ok')
  console.log(`${mark} ${relative(root, file)}: ${counts} (${(durationMs / 1000).toFixed(1)} s)`)
  if (failed > 0 && output.trim() !== '') console.log(`  its output:\n${output.replaceAll(/^/gm, '  | ')}`)
}

function report(): void {
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const result of results.values()) {
    total.passed += result.passed
    total.failed += result.failed
    total.skipped += result.skipped
  }
  if (skips.length > 0) console.log(`\nSkipped, and what they lack:\n  ${skips.join('\n  ')}`)
  if (failures.length > 0) console.log(`\nFailed (told in full above):\n  ${failures.join('\n  ')}`)
  const ran = total.passed + total.failed
  if (files.length === 0) console.log(`\nNo test file matches ${options.positionals.join(' ')}.`)
  else if (ran === 0) console.log('\nNothing ran.')
  console.log(`\n${files.length} files, ${((performance.now() - started) / 1000).toFixed(1)} s`)
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  process.exitCode = ran > 0 && total.failed === 0 ? 0 : 1
}

function paint(colour: 'red' | 'green', text: string): string {
  return process.stdout.isTTY ? styleText(colour, text) : text
}
