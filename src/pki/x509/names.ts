import { canonicalAddress } from '#kit'
import { tags } from './der.ts'
import {
  context,
  contextConstructed,
  type DerElement,
  DerReader,
  elementsOf,
  enter,
  malformed,
  oidOf,
  unwrap,
} from './der-reader.ts'
import { X509Refusal } from './refusal.ts'

/**
 * Names as others wrote them (RFC 5280 §4.1.2.4, §4.2.1.6). What comes out is what stands there, wildcards, addresses
 * and letters of any script included: policy decides about those. Only what has no place in any name is refused here,
 * because it would be shown as another name than it is: NUL, control, invisible and direction characters, bytes that are
 * no text.
 */

/** How an attribute's value was written. */
export type StringType = 'utf8' | 'printable' | 'ia5' | 'numeric' | 'visible' | 'bmp'

export interface NameAttribute {
  /** `2.5.4.3` */
  readonly id: string
  /** `commonName`, where we know one. */
  readonly attribute: AttributeName | undefined
  readonly value: string
  readonly type: StringType
  /** Which relative name it stands in, from 0: several attributes may share one. */
  readonly position: number
}

export const attributeIds = {
  commonName: '2.5.4.3',
  serialNumber: '2.5.4.5',
  countryName: '2.5.4.6',
  localityName: '2.5.4.7',
  stateOrProvinceName: '2.5.4.8',
  organizationName: '2.5.4.10',
  organizationalUnitName: '2.5.4.11',
  title: '2.5.4.12',
  givenName: '2.5.4.42',
  surname: '2.5.4.4',
  userId: '0.9.2342.19200300.100.1.1',
  domainComponent: '0.9.2342.19200300.100.1.25',
  emailAddress: '1.2.840.113549.1.9.1',
} as const
export type AttributeName = keyof typeof attributeIds

const attributeNames: ReadonlyMap<string, AttributeName> = new Map(
  Object.entries(attributeIds).map(([name, id]) => [id, name as AttributeName]),
)

export type GeneralName =
  | { readonly kind: 'dns' | 'email' | 'uri'; readonly text: string }
  | { readonly kind: 'ip'; readonly text: string; readonly bytes: Uint8Array }
  | { readonly kind: 'directory'; readonly name: readonly NameAttribute[] }
  /** A kind that we do not read. `id` says more: the type of an other name, the registered id itself. */
  | { readonly kind: 'other'; readonly form: OtherForm; readonly id: string | undefined }
export type OtherForm = 'otherName' | 'x400Address' | 'ediPartyName' | 'registeredID'

/** Most attributes in one name, and most alternative names in one list. */
const mostNames = 256

/** A distinguished name, attribute by attribute in the order they stand. */
export function readName(element: DerElement, what: string): readonly NameAttribute[] {
  if (element.tag !== tags.sequence) throw malformed(what)
  const relative = elementsOf(element, what, 0)
  const attributes = relative.flatMap((set, position) => {
    if (set.tag !== tags.set) throw malformed(what)
    return elementsOf(set, what).map((pair) => readAttribute(pair, position, what))
  })
  if (attributes.length > mostNames)
    throw new X509Refusal('too-large', `its ${what} has more than ${mostNames} attributes`)
  return attributes
}

function readAttribute(pair: DerElement, position: number, what: string): NameAttribute {
  const reader = enter(pair, tags.sequence, what)
  const id = oidOf(reader.take(tags.oid).content)
  const { type, value } = readString(reader.takeAny(), what)
  reader.end()
  return { id, attribute: attributeNames.get(id), value, type, position }
}

/** One line for people: `CN=Gatehouse root, O=Gatehouse`, most specific attribute first. */
export function nameText(name: readonly NameAttribute[]): string {
  const parts = name.map(({ attribute, id, value }) => {
    const label = attribute === undefined ? id : (shortNames[attribute] ?? attribute)
    return `${label}=${value.replaceAll(/[\\,+"<>;=]/g, '\\$&')}`
  })
  return parts.toReversed().join(', ')
}

const shortNames: Partial<Record<AttributeName, string>> = {
  commonName: 'CN',
  countryName: 'C',
  localityName: 'L',
  stateOrProvinceName: 'ST',
  organizationName: 'O',
  organizationalUnitName: 'OU',
  userId: 'UID',
  domainComponent: 'DC',
}

