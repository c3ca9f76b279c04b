import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'pg'

/** Why there is no PostgreSQL to test on; `undefined` when there is. */
export function postgresMissing(): string | undefined {
  if (process.env['GATEHOUSE_TEST_POSTGRES'] !== undefined) return undefined
  if (programs() === undefined) return 'needs the Debian package postgresql'
  if (process.getuid?.() === 0 && unprivileged() === undefined)
    return 'needs the Debian package postgresql (its user postgres)'
  return undefined
}

let cluster: Promise<string> | undefined

/** A schema of its own in the test server, with the URL that leads to it. */
export async function postgresUrl(): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> {
  cluster ??= startPostgres()
  const server = await cluster
  const schema = `test_${randomBytes(8).toString('hex')}`
  await onServer(server, `create schema ${schema}`)
  const url = new URL(server)
  url.searchParams.set('options', `-csearch_path=${schema}`)
  return { url: url.href, drop: () => onServer(server, `drop schema ${schema} cascade`) }
}

/**
 * The URL of the server tests run on: `GATEHOUSE_TEST_POSTGRES`, or a temporary cluster without any durability, on a
 * unix socket only. It ends with this process, however that ends.
 */
export async function startPostgres(): Promise<string> {
  const given = process.env['GATEHOUSE_TEST_POSTGRES']
  if (given !== undefined) return given
  const bin = programs()
  if (bin === undefined) throw new Error('no PostgreSQL to test on: needs the Debian package postgresql')
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-pg-'))
  const user = process.getuid?.() === 0 ? unprivileged() : undefined
  if (user !== undefined) chownSync(directory, user.uid, user.gid)
  const data = join(directory, 'data')
  execFileSync(
    join(bin, 'initdb'),
    ['--no-sync', '--auth=trust', '--encoding=UTF8', '--locale=C', '--username=postgres', data],
    { ...user, stdio: ['ignore', 'ignore', 'pipe'], cwd: directory },
  )
  await launch(join(bin, 'postgres'), directory, data, user)
  return `postgres://postgres@localhost/postgres?host=${encodeURIComponent(directory)}`
}

// The shell stops the server and removes its files when our end of the pipe closes, so even a killed test leaves nothing.
const keeper = `
  trap '' INT TERM HUP
  "$1" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    -c max_connections=200 -c shared_buffers=32MB -c autovacuum=off </dev/null &
  read -r _
  kill -QUIT $!
  wait
  rm -rf "$2"
`

async function launch(program: string, directory: string, data: string, user: Owner | undefined): Promise<void> {
  const child = spawn('/bin/sh', ['-c', keeper, 'sh', program, directory], {
    ...user,
    cwd: directory,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let output = ''
  const ready = new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('ready to accept connections')) resolve()
    })
    child.once('exit', () => reject(new Error(`PostgreSQL did not start in ${data}: ${output}`)))
  })
  await ready
  child.stderr.removeAllListeners('data')
  child.stderr.resume()
  child.unref()
  for (const stream of [child.stdin, child.stderr]) if ('unref' in stream) (stream as { unref(): void }).unref()
}

let administration: Pool | undefined

async function onServer(url: string, statement: string): Promise<void> {
  // one connection for all, which does not keep the process
  administration ??= new Pool({ connectionString: url, max: 1, allowExitOnIdle: true })
  await administration.query(statement)
}

/** The newest installed version's programs. */
function programs(): string | undefined {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return undefined
  const versions = readdirSync(root).sort((one, other) => Number(other) - Number(one))
  return versions.map((version) => join(root, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')))
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL refuses to run as root; the package brings this user. */
function unprivileged(): Owner | undefined {
  const idOf = (flag: string) => {
    return Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString())
  }
  try {
    return { uid: idOf('-u'), gid: idOf('-g') }
  } catch {
    return undefined
  }
}
