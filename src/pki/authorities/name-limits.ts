import { canonicalAddress, parseCidr } from '#kit'
import { tags } from '../x509/der.ts'
import { context, contextConstructed, type DerElement, elementsOf, enter, readDer } from '../x509/der-reader.ts'
import type { NameSubtree } from '../x509/extensions.ts'
import type { AuthorityScope } from './authority-profiles.ts'

/** Name constraints as people write and read them. */

/** @param text one that `nameLimit` of the contract took */
function subtreeOf(text: string): NameSubtree {
  const network = parseCidr(text)
  if (network !== undefined) return { kind: 'ip', network }
  const [, kind = 'dns', name = text] = /^(dns|uri|email):(.*)$/.exec(text) ?? []
  return { kind: kind === 'uri' || kind === 'email' ? kind : 'dns', text: name }
}

/** What an operator's line may issue; `undefined` where no name was given, so that the line's own rule holds. */
export function scopeFrom(given: {
  readonly permittedNames: readonly string[]
  readonly excludedNames: readonly string[]
}): AuthorityScope | undefined {
  if (given.permittedNames.length + given.excludedNames.length === 0) return undefined
  return {
    purposes: ['clientAuth', 'serverAuth'],
    names: { permitted: given.permittedNames.map(subtreeOf), excluded: given.excludedNames.map(subtreeOf) },
  }
}

/** The value of a name constraints extension, in the words it would be asked for with. */
export function nameLimitsText(value: Uint8Array | undefined): {
  readonly permitted: readonly string[]
  readonly excluded: readonly string[]
} {
  if (value === undefined) return { permitted: [], excluded: [] }
  const reader = enter(readDer(value), tags.sequence, what)
  const permitted = reader.takeIf(contextConstructed(0))
  const excluded = reader.takeIf(contextConstructed(1))
  return { permitted: textsOf(permitted), excluded: textsOf(excluded) }
}

const what = 'name constraints'

function textsOf(trees: DerElement | undefined): readonly string[] {
  if (trees === undefined) return []
  return elementsOf(trees, what).map((tree) => textOf(enter(tree, tags.sequence, what).takeAny()))
}

function textOf({ tag, content }: DerElement): string {
  const text = Buffer.from(content).toString('latin1')
  if (tag === context(1)) return `email:${text}`
  if (tag === context(2)) return text === '' ? 'any host' : text
  if (tag === context(6)) return `uri:${text}`
  if (tag === context(7)) return networkText(content)
  return 'a name of another kind'
}

function networkText(content: Uint8Array): string {
  const half = content.length / 2
  const bytes = [...content.subarray(0, half)]
  const prefix = [...content.subarray(half)].reduce(
    (bits, byte) => bits + (byte.toString(2).match(/1/g)?.length ?? 0),
    0,
  )
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0)).toString(16),
  )
  const address = half === 4 ? bytes.join('.') : (canonicalAddress(groups.join(':')) ?? groups.join(':'))
  return `${address}/${prefix}`
}
