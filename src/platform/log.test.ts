import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { Secret } from '#kit'
import { createLog, jsonText, type LogLevel } from './log.ts'
import { isSecretName, pathOnly } from './redact.ts'

function capture(level: LogLevel = 'debug') {
  const lines: string[] = []
  const log = createLog({ level, stream: { write: (line) => lines.push(line) } })
  const parsed = (): Record<string, unknown>[] => lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  return { log, lines, parsed }
}

const planted = 'hunter2-planted'

test('attack 39: a secret by name never reaches a line, at any depth, in any spelling', () => {
  const names = `password newPassword PASSWORD_HASH token accessToken refresh_token tokens secret clientSecret cookie
    set-cookie Cookie authorization Proxy-Authorization key apiKey API_KEY privateKey private_key sealKey apikey pem jwk seal code user_code
    assertion client_assertion X-Gatehouse-Assertion passphrase credential otp pin csrfToken signature rawHeaders`
  const each = names.split(/\s+/)
  for (const secretName of each) {
    const { log, lines } = capture()
    log.info({ request: { [secretName]: planted } }, 'planted')
    assert.ok(!lines.join('').includes(planted), secretName)
  }
  const name = fc.constantFrom(...each)
  const path = fc.array(fc.constantFrom('a', 'b', 'request', 'headers', '0'), { maxLength: 9 })
  const shape = fc.constantFrom('text', 'list', 'object', 'map', 'child')
  fc.assert(
    fc.property(name, path, shape, (secretName, above, form) => {
      const { log, lines } = capture()
      const value = form === 'list' ? [planted] : form === 'object' ? { inner: planted } : planted
      const leaf = form === 'map' ? new Map([[secretName, value]]) : { [secretName]: value }
      const fields = above.reduce<object>((inner, step) => ({ [step]: inner }), leaf)
      if (form === 'child') log.child({ ...fields }).info({}, 'planted')
      else log.info({ ...fields }, 'planted')
      assert.equal(lines.length, 1)
      assert.ok(!lines.join('').includes(planted), lines.join(''))
    }),
  )
})

test('attack 39: a Secret, a header list, an error and its causes give nothing away', () => {
  const { log, lines } = capture()
  const cause = new Error(`connect to postgres://gate:${planted}@db:5432/gate failed`)
  const error = Object.assign(
    new Error(`GET https://gate.example/setup?token=${planted}#${planted} failed`, { cause }),
    {
      code: 'platform.egress-failed',
      headers: { authorization: `Bearer ${planted}` },
    },
  )
  log.error({ error, secret: new Secret(planted), value: new Secret(planted) }, `sent Bearer ${planted} to /x`)
  log.info({ headers: new Headers({ cookie: planted, accept: 'text/html' }), bytes: Buffer.from(planted) }, 'request')
  log.info({ url: new URL(`https://u:${planted}@gate.example/path?code=${planted}`) }, 'request')
  assert.ok(!lines.join('').includes(planted), lines.join('\n'))
  for (const kept of ['platform.egress-failed', 'gate.example/setup', 'db:5432/gate', 'text/html', '15 bytes']) {
    assert.ok(lines.join('').includes(kept), kept)
  }
})

test('what is about a secret without being one stays readable', () => {
  for (const name of [
    'tokenId',
    'cookie-name',
    'statusCode',
    'errorCode',
    'credentialKind',
    'keyId',
    'host',
    'passed',
  ]) {
    assert.ok(!isSecretName(name), name)
  }
  const { log, parsed } = capture()
  log.info({ credentialId: 'crd_1', hasPassword: true, status: 200 }, 'signed in')
  log.info({}, 'basic settings changed; Basic YTpi==, Bearer abc123 and bearer gh_token are not shown')
  const [line = {}, { message } = {}] = parsed()
  assert.equal(message, 'basic settings changed; Basic [secret], Bearer [secret] and bearer [secret] are not shown')
  assert.equal(line['credentialId'], 'crd_1')
  assert.equal(line['hasPassword'], true)
  assert.equal(line['level'], 'info')
  assert.match(String(line['time']), /^\d{4}-\d\d-\d\dT/)
})

test('one line per event whatever is logged: cycles, depth, width, getters that throw, forged fields, newlines', () => {
  const { log, parsed } = capture()
  const cycle: Record<string, unknown> = { name: 'cycle' }
  cycle['self'] = cycle
  const hostile = {
    get trap(): string {
      throw new Error('no')
    },
  }
  const deep = Array.from({ length: 5_000 }).reduce<object>((inner) => ({ inner }), {})
  log.info({ cycle, hostile, deep, wide: Array.from({ length: 10_000 }, (_, i) => i), big: 1n }, 'odd')
  log.info({ level: 'error', time: 'never', message: 'forged' }, 'line\n{"level":"error"}')
  log.info({ long: 'x'.repeat(1_000_000), when: new Date(Number.NaN), nothing: undefined }, 'long')
  const lines = parsed()
  assert.equal(lines.length, 3)
  assert.equal(lines[0]?.['hostile'], '[unreadable]')
  assert.equal(lines[1]?.['level'], 'info')
  assert.equal(lines[1]?.['field.level'], 'error')
  assert.equal(lines[1]?.['message'], 'line\n{"level":"error"}')
  assert.ok(JSON.stringify(lines[2]).length < 10_000)
})

test('lines below the level are not written', () => {
  const { log, parsed } = capture('warn')
  log.debug({}, 'a')
  log.info({}, 'b')
  log.warn({}, 'c')
  log.child({ room: 'x' }).info({}, 'd')
  log.child({ room: 'x' }).error({}, 'e')
  assert.deepEqual(
    parsed().map((line) => line['message']),
    ['c', 'e'],
  )
})

