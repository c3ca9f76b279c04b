import { createHash } from 'node:crypto'
import {
  type AuthorityView,
  activatedView,
  authorityList,
  authorityRequestBody,
  authorityRequestList,
  authorityRequestView,
  authorityView,
  createAuthorityBody,
  exportedKeyView,
  exportKeyBody,
  importAuthorityBody,
  retiredView,
  revokeAuthorityBody,
} from '#pki/contract'
import { connect } from '../client.ts'
import { notWritten, wrongUsage } from '../failure.ts'
import { judged, readText } from '../input.ts'
import { fetchAll } from '../pages.ts'
import { newSecretFile } from '../secret-file.ts'
import type { TargetOptions } from '../target.ts'
import { askPassword, confirm, note, print, readSecretLine } from '../terminal.ts'
import { facts, table, time, visible } from '../text.ts'

const path = '/api/v1/certificate-authorities'
const requestsPath = '/api/v1/certificate-authority-requests'

interface Asking extends TargetOptions {
  readonly yes?: boolean
}

export interface CreateOptions extends TargetOptions {
  readonly line?: string
  readonly root?: boolean
  readonly algorithm: string
  readonly permit?: readonly string[]
  readonly exclude?: readonly string[]
}

export interface SignedOptions extends TargetOptions {
  readonly certificate: string
  readonly chain?: string
}

export interface ImportOptions extends Asking {
  readonly certificate: string
  readonly key?: string
  readonly chain?: string
  readonly line?: string
  readonly passphraseStdin?: boolean
}

export interface ReconnectOptions extends TargetOptions {
  readonly key: string
  readonly passphraseStdin?: boolean
}

export async function listAuthorities(options: TargetOptions): Promise<void> {
  const list = await fetchAll(await connect(options), path, authorityList, {}, '1000')
  print(options, list.raw, () =>
    table(
      ['AUTHORITY', 'LINE', 'STATE', 'KEY', 'ENDS', 'SIGNED BY', 'ID'],
      list.items.map((one) => [
        one.name,
        one.line,
        stateOf(one),
        `${one.key}${one.keyIsHere ? '' : ' (elsewhere)'}`,
        time(one.notAfter),
        list.items.find(({ id }) => id === one.parentId)?.name ?? (one.parentId === null ? 'itself' : one.parentId),
        one.id,
      ]),
    ),
  )
}

export async function showAuthority(id: string, options: TargetOptions & { readonly pem?: boolean }): Promise<void> {
  const { data, raw } = await getAuthority(id, options)
  if (options.pem === true) print({}, undefined, () => data.pem.trimEnd())
  else print(options, raw, () => describe(data))
}

export async function createAuthority(options: CreateOptions): Promise<void> {
  if ((options.root === true) === (options.line !== undefined)) throw wrongUsage('Name one of --line and --root.')
  const { algorithm } = options
  const wanted = options.root === true ? { kind: 'root', algorithm } : { kind: 'intermediate', ...lineOf(options) }
  const body = judged(createAuthorityBody, wanted)
  const client = await connect(options)
  const { data, raw } = await client.call('POST', path, authorityView, { body })
  print(options, raw, () => `Made.\n\n${describe(data)}`)
}

export async function requestAuthority(options: CreateOptions): Promise<void> {
  const body = judged(authorityRequestBody, lineOf(options))
  const client = await connect(options)
  const { data, raw } = await client.call('POST', requestsPath, authorityRequestView, { body })
  print(options, raw, () => data.pem.trimEnd())
  note(`When it is signed: gatehouse pki authorities signed ${data.id} --certificate FILE --chain FILE`)
}

export async function listRequests(options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', requestsPath, authorityRequestList)
  print(options, raw, () =>
    data.items.length === 0
      ? 'No request waits for a signature.'
      : table(
          ['REQUEST', 'LINE', 'MADE', 'ID'],
          data.items.map((one) => [one.name, one.line, time(one.createdAt), one.id]),
        ),
  )
}

export async function importSigned(id: string, options: SignedOptions): Promise<void> {
  const body = { certificate: readText(options.certificate), chain: readOptional(options.chain) ?? '' }
  const client = await connect(options)
  const where = `${requestsPath}/${encodeURIComponent(id)}/import`
  const { data, raw } = await client.call('POST', where, authorityView, { body })
  print(options, raw, () => `Taken in.\n\n${describe(data)}`)
}

export async function withdrawRequest(id: string, options: Asking): Promise<void> {
  const client = await connect(options)
  await confirm('Withdraw the request? Its key is deleted; a certificate signed for it is worth nothing.', options)
  await client.send('DELETE', `${requestsPath}/${encodeURIComponent(id)}`)
  print(options, { withdrawn: id }, () => 'Withdrawn.')
}