/** `GeneralNames`: at least one. */
export function readGeneralNames(element: DerElement, what: string): readonly GeneralName[] {
  const parts = elementsOf(element, what)
  if (parts.length > mostNames) throw new X509Refusal('too-large', `its ${what} has more than ${mostNames} names`)
  return parts.map((part) => readGeneralName(part, what))
}

export function readGeneralName(element: DerElement, what: string): GeneralName {
  switch (element.tag) {
    case context(1):
      return { kind: 'email', text: asciiText(element.content, what) }
    case context(2):
      return { kind: 'dns', text: asciiText(element.content, what) }
    case context(6):
      return { kind: 'uri', text: asciiText(element.content, what) }
    case context(7):
      return { kind: 'ip', text: addressText(element.content, what), bytes: element.content }
    case contextConstructed(4):
      return { kind: 'directory', name: readName(unwrap(element, what), what) }
    case contextConstructed(0):
      return { kind: 'other', form: 'otherName', id: oidOf(new DerReader(element, what).take(tags.oid).content) }
    case contextConstructed(3):
      return { kind: 'other', form: 'x400Address', id: undefined }
    case contextConstructed(5):
      return { kind: 'other', form: 'ediPartyName', id: undefined }
    case context(8):
      return { kind: 'other', form: 'registeredID', id: readImplicitOid(element.content, what) }
    default:
      throw malformed(what)
  }
}

/** The content under a context tag was not walked with the rest: the limits of an identifier are checked here. */
function readImplicitOid(content: Uint8Array, what: string): string {
  const isWhole = content.length > 0 && content.length <= 64 && (content.at(-1) ?? 0) < 0x80
  if (!isWhole) throw malformed(what)
  return oidOf(content)
}

function addressText(content: Uint8Array, what: string): string {
  if (content.length === 4) return content.join('.')
  if (content.length !== 16) throw new X509Refusal('name', `its ${what} holds an address of ${content.length} bytes`)
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((content[index * 2] ?? 0) << 8) | (content[index * 2 + 1] ?? 0)).toString(16),
  ).join(':')
  // an IPv4-mapped address is another address than the IPv4 one: it is written as it stands
  return groups.startsWith('0:0:0:0:0:ffff:') ? groups : (canonicalAddress(groups) ?? groups)
}

/** A string of any of the types names are written in. */
export function readString(element: DerElement, what: string): { readonly type: StringType; readonly value: string } {
  const type = stringTypes.get(element.tag)
  if (type === undefined) throw new X509Refusal('name', `its ${what} holds a string of an outdated type`)
  const value = decode(type, element.content, what)
  checkCharacters(value, what)
  return { type, value }
}

const stringTypes: ReadonlyMap<number, StringType> = new Map([
  [tags.utf8String, 'utf8'],
  [tags.printableString, 'printable'],
  [tags.ia5String, 'ia5'],
  [0x12, 'numeric'],
  [0x1a, 'visible'],
  [0x1e, 'bmp'],
])

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const wider = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true })
const allowed: Partial<Record<StringType, RegExp>> = {
  printable: /^[A-Za-z0-9 '()+,\-./:=?]*$/,
  numeric: /^[0-9 ]*$/,
}

function decode(type: StringType, content: Uint8Array, what: string): string {
  if (type === 'utf8' || type === 'bmp') {
    try {
      return (type === 'utf8' ? utf8 : wider).decode(content)
    } catch {
      throw new X509Refusal('name', `its ${what} holds bytes that are no text`)
    }
  }
  const text = asciiText(content, what)
  if (allowed[type]?.test(text) === false)
    throw new X509Refusal('name', `its ${what} holds a character its type has not`)
  return text
}

function asciiText(content: Uint8Array, what: string): string {
  if (content.some((byte) => byte < 0x20 || byte > 0x7e)) {
    throw new X509Refusal('name', `its ${what} holds NUL, a control character or something besides ASCII`)
  }
  return Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1')
}

/** Control, direction and invisible characters, line separators, private and unassigned code points. */
const unfit = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]/u

function checkCharacters(value: string, what: string): void {
  if (unfit.test(value)) throw new X509Refusal('name', `its ${what} holds NUL, a control character or an invisible one`)
}
