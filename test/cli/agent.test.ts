import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { newPlace, type Place, startServer } from './gatehouse.ts'

const gatehouse = join(import.meta.dirname, '..', '..', 'bin', 'gatehouse')

interface Running {
  readonly process: ChildProcess
  /** Resolves when it has said something that fits. */
  says(words: RegExp): Promise<void>
}

/** The agent as a service runs it: until it is ended. */
function startAgent(t: TestContext, { directory }: Place, args: readonly string[]): Running {
  const files = ['--cert', join(directory, 'tls.crt'), '--key', join(directory, 'tls.key')]
  const env = { PATH: process.env['PATH'] ?? '', HOME: directory }
  const child = spawn(gatehouse, ['pki', 'agent', ...files, ...args], { cwd: directory, env })
  t.after(() => void child.kill('SIGKILL'))
  let said = ''
  let isOver = false
  child.once('close', () => {
    isOver = true
  })
  const heard = (chunk: Buffer): void => {
    said += chunk.toString()
    child.emit('said')
  }
  child.stdout.on('data', heard)
  child.stderr.on('data', heard)
  return {
    process: child,
    says: async (words) => {
      while (!words.test(said)) {
        if (isOver) assert.fail(`it ended with ${child.exitCode ?? child.signalCode}: ${said}`)
        await Promise.race([once(child, 'said'), once(child, 'close')])
      }
    },
  }
}

test('the agent stays after it has fetched, keeps others away, and ends when it is told', async (t) => {
  const server = await startServer(t)
  const place = newPlace(t)
  const made = await server.run(['pki', 'enrol-tokens', 'create', '--device', 'wm-42'])
  writeFileSync(join(place.directory, 'token'), made.stdout)
  const args = ['--server', server.origin, '--ca', server.fingerprint, '--token-file', 'token']
  const agent = startAgent(t, place, [...args, '--', 'touch', 'told'])
  await agent.says(/^Fetched a certificate: .* The program was told\.$/m)
  assert.ok(existsSync(join(place.directory, 'told')))
  assert.equal(statSync(join(place.directory, 'tls.key')).mode & 0o777, 0o600)
  const files = ['--cert', join(place.directory, 'tls.crt'), '--key', join(place.directory, 'tls.key')]
  const second = await place.run(['pki', 'agent', '--once', ...args, ...files])
  assert.equal(second.code, 1)
  assert.match(second.stderr, /Another agent is at work/)
  agent.process.kill('SIGTERM')
  await once(agent.process, 'close')
  const third = await place.run(['pki', 'agent', '--once', ...args, ...files])
  assert.equal(third.code, 0, third.stderr)
  assert.match(third.stdout, /^Nothing is due: /)
})

test('a server that does not answer is asked again; a token that is refused ends it', async (t) => {
  const server = await startServer(t)
  const place = newPlace(t)
  writeFileSync(join(place.directory, 'ca.crt'), (await server.run(['ca', '--pem'])).stdout)
  writeFileSync(join(place.directory, 'token'), 'gen_wrong\n')
  const away = startAgent(t, place, ['--server', 'https://127.0.0.1:9', '--ca', 'ca.crt', '--token-file', 'token'])
  await away.says(/cannot be reached/)
  await away.says(/Tried again in \d+ seconds\./)
  assert.equal(away.process.exitCode, null)
  away.process.kill('SIGKILL')
  await once(away.process, 'close')
  const refused = startAgent(t, place, ['--server', server.origin, '--ca', 'ca.crt', '--token-file', 'token'])
  const [code] = (await once(refused.process, 'close')) as [number]
  assert.equal(code, 1)
  await refused.says(/pki\.enrolment-token-refused/)
})
