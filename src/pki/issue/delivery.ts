import type { KeyObject } from 'node:crypto'
import type { Random } from '#platform'
import { writePkcs12 } from '../x509/pkcs12.ts'
import { titleOf } from './certificate-store.ts'
import type { IssueBody } from './contract.ts'
import type { IssuedCertificate } from './issue.ts'

/** A key made here, as it is handed over: once, and kept nowhere. */
export type Delivery =
  | { readonly kind: 'pem'; readonly privateKeyPem: string }
  | {
      readonly kind: 'pkcs12'
      readonly file: Uint8Array
      /** What to call the file. */
      readonly name: string
      /** The password where it was made here; whoever gave one knows it. */
      readonly password: string | undefined
    }

/** Key, certificate and what stands between it and the root; the root is trusted by itself, never by the way. */
export async function deliverKey(
  { record, issuer }: IssuedCertificate,
  key: KeyObject,
  wanted: IssueBody['pkcs12'],
  random: Random,
): Promise<Delivery> {
  if (wanted === undefined) {
    return { kind: 'pem', privateKeyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString() }
  }
  const password = wanted.password === undefined ? newPassword(random) : undefined
  const privateKey = key.export({ type: 'pkcs8', format: 'der' })
  const name = titleOf(record)
  const file = await writePkcs12(
    {
      privateKey,
      certificates: [record.certificate, ...issuer.chain],
      friendlyName: record.label ?? name,
      password: wanted.password ?? password ?? '',
      form: wanted.form,
    },
    random,
  )
  privateKey.fill(0)
  return { kind: 'pkcs12', file, name: `${name.replaceAll(/[^a-z0-9.-]/gi, '-')}.p12`, password }
}

/** Without what is mistaken for something else when typed on a phone. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789'
const characters = 24
const inGroup = 4

/** 118 bits: six groups of four. */
export function newPassword(random: Random): string {
  let text = ''
  while (text.length < characters) {
    for (const byte of random.bytes(32)) text += alphabet[byte & 31] ?? ''
  }
  const groups = text.slice(0, characters).match(new RegExp(`.{${inGroup}}`, 'g')) ?? []
  return groups.join('-')
}
