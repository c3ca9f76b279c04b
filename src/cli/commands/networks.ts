import { cidr, network, networkBody, networkList, networkPatch } from '#access/contract'
import { connect } from '../client.ts'
import { type DeleteOptions, deleting } from '../deleting.ts'
import { wrongUsage } from '../failure.ts'
import { judged } from '../input.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, print } from '../terminal.ts'
import { facts, table, time, visible } from '../text.ts'

const path = '/api/v1/networks'

export interface NewNetworkOptions extends TargetOptions {
  readonly cidr: readonly string[]
  readonly title?: string
}

export interface NetworkChange extends TargetOptions {
  readonly title?: string
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
  readonly yes?: boolean
}

export async function listNetworks(
  options: TargetOptions & { readonly search?: string; readonly limit: string },
): Promise<void> {
  const client = await connect(options)
  const list = await fetchAll(client, path, networkList, { q: options.search }, options.limit)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'No named networks.'
      : table(
          ['NAME', 'TITLE', 'ADDRESSES'],
          list.items.map((one) => [`@${one.name}`, one.title, one.cidrs.join(' ')]),
        ) + list.more,
  )
}

export async function showNetwork(name: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', networkUrl(name), network)
  print(options, raw, () =>
    facts([
      ['Name', data.name],
      ['Written', `@${data.name}`],
      ['Title', data.title],
      ['Addresses', data.cidrs.join(' ')],
      ['Id', data.id],
      ['Created', time(data.createdAt)],
      ['Changed', time(data.updatedAt)],
    ]),
  )
}

export async function createNetwork(name: string, options: NewNetworkOptions): Promise<void> {
  const { title = name, cidr: cidrs } = options
  const body = judged(networkBody, { name, title, cidrs })
  const client = await connect(options)
  const { data, raw } = await client.call('POST', path, network, { body })
  print(options, raw, () => `Created ${data.name}. Write @${data.name} where networks are listed.`)
}

export async function changeNetwork(name: string, options: NetworkChange): Promise<void> {
  const { title, add = [], remove = [] } = options
  if (title === undefined && add.length === 0 && remove.length === 0) {
    throw wrongUsage('Say what changes: --title, --add or --remove.')
  }
  const added = add.map((text) => judged(cidr, text))
  const removed = new Set(remove.map((text) => judged(cidr, text)))
  const client = await connect(options)
  const { data: before, etag } = await client.call('GET', networkUrl(name), network)
  const missing = [...removed].find((text) => !before.cidrs.includes(text))
  if (missing !== undefined) {
    throw wrongUsage(
      `${missing} is no entry of ${before.name}. It has: ${before.cidrs.join(' ')}. Nothing was changed.`,
    )
  }
  const cidrs = [...new Set([...before.cidrs.filter((text) => !removed.has(text)), ...added])]
  const body = judged(networkPatch, { title, cidrs })
  if (removed.size > 0) {
    await confirm(
      `Take ${[...removed].join(' ')} out of ${visible(before.name)}? Whoever is let in only from there is refused from now on.`,
      options,
    )
  }
  const { data, raw } = await client.call('PATCH', networkUrl(name), network, {
    body,
    headers: etag === undefined ? {} : { 'if-match': etag },
  })
  print(options, raw, () => `Changed ${data.name}. It holds: ${data.cidrs.join(' ')}`)
}

export async function deleteNetwork(name: string, options: DeleteOptions): Promise<void> {
  const client = await connect(options)
  const { data } = await client.call('GET', networkUrl(name), network)
  await confirm(
    `Delete ${visible(data.name)}? Credentials and routes that name it admit nobody from now on. This cannot be undone, and its name stays taken.`,
    options,
  )
  await client.send('DELETE', deleting(networkUrl(name), options))
  print(options, { network: data.name, deleted: true }, () => `Deleted ${visible(data.name)}.`)
}

function networkUrl(name: string): string {
  return `${path}/${encodeURIComponent(name)}`
}
