import { extendedKeyUsageIds } from '../x509/extensions.ts'
import type { GeneralName } from '../x509/names.ts'
import type { CertificationRequest } from '../x509/request.ts'
import { kindRules, type Profile, takesKey } from './profile.ts'
import type { CertificateSubject } from './subject.ts'

/** Harmless where it stands alone: it names the key, which we name ourselves. */
const subjectKeyIdentifier = '2.5.29.14'

/**
 * What a request asks for that its profile does not give: one clause for people, `undefined` when there is nothing. A
 * request may repeat what it will get; it can add nothing. What it asks for is refused and never copied
 * (OpenBao GHSA-g892-p242-8g86 is what copying leads to).
 */
export function askedBeyond(
  request: CertificationRequest,
  profile: Profile,
  subject: CertificateSubject,
  holder: string | undefined,
): string | undefined {
  const { extensions, publicKey } = request
  if (!takesKey(profile, publicKey.kind)) return `the profile ${profile.name} takes no ${publicKey.kind} key`
  return (
    subjectBeyond(request, subject, holder) ??
    namesBeyond(extensions.names, subject) ??
    usageBeyond(request, profile) ??
    othersBeyond(extensions.others)
  )
}

function subjectBeyond(
  { subject }: CertificationRequest,
  { commonName, hosts }: CertificateSubject,
  holder: string | undefined,
): string | undefined {
  const known = new Set([commonName, holder, ...hosts.map(({ text }) => text)])
  for (const { attribute, value } of subject) {
    if (attribute !== 'commonName') return 'its subject has something besides a common name'
    if (!known.has(value)) return 'its common name is not the name the certificate will carry'
  }
  return subject.length > 1 ? 'its subject has several common names' : undefined
}

function namesBeyond(names: readonly GeneralName[], { hosts, uri }: CertificateSubject): string | undefined {
  for (const name of names) {
    const granted =
      name.kind === 'uri'
        ? name.text === uri
        : (name.kind === 'dns' || name.kind === 'ip') &&
          hosts.some((host) => host.kind === name.kind && host.text === name.text)
    if (!granted) return `it asks for ${describe(name)}, which its profile does not give`
  }
  return undefined
}

function describe(name: GeneralName): string {
  const what = { dns: 'a host name', ip: 'an address', uri: 'a URI', email: 'an e-mail address' } as const
  if (name.kind === 'directory' || name.kind === 'other') return 'a name of another kind'
  if (name.kind === 'dns' && name.text.includes('*')) return 'a wildcard'
  return what[name.kind]
}

function usageBeyond({ extensions }: CertificationRequest, profile: Profile): string | undefined {
  const { basicConstraints, keyUsage = [], extendedKeyUsage = [] } = extensions
  if (basicConstraints?.authority === true) return 'it asks to be a certificate authority'
  if (basicConstraints?.pathLength !== undefined) return 'it asks for a path length'
  if (keyUsage.some((usage) => usage !== 'digitalSignature')) return 'it asks for a key usage besides signatures'
  const given = kindRules[profile.kind].purposes.map((purpose) => extendedKeyUsageIds[purpose])
  if (extendedKeyUsage.some((id) => !given.some((one) => one === id))) {
    return 'it asks for a purpose its profile does not give'
  }
  return undefined
}

function othersBeyond(others: readonly { readonly id: string; readonly critical: boolean }[]): string | undefined {
  const first = others.find(({ id, critical }) => id !== subjectKeyIdentifier || critical)
  return first && `it asks for the ${first.critical ? 'critical ' : ''}extension ${first.id}, which no profile gives`
}
