import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { runCommand } from '../product/command.ts'
import { cleanUp, newDirectory, type Product, startProduct } from '../product/start.ts'

/** What a start that must fail wrote. */
async function failedStart(directory: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
  try {
    await startProduct({ directory, environment })
  } catch (error) {
    const output = error instanceof Error ? error.message : String(error)
    assert.doesNotMatch(output, /\n +at |node:internal|\.ts:\d+/, 'a stack trace reached the operator')
    return output
  }
  assert.fail('it started')
}

describe('a start that cannot succeed says why and changes nothing', () => {
  let good: Product
  const data = (directory: string, file: string): string => join(directory, 'data', file)

  before(async () => {
    good = await startProduct()
    const setup = ['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin']
    const made = await runCommand(good.directory, setup, 'granite harbour willow 7\n')
    assert.equal(made.code, 0, made.stderr)
  })
  after(cleanUp)

  test('every wrong setting is named at once, with exit code 78', async () => {
    const directory = newDirectory()
    writeFileSync(join(directory, 'gatehouse.toml'), '[database]\nurl = "nowhere"\n[identty]\nx = 1\n')
    const environment = { GATEHOUSE_LISTEN_HTTPS: '127.0.0.1:65536', GATEHOUSE_DATABSE_URL: 'x' }
    const output = await failedStart(directory, environment)
    assert.match(output, /ended with 78/)
    assert.match(output, /4 faults .*; nothing was started/)
    assert.match(output, /\[listen\] https: a port is at most 65535/)
    assert.match(output, /\[database\] url: expected postgres:/)
    assert.match(output, /identty: unknown key; did you mean identity\?/)
    assert.match(output, /GATEHOUSE_DATABSE_URL: unknown setting; did you mean GATEHOUSE_DATABASE_URL\?/)
  })

  test('a second server on the same data directory is refused, the first goes on', async () => {
    const output = await failedStart(good.directory)
    assert.match(output, /platform\.already-running/)
    assert.equal((await runCommand(good.directory, ['accounts', 'list'])).code, 0)
  })

  test('of several that start at once on a new data directory one serves, and the others say so', async () => {
    const directory = newDirectory()
    const starts = await Promise.allSettled([1, 2, 3].map(() => startProduct({ directory })))
    const refused = starts.flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []))
    assert.equal(refused.length, 2)
    for (const output of refused) {
      assert.match(output, /ended with 1:\ngatehouse: another Gatehouse .*\n {2}\(platform\.already-running\)\n$/)
    }
    assert.equal((await runCommand(directory, ['accounts', 'list'])).code, 0)
  })

  test('a database that cannot be reached', async () => {
    const output = await failedStart(newDirectory(), { GATEHOUSE_DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/x' })
    assert.match(output, /ECONNREFUSED 127\.0\.0\.1:1\n {2}Nothing was started\. See that the database runs/)
    assert.match(output, /\(platform\.storage-unavailable\)/)
    assert.doesNotMatch(output, /hunter2/)
  })

  test('a data directory that cannot be made says why', async () => {
    const place = newDirectory()
    writeFileSync(join(place, 'file'), '')
    symlinkSync(join(place, 'nowhere'), join(place, 'link'))
    const cases = [
      // Node's own way of making directories never came back from there
      ['/proc/gatehouse', /cannot be made: no such file or directory \(ENOENT\)/],
      [join(place, 'file'), /is not a directory/],
      [join(place, 'file', 'data'), /cannot be made: not a directory \(ENOTDIR\)/],
      [join(place, 'link'), /cannot be made: no such file or directory \(ENOENT\)/],
    ] as const
    for (const [path, why] of cases) {
      const output = await failedStart(place, { GATEHOUSE_DATA: path })
      assert.match(output, /ended with 1:\n/)
      assert.ok(output.includes(`gatehouse: ${path}: `), output)
      assert.match(output, why)
      assert.match(output, /\(platform\.data-directory\)/)
    }
  })

  test('a port that is taken is named with the setting to change', async () => {
    const output = await failedStart(newDirectory(), { GATEHOUSE_LISTEN_HTTPS: `127.0.0.1:${good.port}` })
    assert.match(output, /platform\.port-unavailable/)
    assert.match(output, /\[listen\] https/)
  })

  describe('on the data of a server that was stopped', () => {
    before(() => good.stop())

    /** Starts on a copy of the good data after `change` spoilt it. */
    async function withCopy(
      change: (directory: string) => void,
    ): Promise<{ readonly output: string; readonly directory: string }> {
      const directory = newDirectory()
      mkdirSync(join(directory, 'data'), { mode: 0o700 })
      for (const file of ['gatehouse.db', 'seal.key']) copyFileSync(data(good.directory, file), data(directory, file))
      change(directory)
      return { output: await failedStart(directory), directory }
    }

    test('a damaged database', async () => {
      const { output, directory } = await withCopy((where) => {
        const bytes = readFileSync(data(where, 'gatehouse.db'))
        bytes.fill(0x5a, 0, 100)
        writeFileSync(data(where, 'gatehouse.db'), bytes)
      })
      assert.match(
        output,
        /nothing was written to it\. .* restore the newest backup\.\n {2}\(platform\.database-corrupt\)/,
      )
      assert.equal(readFileSync(data(directory, 'gatehouse.db'))[0], 0x5a, 'the damaged file was written to')
    })

    test('a database of a newer version', async () => {
      const { output } = await withCopy((where) => {
        const database = new DatabaseSync(data(where, 'gatehouse.db'))
        const row = database.prepare('select * from platform_migrations limit 1').get() ?? {}
        const columns = Object.keys(row)
        const values = columns.map((column) => (column === 'id' ? '9999-from-the-future' : row[column]))
        const marks = columns.map(() => '?').join(', ')
        database
          .prepare(`insert into platform_migrations (${columns.join(', ')}) values (${marks})`)
          .run(...values.map((value) => value ?? null))
        database.close()
      })
      assert.match(output, /platform\.database-newer/)
      assert.match(output, /9999-from-the-future/)
    })

    test('a wrong seal key: no new keys are made over the old data', async () => {
      const { output, directory } = await withCopy((where) => {
        writeFileSync(data(where, 'seal.key'), randomBytes(readFileSync(data(where, 'seal.key')).length))
      })
      assert.match(output, /platform\.(wrong-seal-key|seal-key)/)
      copyFileSync(data(good.directory, 'seal.key'), data(directory, 'seal.key'))
      const again = await startProduct({ directory })
      assert.equal(again.setupLink, undefined, 'with the right key everything is there again')
      await again.stop()
    })

    test('a missing seal key', async () => {
      const { output } = await withCopy((where) => rmSync(data(where, 'seal.key')))
      assert.match(output, /platform\.(wrong-seal-key|seal-key)/)
    })

    test('a database that another program holds: what is waited for is told', async () => {
      const held: DatabaseSync[] = []
      const { output } = await withCopy((where) => {
        const database = new DatabaseSync(data(where, 'gatehouse.db'))
        database.exec('BEGIN IMMEDIATE')
        held.push(database)
      })
      for (const database of held) database.close()
      assert.match(output, /^gatehouse: still starting: .*, or waiting for another program that holds the database/m)
      assert.match(output, /^gatehouse: .*database is locked/m)
      assert.match(output, /\(platform\.storage-unavailable\)\n$/)
    })

    test('a pipe in the place of the seal key is not waited for', async () => {
      const { output } = await withCopy((where) => {
        rmSync(data(where, 'seal.key'))
        execFileSync('mkfifo', ['-m', '600', data(where, 'seal.key')])
      })
      assert.match(output, /seal\.key is not a file\. .*\n {2}\(platform\.wrong-seal-key\)/)
    })

    test('a seal key or data directory that others may read', async () => {
      const open = await withCopy((where) => chmodSync(data(where, 'seal.key'), 0o644))
      assert.match(open.output, /seal/)
      for (const mode of [0o755, 0o750]) {
        const directory = await withCopy((where) => chmodSync(join(where, 'data'), mode))
        assert.match(directory.output, /platform\.data-directory/)
        assert.match(directory.output, /chmod 700/)
      }
    })
  })
})
