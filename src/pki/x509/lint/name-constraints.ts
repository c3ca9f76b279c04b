import { tags } from '../der.ts'
import { context, contextConstructed, type DerElement, elementsOf, enter, malformed, readDer } from '../der-reader.ts'
import { type GeneralName, readGeneralName } from '../names.ts'

/** What an authority may name (RFC 5280 §4.2.1.10). */
export interface NameConstraints {
  readonly permitted: readonly Subtree[]
  readonly excluded: readonly Subtree[]
}

export type Subtree =
  | { readonly kind: 'dns' | 'email' | 'uri'; readonly text: string }
  | { readonly kind: 'ip'; readonly address: Uint8Array; readonly mask: Uint8Array }
  | { readonly kind: 'other' }

export function readNameConstraints(value: Uint8Array): NameConstraints {
  const reader = enter(readDer(value), tags.sequence, 'name constraints')
  const permitted = reader.takeIf(contextConstructed(0))
  const excluded = reader.takeIf(contextConstructed(1))
  reader.end()
  if (permitted === undefined && excluded === undefined) throw malformed('name constraints')
  return { permitted: readSubtrees(permitted), excluded: readSubtrees(excluded) }
}

function readSubtrees(list: DerElement | undefined): readonly Subtree[] {
  if (list === undefined) return []
  return elementsOf(list, 'name constraints').map((subtree) => {
    const reader = enter(subtree, tags.sequence, 'name constraints')
    const base = reader.takeAny()
    // minimum is 0 by default and maximum absent: nothing follows
    reader.end()
    return readBase(base)
  })
}

function readBase(base: DerElement): Subtree {
  if (base.tag === context(7)) {
    const half = base.content.length / 2
    if (half !== 4 && half !== 16) throw malformed('name constraints')
    return { kind: 'ip', address: base.content.subarray(0, half), mask: base.content.subarray(half) }
  }
  const name = readGeneralName(base, 'name constraints')
  return name.kind === 'dns' || name.kind === 'email' || name.kind === 'uri' ? name : { kind: 'other' }
}

/** Whether a name may be certified: in one of the permitted subtrees of its kind, if there are any, and in no excluded one. */
export function isWithin(name: GeneralName, { permitted, excluded }: NameConstraints): boolean {
  const ofKind = permitted.filter((subtree) => subtree.kind === name.kind)
  if (ofKind.length > 0 && !ofKind.some((subtree) => holds(subtree, name))) return false
  return !excluded.some((subtree) => holds(subtree, name))
}

function holds(subtree: Subtree, name: GeneralName): boolean {
  if (subtree.kind === 'ip') return name.kind === 'ip' && inNetwork(subtree, name.bytes)
  if (subtree.kind === 'other' || subtree.kind !== name.kind || !('text' in name)) return false
  const limit = subtree.text.toLowerCase()
  if (subtree.kind === 'dns') return isBelow(name.text.toLowerCase(), limit)
  if (subtree.kind === 'uri') return isHost(hostOf(name.text), limit)
  const [, host = ''] = name.text.toLowerCase().split('@', 2)
  return limit.includes('@') ? name.text.toLowerCase() === limit : isHost(host, limit)
}

/** DNS: the name itself and all below it. */
function isBelow(name: string, limit: string): boolean {
  return limit === '' || name === limit || name.endsWith(`.${limit}`)
}

/** URI and mail: the host itself, or with a leading dot those below it. */
function isHost(host: string, limit: string): boolean {
  return limit.startsWith('.') ? host.endsWith(limit) : host === limit
}

function hostOf(uri: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:]*)/i.exec(uri)?.[1]?.toLowerCase() ?? ''
}

function inNetwork(
  { address, mask }: { readonly address: Uint8Array; readonly mask: Uint8Array },
  bytes: Uint8Array,
): boolean {
  return (
    bytes.length === address.length &&
    bytes.every((byte, at) => (byte & (mask[at] ?? 0)) === ((address[at] ?? 0) & (mask[at] ?? 0)))
  )
}
