import { parseCidr } from '#kit'
import type { NameSubtree } from '../x509/extensions.ts'
import type { AuthorityScope } from './authority-profiles.ts'

/** The line of what people trust. */
export const rootLine = 'root'

/** Lines Gatehouse needs itself: they come into being by their first use. */
export const ownLines = ['servers', 'clients'] as const
export type OwnLine = (typeof ownLines)[number]

export function isOwnLine(line: string): line is OwnLine {
  return ownLines.some((own) => own === line)
}

/** Every address there is: what a line excludes that certifies no addresses. */
const anyAddress: readonly NameSubtree[] = ['0.0.0.0/0', '::/0'].flatMap((text) => {
  const network = parseCidr(text)
  return network === undefined ? [] : [{ kind: 'ip' as const, network }]
})

/**
 * What the authorities of an own line may issue. `servers` prove hosts, of any name that is routed here. `clients` prove
 * devices, people and services, whose names all lie in the trust domain: whoever has such an authority's key can still
 * not be anybody else's server.
 */
export function scopeOf(line: OwnLine, trustDomain: string): AuthorityScope {
  if (line === 'servers') return { purposes: ['serverAuth'], names: undefined }
  return {
    purposes: ['clientAuth', 'serverAuth'],
    names: {
      permitted: [
        { kind: 'dns', text: trustDomain },
        { kind: 'uri', text: trustDomain },
      ],
      excluded: anyAddress,
    },
  }
}
