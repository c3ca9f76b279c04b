import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { requireAll } from '#platform/testing'
import { postgresMissing, postgresUrl } from '../../src/platform/testing/postgres.ts'
import { runCommand } from '../product/command.ts'
import { ask, signInCookie } from '../product/http.ts'
import { cleanUp, newDirectory, type Product, startProduct } from '../product/start.ts'

const missing = postgresMissing()
const password = 'granite harbour willow 7'

describe('two nodes on one PostgreSQL', { skip: requireAll() ? false : (missing ?? false) }, () => {
  let first: Product
  let second: Product
  let drop: () => Promise<void>

  before(async () => {
    const storage = await postgresUrl()
    drop = storage.drop
    const environment = { GATEHOUSE_DATABASE_URL: storage.url }
    first = await startProduct({ environment })
    // the operator's step for a second machine: the same seal key
    const directory = newDirectory()
    mkdirSync(join(directory, 'data'), { mode: 0o700 })
    copyFileSync(join(first.directory, 'data', 'seal.key'), join(directory, 'data', 'seal.key'))
    second = await startProduct({ directory, environment })
    const setup = ['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin']
    const made = await runCommand(first.directory, setup, `${password}\n`)
    assert.equal(made.code, 0, made.stderr)
  })
  after(async () => {
    await cleanUp()
    await drop?.()
  })

  const me = async (node: Product, cookie: string): Promise<number> =>
    (await ask(node, '/api/v1/me', { headers: { cookie } })).status

  test('a session opened on one is served on the other; ended on one, it ends on the other within a second', async () => {
    const cookie = await signInCookie(first, 'ada', password)
    assert.equal(await me(first, cookie), 200)
    assert.equal(await me(second, cookie), 200)
    const out = await ask(first, '/api/v1/sign-out', { method: 'POST', headers: { cookie, origin: first.origin } })
    assert.ok(out.status < 300, out.text)
    assert.equal(await me(first, cookie), 401)
    await sleep(1_000)
    assert.equal(await me(second, cookie), 401)
  })

  test('an account disabled on one is out on the other within a second', async () => {
    const create = ['accounts', 'create', 'bob', '--display-name', 'Bob', '--password-stdin']
    const made = await runCommand(first.directory, create, `${password}\n`)
    assert.equal(made.code, 0, made.stderr)
    const cookie = await signInCookie(second, 'bob', password)
    assert.equal(await me(second, cookie), 200)
    const disabled = await runCommand(first.directory, ['accounts', 'disable', 'bob', '--yes'])
    assert.equal(disabled.code, 0, disabled.stderr)
    await sleep(1_000)
    assert.notEqual(await me(second, cookie), 200)
  })

  test('the journal of both is one chain, and verifies', async () => {
    const verified = await runCommand(second.directory, ['audit', 'verify'])
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  })
})
