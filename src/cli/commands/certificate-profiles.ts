import { newProfileBody, type ProfileView, profileList, profilePatch, profileView } from '#pki/contract'
import { connect } from '../client.ts'
import { wrongUsage } from '../failure.ts'
import { judged } from '../input.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, print } from '../terminal.ts'
import { facts, table, time, visible } from '../text.ts'

const path = '/api/v1/certificate-profiles'

interface ProfileOptions extends TargetOptions {
  readonly key?: readonly string[]
  readonly line?: string
  readonly title?: string
  readonly description?: string
}

export interface NewProfileOptions extends ProfileOptions {
  readonly kind: string
  readonly days: string
  readonly name?: readonly string[]
}

export interface ProfileChange extends ProfileOptions {
  readonly days?: string
  readonly addName?: readonly string[]
  readonly removeName?: readonly string[]
}

export async function listProfiles(options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', path, profileList)
  print(options, raw, () =>
    table(
      ['NAME', 'KIND', 'FOR', 'DAYS', 'LINE', 'NAMES'],
      data.items.map((one) => [one.name, one.kind, one.title, String(one.days), one.line, one.names.join(' ')]),
    ),
  )
}

export async function showProfile(name: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', urlOf(name), profileView)
  print(options, raw, () => told(data))
}

export async function createProfile(name: string, options: NewProfileOptions): Promise<void> {
  const { kind, days, name: names, title = name } = options
  const body = judged(newProfileBody, {
    name,
    kind,
    ...contentOf({ ...options, title }),
    days: Number(days),
    ...(names === undefined ? {} : { names }),
  })
  const client = await connect(options)
  const { data, raw } = await client.call('POST', path, profileView, { body })
  print(options, raw, () => told(data))
}

export async function updateProfile(name: string, options: ProfileChange): Promise<void> {
  const { days, addName = [], removeName = [] } = options
  const given = { ...contentOf(options), ...(days === undefined ? {} : { days: Number(days) }) }
  if (Object.keys(given).length + addName.length + removeName.length === 0) {
    throw wrongUsage('Say what changes: --days, --add-name, --remove-name, --key, --line, --title or --description.')
  }
  judged(profilePatch, given)
  const client = await connect(options)
  const { data: before, etag } = await client.call('GET', urlOf(name), profileView)
  const missing = removeName.find((text) => !before.names.includes(text))
  if (missing !== undefined) {
    throw wrongUsage(`${visible(missing)} is no name of ${visible(before.name)}. Nothing was changed.`)
  }
  const names = [...before.names.filter((text) => !removeName.includes(text)), ...addName]
  const body = judged(profilePatch, { ...given, ...(addName.length + removeName.length === 0 ? {} : { names }) })
  const headers = etag === undefined ? {} : { 'if-match': etag }
  const { data, raw } = await client.call('PATCH', urlOf(name), profileView, { body, headers })
  print(options, raw, () => told(data))
}

export async function deleteProfile(name: string, options: TargetOptions & { readonly yes?: boolean }): Promise<void> {
  const client = await connect(options)
  const { data, etag } = await client.call('GET', urlOf(name), profileView)
  await confirm(
    `Remove the profile ${visible(data.name)}? Nothing is issued or renewed by it any more; its certificates stand until they end. This cannot be undone, and its name stays taken.`,
    options,
  )
  await client.send('DELETE', urlOf(name), etag === undefined ? {} : { headers: { 'if-match': etag } })
  print(options, { profile: data.name, deleted: true }, () => `Removed ${visible(data.name)}.`)
}

function contentOf({ key, line, title, description }: ProfileOptions) {
  return {
    ...(key === undefined ? {} : { keys: key }),
    ...(line === undefined ? {} : { line }),
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
  }
}

function told(one: ProfileView): string {
  return facts([
    ['Name', one.name],
    ['Title', visible(one.title)],
    ['Description', one.description === '' ? undefined : visible(one.description)],
    ['Kind', one.kind],
    ['Purposes', one.purposes.join(', ')],
    ['Line', one.line],
    ['Days', String(one.days)],
    ['Keys', one.keys.join(', ')],
    ['Names', one.names.map(visible).join(' ')],
    ['Changed', one.updatedAt === null ? 'never: built in' : time(one.updatedAt)],
  ])
}

function urlOf(name: string): string {
  return `${path}/${encodeURIComponent(name)}`
}
