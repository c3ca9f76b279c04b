import type { IssuedWithKey } from '#pki/contract'
import { wrongUsage } from './failure.ts'
import { readText } from './input.ts'
import { newSecretFile } from './secret-file.ts'
import type { TargetOptions } from './target.ts'
import { note, print, readSecretLine } from './terminal.ts'
import { time, visible } from './text.ts'

/** What key a certificate is for. */
export interface KeyOptions extends TargetOptions {
  readonly request?: string
  readonly newKey?: string
  readonly p12?: string
  readonly older?: boolean
  readonly passwordStdin?: boolean
}

/** As the contract says it. */
export async function keyWanted(options: KeyOptions): Promise<Readonly<Record<string, unknown>>> {
  const { request, newKey, p12 } = options
  if ([request, newKey, p12].filter((one) => one !== undefined).length !== 1) {
    throw wrongUsage('Give a request with --request, or have the key made with --new-key FILE or --p12 FILE.')
  }
  if (p12 === undefined && (options.older === true || options.passwordStdin === true)) {
    throw wrongUsage('--older and --password-stdin are about the file of --p12.')
  }
  if (request !== undefined) return { request: readText(request) }
  if (p12 === undefined) return { newKey: true }
  const password = options.passwordStdin === true ? await readSecretLine() : undefined
  const form = options.older === true ? 'older' : 'current'
  return { newKey: true, pkcs12: { form, ...(password === undefined ? {} : { password }) } }
}

/** Has it made, writes the key where it is to go, and prints the rest. The file is there before anything is made. */
export async function handOver<T extends IssuedWithKey>(
  options: KeyOptions,
  make: () => Promise<{ readonly data: T; readonly raw: unknown }>,
): Promise<T> {
  const { newKey, p12 } = options
  const wanted = newKey ?? p12
  const option = newKey === undefined ? '--p12' : '--new-key'
  const place = wanted === undefined ? undefined : newSecretFile(wanted, option, 'Nothing was issued.')
  const { data, raw } = await make().catch((error: unknown) => {
    place?.discard()
    throw error
  })
  const secret = data.privateKey ?? (data.pkcs12 === undefined ? undefined : Buffer.from(data.pkcs12, 'base64'))
  if (secret !== undefined) place?.write(secret)
  const { privateKey: _, pkcs12: __, ...told } = raw as Record<string, unknown>
  if (options.json !== true) note(`Issued ${visible(data.subject)} (${data.id}); it ends ${time(data.notAfter)}.`)
  if (p12 !== undefined && data.password !== undefined && options.json !== true) {
    note('The password of the file is told this once. Hand it over by another way than the file.')
  }
  print(options, told, () => (p12 === undefined ? data.chain.trimEnd() : (data.password ?? '')))
  return data
}