export async function importAuthority(options: ImportOptions): Promise<void> {
  const passphrase = options.passphraseStdin === true ? await readSecretLine() : undefined
  const body = judged(importAuthorityBody, {
    certificate: readText(options.certificate),
    chain: readOptional(options.chain) ?? '',
    ...(options.key === undefined ? {} : { key: readText(options.key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(options.line === undefined ? {} : { line: options.line }),
  })
  const client = await connect(options)
  await confirm('Import it? Its root is published as trusted in /ca.pem from then on.', options)
  const { data, raw } = await client.call('POST', `${path}/import`, authorityView, { body })
  print(options, raw, () => `Taken in.\n\n${describe(data)}`)
}

export async function activateAuthority(id: string, options: Asking): Promise<void> {
  const { client, data: next } = await getAuthority(id, options)
  await confirm(
    `Activate ${visible(next.name)}? It issues for ${next.line} from then on; the former one issues no more and is not activated again.`,
    options,
  )
  const { data, raw } = await client.call('POST', `${pathOf(id)}/activate`, activatedView)
  print(options, raw, () =>
    [
      `${visible(data.activated.name)} issues for ${data.activated.line}.`,
      ...(data.retired === null ? [] : [`${visible(data.retired.name)} is retired.`]),
      ...data.advice.map((line) => `- ${visible(line)}`),
    ].join('\n'),
  )
}

export async function retireAuthority(id: string, options: Asking): Promise<void> {
  const { client, data: found } = await getAuthority(id, options)
  await confirm(`Retire ${visible(found.name)}? It issues no more and is not activated again.`, options)
  const { data, raw } = await client.call('POST', `${pathOf(id)}/retire`, retiredView)
  print(options, raw, () => `${visible(data.authority.name)} is retired.${successorWords(data.successor)}`)
}

export async function revokeAuthority(id: string, options: Asking & { readonly reason: string }): Promise<void> {
  const body = judged(revokeAuthorityBody, { reason: options.reason })
  const { client, data: found } = await getAuthority(id, options)
  await confirm(
    `Revoke ${visible(found.name)}? Whatever it issued is refused everywhere from then on. This cannot be undone.`,
    options,
  )
  const { data, raw } = await client.call('POST', `${pathOf(id)}/revoke`, retiredView, { body })
  print(options, raw, () => `${visible(data.authority.name)} is revoked.${successorWords(data.successor)}`)
}

export async function exportKey(
  id: string,
  options: Asking & { readonly out: string; readonly passphraseStdin?: boolean },
): Promise<void> {
  const typed =
    options.passphraseStdin === true ? await readSecretLine() : await askPassword('A passphrase for the copy', true)
  const body = judged(exportKeyBody, { passphrase: typed })
  const { client, data: found } = await getAuthority(id, options)
  await confirm(
    `Take a copy of the private key of ${visible(found.name)}? Whoever has it and the passphrase can be anybody to everyone who trusts this root. The journal says that you took it.`,
    options,
  )
  const file = newSecretFile(options.out, '--out', 'No copy was taken.')
  const { data } = await client
    .call('POST', `${pathOf(id)}/export`, exportedKeyView, { body })
    .catch((error: unknown) => {
      file.discard()
      throw error
    })
  try {
    file.write(data.key)
  } catch (error) {
    throw notWritten(options.out, error)
  }
  print(options, { file: options.out, digest: data.digest }, () =>
    [
      `Written to ${visible(options.out)}, SHA-256 ${data.digest}.`,
      'The key is on the server still. To take it offline, once the file is where it belongs:',
      `  gatehouse pki authorities offline ${id} --file ${visible(options.out)}`,
    ].join('\n'),
  )
}

export async function disconnectKey(id: string, options: Asking & { readonly file: string }): Promise<void> {
  const digest = createHash('sha256').update(readText(options.file)).digest('hex')
  const { client, data: found } = await getAuthority(id, options)
  await confirm(
    `Delete the private key of ${visible(found.name)} on the server? From then on it is only in copies such as ${visible(options.file)}.`,
    options,
  )
  const { data, raw } = await client.call('POST', `${pathOf(id)}/disconnect`, authorityView, { body: { digest } })
  print(options, raw, () => `The key of ${visible(data.name)} is on the server no more.`)
}

export async function reconnectKey(id: string, options: ReconnectOptions): Promise<void> {
  const passphrase = options.passphraseStdin === true ? await readSecretLine() : undefined
  const body = { key: readText(options.key), ...(passphrase === undefined ? {} : { passphrase }) }
  const client = await connect(options)
  const { data, raw } = await client.call('POST', `${pathOf(id)}/reconnect`, authorityView, { body })
  print(options, raw, () => `The key of ${visible(data.name)} is on the server again.`)
}

function pathOf(id: string): string {
  return `${path}/${encodeURIComponent(id)}`
}

async function getAuthority(id: string, options: TargetOptions) {
  const client = await connect(options)
  return { ...(await client.call('GET', pathOf(id), authorityView)), client }
}

function lineOf({ line, algorithm, permit = [], exclude = [] }: CreateOptions) {
  return { line, algorithm, permittedNames: permit, excludedNames: exclude }
}

function readOptional(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readText(file)
}

function successorWords(successor: AuthorityView | null): string {
  return successor === null ? '' : ` ${visible(successor.name)} issues for ${successor.line} instead.`
}

function stateOf({ state, revokedAt }: AuthorityView): string {
  return revokedAt === null ? state : 'revoked'
}

function describe(one: AuthorityView): string {
  return facts([
    ['Name', one.name],
    ['Kind', one.kind],
    ['Line', one.line],
    ['State', stateOf(one)],
    ['Key', `${one.key}, ${one.keyIsHere ? 'on the server' : 'kept elsewhere'}`],
    ['Valid from', time(one.notBefore)],
    ['Valid until', time(one.notAfter)],
    ['Issues for', one.purposes.length === 0 ? 'any purpose' : one.purposes.join(', ')],
    ['May certify', one.permittedNames.length === 0 ? 'any name' : one.permittedNames.join(', ')],
    ['May not certify', one.excludedNames.length === 0 ? undefined : one.excludedNames.join(', ')],
    [
      'Revoked',
      one.revokedAt === null ? undefined : `${time(one.revokedAt)} (${one.revocationReason ?? 'with its root'})`,
    ],
    ['SHA-256', one.fingerprint],
    ['Id', one.id],
  ])
}
