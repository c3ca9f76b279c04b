import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Place } from './databases.ts'

export interface Wire {
  readonly place: Place
  /** Nobody reaches the database any more, as when it was ended. */
  cut(): Promise<void>
  mend(): Promise<void>
  /** Nothing passes on the connections that are open, nor are they ended, as when the machine behind them is gone. New ones work. */
  hush(): void
}

/** A way to a PostgreSQL that can be cut. */
export async function wireTo(t: TestContext, place: Place): Promise<Wire> {
  if (place.dialect !== 'postgres') throw new TypeError('only PostgreSQL can be away')
  const url = new URL(place.url)
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-wire-'))
  const folder = url.searchParams.get('host')
  const port = Number(url.port || 5432)
  const target = folder === null ? { host: url.hostname, port } : { path: join(folder, `.s.PGSQL.${port}`) }
  const path = join(directory, '.s.PGSQL.5432')
  const open = new Set<Socket>()
  let server: Server
  const mend = async (): Promise<void> => {
    server = createServer((client) => {
      const behind = connect(target)
      for (const each of [client, behind]) {
        open.add(each)
        each.on('error', () => undefined).once('close', () => open.delete(each))
      }
      client.pipe(behind).pipe(client)
    }).listen(path)
    await once(server, 'listening')
  }
  const cut = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const each of open) each.destroy()
    await closed
  }
  const hush = (): void => {
    for (const each of open) each.unpipe().pause()
  }
  await mend()
  t.after(async () => {
    await cut()
    rmSync(directory, { recursive: true, force: true })
  })
  url.searchParams.set('host', directory)
  url.port = ''
  return { place: { dialect: 'postgres', url: url.href }, cut, mend, hush }
}
