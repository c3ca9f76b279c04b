import { parseCidr } from '#kit'
import type { FieldFault } from '#platform'
import { isOwnLine, rootLine, scopeOf } from '../authorities/lines.ts'
import type { LiveAuthority } from '../authorities/live-authority.ts'
import { parseServerName } from '../hosts/server-name.ts'
import { extendedKeyUsageIds } from '../x509/extensions.ts'
import { kindRules, type Profile } from './profile.ts'
import { shown } from './subject.ts'

/** What a profile is judged against. */
export interface ProfileGround {
  readonly trustDomain: string
  /** The authority that issues for a line now. */
  readonly active: (line: string) => LiveAuthority | undefined
}

type Wanted = Pick<Profile, 'kind' | 'line' | 'names'>

/**
 * What keeps a profile from being so, by field: a line that nobody issues for or that could not issue this, names that are
 * none, hold too much, or would make certificates nobody accepts. Bounds of numbers and texts are the contract's.
 */
export function profileFaults(profile: Wanted, ground: ProfileGround): readonly FieldFault[] {
  const line = lineFault(profile, ground)
  const names = nameFaults(profile, ground.trustDomain)
  return [...(line === undefined ? [] : [{ field: 'line', message: line }]), ...names]
}

const anyPurpose = '2.5.29.37.0'

function lineFault({ kind, line }: Wanted, { trustDomain, active }: ProfileGround): string | undefined {
  if (line === rootLine)
    return 'the root signs authorities and nothing else; choose servers, clients, or a line of your own'
  const authority = active(line)
  if (authority === undefined && !isOwnLine(line)) return `the line ${shown(line)} has no active authority`
  const purposes = isOwnLine(line)
    ? scopeOf(line, trustDomain).purposes.map((purpose) => extendedKeyUsageIds[purpose])
    : authority?.certificate.purposes
  const wanted = kindRules[kind].purposes.map((purpose) => extendedKeyUsageIds[purpose])
  const isFit = purposes === undefined || wanted.every((id) => [id, anyPurpose].some((one) => purposes.includes(one)))
  return isFit
    ? undefined
    : `the authority of the line ${line} may not issue what a ${kind} needs; nobody would accept it`
}

function nameFaults({ kind, line, names }: Wanted, trustDomain: string): readonly FieldFault[] {
  if (kind === 'server' && names.length === 0)
    return [{ field: 'names', message: 'a server is its names: give one at least' }]
  return names.flatMap((name) => {
    const fault = nameFault(name, trustDomain) ?? (line === 'clients' ? outsideClients(name, trustDomain) : undefined)
    return fault === undefined ? [] : [{ field: 'names', message: fault }]
  })
}

/** Networks any wider would be about half of what there is; 10.0.0.0/8 and fc00::/7 are what people have at home. */
const widest = { 4: 8, 16: 7 } as const

function nameFault(name: string, trustDomain: string): string | undefined {
  const cidr = parseCidr(name)
  if (cidr !== undefined) {
    if (cidr.text !== name) return `${shown(name)} is written ${cidr.text}`
    const isWide = cidr.prefix < (cidr.bytes.length === 4 ? widest[4] : widest[16])
    return isWide ? `${name} holds too many addresses: /8 of IPv4 and /7 of IPv6 are the most` : undefined
  }
  if (!name.startsWith('*.')) {
    return parseServerName(name)?.kind === 'dns'
      ? undefined
      : `${shown(name)} is no name: write app.example.org, *.example.org or 192.0.2.0/24, in lower case and without a dot at the end`
  }
  const suffix = name.slice(2)
  if (parseServerName(suffix)?.kind !== 'dns') return `after the star of ${shown(name)} comes no host name`
  return suffix.includes('.') || suffix === trustDomain
    ? undefined
    : `${name} holds every name of a top-level domain; write two labels after the star at least`
}

/** Authorities of the line `clients` are constrained to the trust domain: whoever verifies would refuse anything else. */
function outsideClients(name: string, trustDomain: string): string | undefined {
  if (parseCidr(name) !== undefined) {
    return `${name} cannot be issued on the line clients, whose authorities are constrained to certify no addresses; use servers or a line of your own`
  }
  const host = name.startsWith('*.') ? name.slice(2) : name
  return host === trustDomain || host.endsWith(`.${trustDomain}`)
    ? undefined
    : `${name} cannot be issued on the line clients, whose authorities are constrained to ${trustDomain}; use servers or a line of your own`
}
