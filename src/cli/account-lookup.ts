import type { z } from 'zod'
import { accountBody, accountList } from '#identity/contract'
import { isId } from '#kit'
import type { Client } from './client.ts'
import { exitCodes, Failure } from './failure.ts'

/** An account by its id or handle. @throws Failure `cli.no-such-account`, or what the server refuses */
export async function findAccount(client: Client, wanted: string): Promise<z.infer<typeof accountBody>> {
  if (isId('acc', wanted)) return (await client.call('GET', `/api/v1/accounts/${wanted}`, accountBody)).data
  const handle = wanted.toLowerCase()
  let cursor: string | undefined
  do {
    const query = { q: handle.slice(0, 100), limit: 200, cursor }
    const { data } = await client.call('GET', '/api/v1/accounts', accountList, { query })
    const found = data.items.find((account) => account.handle === handle)
    if (found !== undefined) return found
    cursor = data.next ?? undefined
  } while (cursor !== undefined)
  throw new Failure({
    exit: exitCodes.failed,
    code: 'cli.no-such-account',
    title: 'No such account',
    detail: `No account has the handle ${wanted}. Nothing was changed. "gatehouse accounts list" shows them all.`,
  })
}

/** The id of whoever is named: built-in principals and ids go as they are, anything else is a handle. @throws as `findAccount` */
export async function principalIdOf(client: Client, named: string | undefined): Promise<string | undefined> {
  if (named === undefined || /^(local|system|anonymous)$|^[a-z]+_[0-9a-f]{32}$/.test(named)) return named
  return (await findAccount(client, named)).id
}
