import { parseServerName, type ServerName } from '../hosts/server-name.ts'
import { allowsName, kindRules, type Profile } from './profile.ts'

/** Whom a certificate names, decided by its profile. */
export interface CertificateSubject {
  /** In the subject; `undefined` leaves that empty. */
  readonly commonName: string | undefined
  /** Hosts and addresses, in the alternative names. */
  readonly hosts: readonly ServerName[]
  /** The identity every workload of a trust domain knows each other by (SPIFFE ID §2). */
  readonly uri: string | undefined
}

export interface SubjectRequest {
  readonly profile: Profile
  /** The holder's name; `undefined` for servers, which are their hosts. */
  readonly holder: string | undefined
  /** Hosts wanted, as text. */
  readonly hosts: readonly string[]
  readonly trustDomain: string
}

/** Most names in one certificate. */
const mostHosts = 50

/** Why no certificate can be made: one clause for people. */
export interface SubjectFault {
  readonly fault: string
}

export function subjectOf({ profile, holder, hosts, trustDomain }: SubjectRequest): CertificateSubject | SubjectFault {
  if (hosts.length > mostHosts) return { fault: `more than ${mostHosts} names are wanted` }
  const parsed: ServerName[] = []
  for (const text of new Set(hosts)) {
    const name = parseServerName(text)
    if (name === undefined) return { fault: `${shown(text)} is no host name a certificate can carry` }
    if (!allowsName(profile, name.text)) return { fault: `the profile ${profile.name} does not allow ${shown(text)}` }
    parsed.push(name)
  }
  if (profile.kind === 'server') {
    return parsed.length === 0
      ? { fault: 'no host name is wanted' }
      : { commonName: undefined, hosts: parsed, uri: undefined }
  }
  if (holder === undefined) return { fault: 'it names nobody' }
  return {
    commonName: kindRules[profile.kind].named ? holder : undefined,
    hosts: parsed,
    uri: `spiffe://${trustDomain}/${profile.kind}/${holder}`,
  }
}

/** Text as it came, fit for an error: short, and nothing invisible in it. */
export function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80).replaceAll(/[^\x20-\x7e]/g, '?'))
}
