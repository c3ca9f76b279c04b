import { holderDetail, holderList, holderPatch, newHolderBody } from '#pki/contract'
import { type Client, connect } from '../client.ts'
import { wrongUsage } from '../failure.ts'
import { isDeviceOrServiceId } from '../holder.ts'
import { judged } from '../input.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, print } from '../terminal.ts'
import { facts, table, time, visible } from '../text.ts'

const path = '/api/v1/certificate-holders'

export async function listHolders(
  options: TargetOptions & { readonly search?: string; readonly kind?: string; readonly limit: string },
): Promise<void> {
  const client = await connect(options)
  const list = await fetchAll(client, path, holderList, { q: options.search, kind: options.kind }, options.limit)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'No devices and services.'
      : table(
          ['NAME', 'KIND', 'TITLE', 'CERTIFICATES', 'LAST SEEN', 'ID'],
          list.items.map((one) => [
            one.name,
            one.kind,
            visible(one.title),
            String(one.certificates),
            one.lastSeenAt === null ? 'never' : time(one.lastSeenAt),
            one.id,
          ]),
        ) + list.more,
  )
}

export async function showHolder(holder: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', await urlOf(client, holder), holderDetail)
  print(options, raw, () =>
    facts([
      ['Name', data.name],
      ['Kind', data.kind],
      ['Title', data.title === '' ? undefined : visible(data.title)],
      ['Certificates', String(data.certificates)],
      ['The last ends', data.endsAt === null ? undefined : time(data.endsAt)],
      ['Last seen', data.lastSeenAt === null ? 'never' : time(data.lastSeenAt)],
      ['Roles', data.roles.join(', ') || 'none'],
      ['Groups', data.groups.join(', ') || 'none'],
      ['Added', time(data.createdAt)],
      ['Added by', data.createdBy ?? undefined],
      ['Id', data.id],
    ]),
  )
}

export async function createHolder(
  name: string,
  options: TargetOptions & { readonly kind: string; readonly title?: string },
): Promise<void> {
  const { kind, title = '' } = options
  const body = judged(newHolderBody, { kind, name, title })
  const client = await connect(options)
  const { data, raw } = await client.call('POST', path, holderDetail, { body })
  print(options, raw, () => `Added the ${data.kind} ${data.name} (${data.id}).`)
}

export async function renameHolder(
  holder: string,
  options: TargetOptions & { readonly title?: string },
): Promise<void> {
  if (options.title === undefined) throw wrongUsage('Say what it is called from now on: --title.')
  const body = judged(holderPatch, { title: options.title })
  const client = await connect(options)
  const { data, raw } = await client.call('PATCH', await urlOf(client, holder), holderDetail, { body })
  print(options, raw, () => `Changed ${data.name}.`)
}

export async function removeHolder(holder: string, options: TargetOptions & { readonly yes?: boolean }): Promise<void> {
  const client = await connect(options)
  const url = await urlOf(client, holder)
  const { data } = await client.call('GET', url, holderDetail)
  const ended = data.certificates === 1 ? 'Its certificate is' : `Its ${data.certificates} certificates are`
  const question = `Remove the ${data.kind} ${visible(data.name)}? ${ended} refused from the next use on, its roles and grants end, its name is never used again. This cannot be undone.`
  await confirm(question, options)
  await client.send('DELETE', url)
  print(options, { removed: data.id }, () => `Removed ${visible(data.name)}.`)
}

/** By id, or by the name where one only is called so. */
async function urlOf(client: Client, holder: string): Promise<string> {
  if (isDeviceOrServiceId(holder)) return `${path}/${holder}`
  const { items } = await fetchAll(client, path, holderList, { q: holder.toLowerCase() }, '1000')
  const [found, ...others] = items.filter(({ name }) => name === holder)
  // the server says that it knows nobody of this name
  if (found === undefined) return `${path}/${encodeURIComponent(holder)}`
  if (others.length > 0) throw wrongUsage(`A device and a service are called ${visible(holder)}: give the id.`)
  return `${path}/${found.id}`
}
