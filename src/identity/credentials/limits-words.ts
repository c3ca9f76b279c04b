import { type Cidr, type CredentialLimits, countryName, inCidrs, parseCidr } from '#kit'
import { utc } from '#platform/ui'

/** Where and until when a credential may be used, in a line: `from 10.0.0.0/8, not from 10.1.0.0/16, in Germany, until …`. */
export function placeInWords({ networks, regions, expiresAt }: CredentialLimits): string {
  const words = [
    networks.allow.length === 0 ? 'from anywhere' : `only from ${inWords(networks.allow, 'or')}`,
    ...(networks.deny.length === 0 ? [] : [`not from ${inWords(networks.deny, 'or')}`]),
    ...(regions.length === 0 ? [] : [`in ${inWords(regions.map(countryName), 'or')}`]),
    ...(expiresAt === undefined ? [] : [`until ${utc(expiresAt)}`]),
  ]
  return words.join(', ')
}

/**
 * What limits mean, a line each: what it may, where, until when, and what lists say twice.
 *
 * @param describe a permission pattern in words
 */
export function limitsInWords(limits: CredentialLimits, describe: (pattern: string) => string): readonly string[] {
  const { permissions } = limits
  const everything = permissions.length === 1 && permissions[0] === '*'
  const may = everything ? 'May do everything its owner may.' : `May only: ${permissions.map(describe).join('; ')}.`
  const place = placeInWords(limits)
  return [may, `May be used ${place}.`, ...overlapsInWords(limits.networks)]
}

/** What allow and deny say about the same addresses: deny wins, and this says what that means. */
export function overlapsInWords({ allow, deny }: CredentialLimits['networks']): readonly string[] {
  const read = (entries: readonly string[]) => entries.flatMap((text) => parseCidr(text) ?? [])
  return read(allow).flatMap((allowed) =>
    read(deny).flatMap((denied) => {
      if (holds(denied, allowed))
        return [`${allowed.text} is allowed and denied. Denied wins: nothing from it is let in.`]
      return holds(allowed, denied) ? [`${allowed.text} is allowed, except ${denied.text}: denied wins.`] : []
    }),
  )
}

function holds(outer: Cidr, inner: Cidr): boolean {
  return inner.prefix >= outer.prefix && inCidrs(inner.text.split('/')[0] ?? '', [outer])
}

function inWords(list: readonly string[], last: 'and' | 'or'): string {
  return list.length < 2 ? (list[0] ?? '') : `${list.slice(0, -1).join(', ')} ${last} ${list.at(-1)}`
}