test('only the path of a target is printed', () => {
  assert.equal(pathOnly(`/setup?token=${planted}`), '/setup')
  assert.equal(pathOnly(`/x#${planted}`), '/x')
  assert.equal(pathOnly(new URL(`https://host/p?q=${planted}`)), '/p')
  assert.equal(pathOnly('x'.repeat(5_000)).length, 1_024)
})

test('nothing is lost at exit, not even after an uncaught error', () => {
  const program = (end: string): string => `
    import { createLog } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)}
    const log = createLog({ level: 'info' })
    for (let i = 0; i < 2000; i++) log.info({ i }, 'line')
    ${end}`
  for (const end of ['process.exit(3)', 'throw new TypeError("bug")']) {
    const ran = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program(end)], {
      encoding: 'utf8',
    })
    const lines = ran.stderr.split('\n').filter((line) => line.includes('"message":"line"'))
    assert.equal(lines.length, 2_000, end)
    assert.notEqual(ran.status, 0)
  }
})

test('a full disk under standard error ends nothing, and holds up no end', () => {
  const program = `
    import { createLog } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)}
    const log = createLog({ level: 'info' })
    log.info({}, 'x'.repeat(70_000))
    setTimeout(() => {
      log.info({}, 'another')
      process.stdout.write('alive')
    }, 300)`
  const full = openSync('/dev/full', 'w')
  const ran = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', full],
    timeout: 30_000,
  })
  closeSync(full)
  assert.deepEqual([ran.stdout, ran.status, ran.signal], ['alive', 0, null])
})

test('what a full disk refused is written when there is room', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-log-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'log')
  // a limit on the size of files stands for the full disk: raised from outside, as by somebody who makes room
  const program = `
    import { createLog } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)}
    const log = createLog({ level: 'info' })
    process.on('SIGXFSZ', () => undefined)
    for (let i = 0; i < 50; i++) log.info({ i, text: 'x'.repeat(100) }, 'line')
    process.stdin.on('data', () => log.info({}, 'asked'))
    process.stdout.write('ready')`
  const limited = `ulimit -S -f 2; exec "$0" "$@" 2> '${path}'`
  const args = ['-c', limited, process.execPath, '--input-type=module-typescript', '-e', program]
  const child = spawn('/bin/sh', args)
  await once(child.stdout, 'data')
  while (statSync(path).size < 1_024) await pause(10)
  const raised = spawnSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited'], { encoding: 'utf8' })
  assert.equal(raised.status, 0, raised.stderr)
  child.stdin.end('go')
  assert.deepEqual(await once(child, 'exit'), [0, null])
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    parsed.map(({ i, message }) => i ?? message),
    [...Array.from({ length: 50 }, (_, i) => i), 'asked'],
  )
})

test('what waits while nobody reads is bounded, and what is dropped is counted and said', async () => {
  const program = `
    import { createLog } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)}
    const log = createLog({ level: 'info' })
    for (let i = 0; i < 4000; i++) log.plain('"text":"' + 'x'.repeat(8000) + '","i":' + i, 'line')
    process.stdin.on('data', () => process.exit(0))
    process.stdout.write('written')`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program])
  await once(child.stdout, 'data')
  const chunks: string[] = []
  let end = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    chunks.push(chunk)
    end = (end + chunk).slice(-300)
    // the loss is said last, when everything that waited is written; without one the last line comes
    if (end.endsWith('\n') && /were dropped|"i":3999/.test(end)) child.stdin.end('end')
  })
  await once(child, 'close')
  const text = chunks.join('')
  const lines = text.split('\n').filter((line) => line !== '')
  const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  const kept = parsed.filter(({ message }) => message === 'line').length
  const dropped = parsed.map(({ lines }) => (typeof lines === 'number' ? lines : 0)).reduce((sum, one) => sum + one, 0)
  assert.equal(kept + dropped, 4_000)
  assert.ok(dropped > 0)
  assert.ok(text.length < 17 * 1_048_576, String(text.length))
})

test('a plain line has the shape of every other, with its child bindings, and keeps to the level', () => {
  const { log, parsed } = capture('info')
  log.child({ node: 'a', seat: 7 }).plain(`"status":200,"path":${jsonText('/x"\n')}`, 'passed')
  log.child({ node: 'a', seat: 7 }).info({ status: 200, path: '/x"\n' }, 'passed')
  const [plain, usual] = parsed().map(({ time: _, ...rest }) => rest)
  assert.deepEqual(plain, usual)
  const quiet = capture('warn')
  quiet.log.plain('"status":200', 'passed')
  assert.deepEqual(quiet.lines, [])
})

test('a text in a plain line is what JSON makes of it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), (text) => {
      assert.equal(jsonText(text), JSON.stringify(text))
    }),
  )
  for (const code of Array.from({ length: 256 }, (_, index) => index)) {
    const text = String.fromCharCode(code)
    assert.equal(jsonText(text), JSON.stringify(text))
  }
})

test('the code of an error is told, a one-time code is not', () => {
  const { log, parsed } = capture()
  for (const code of ['gateway.upstream-timeout', 'platform.bad-host']) log.warn({ code }, 'told')
  for (const code of ['123456', 'a1B2c3', 'word-word', 'gateway.Upstream', 'a.b=c', 'x.y2', '', { inner: 'a.b' }]) {
    log.warn({ code }, 'kept')
  }
  log.warn({ userCode: 'gateway.upstream-timeout' }, 'kept')
  const lines = parsed()
  assert.deepEqual(
    lines.filter(({ message }) => message === 'told').map(({ code }) => code),
    ['gateway.upstream-timeout', 'platform.bad-host'],
  )
  for (const { code, userCode } of lines.filter(({ message }) => message === 'kept')) {
    assert.equal(code ?? userCode, '[secret]')
  }
})
