import type { KeyUsageName } from '../extension-reader.ts'
import type { GeneralName } from '../names.ts'
import { X509Refusal } from '../refusal.ts'
import { type ExtensionName, extensionIds, type Facts, type Places } from './facts.ts'
import { extensionOf, isAuthority, isServer, type LintContext, type LintKind, type LintRule, says } from './rule.ts'

/** RFC 5280 §4.2, but for the names, which have a file of their own. */
export const extensionRules: readonly LintRule[] = [
  {
    id: 'extension-twice',
    section: 'RFC 5280 §4.2',
    check: ({ extensions }) =>
      says(new Set(extensions.map(({ id }) => id)).size !== extensions.length, 'an extension stands in it twice'),
  },
  {
    id: 'extension-default',
    section: 'X.690 §11.5',
    check: ({ extensions }) =>
      says(
        extensions.some((one) => one.defaultWritten),
        'a default is written out',
      ),
  },
  {
    id: 'extension-unknown',
    section: 'RFC 5280 §4.2',
    check: ({ extensions }) =>
      says(
        extensions.some(({ id }) => !knownIds.has(id)),
        'it has an extension nobody here writes',
      ),
  },
  {
    id: 'extension-value',
    section: 'RFC 5280 §4.2',
    check: ({ unreadable: [first] }) => (first === undefined ? undefined : `${first.extension}: ${first.why}`),
  },
  criticality('basic-constraints-critical', 'RFC 5280 §4.2.1.9', 'basicConstraints', isAuthority),
  criticality('key-usage-critical', 'RFC 5280 §4.2.1.3', 'keyUsage'),
  criticality('name-constraints-critical', 'RFC 5280 §4.2.1.10', 'nameConstraints'),
  neverCritical('subject-key-identifier-critical', 'RFC 5280 §4.2.1.2', 'subjectKeyIdentifier'),
  neverCritical('authority-key-identifier-critical', 'RFC 5280 §4.2.1.1', 'authorityKeyIdentifier'),
  neverCritical('extended-key-usage-critical', 'BR §7.1.2.7.6', 'extendedKeyUsage'),
  neverCritical('distribution-points-critical', 'RFC 5280 §4.2.1.13', 'distributionPoints'),
  neverCritical('freshest-crl-critical', 'RFC 5280 §4.2.1.15', 'freshestCrl'),
  neverCritical('information-access-critical', 'RFC 5280 §4.2.2.1', 'informationAccess'),
  neverCritical('ocsp-no-check-critical', 'RFC 6960 §4.2.2.2.1', 'ocspNoCheck'),
  {
    id: 'basic-constraints',
    section: 'RFC 5280 §4.2.1.9',
    check: ({ constraints }, context) =>
      says(
        (constraints?.authority ?? false) !== isAuthority(context),
        'it says the wrong thing about being an authority',
      ),
  },
  {
    id: 'path-length',
    section: 'RFC 5280 §4.2.1.9',
    check: ({ constraints }) =>
      says(constraints?.pathLength !== undefined && !constraints.authority, 'who is no authority has a path length'),
  },
  {
    id: 'key-usage-present',
    section: 'RFC 5280 §4.2.1.3',
    check: (facts) => says(extensionOf(facts, 'keyUsage') === undefined, 'it has no key usage'),
  },
  {
    id: 'key-usage-empty',
    section: 'RFC 5280 §4.2.1.3',
    check: ({ usages }) => says(usages?.length === 0, 'the key usage names no use'),
  },
  { id: 'key-usage-authority', section: 'RFC 5280 §4.2.1.3', check: authorityUsage },
  { id: 'key-usage-key', section: 'RFC 8813 §3, RFC 8410 §5', check: usageOfKey },
  { id: 'purposes', section: 'RFC 5280 §4.2.1.12', check: purposes },
  { id: 'purposes-usage', section: 'RFC 5280 §4.2.1.12', check: purposesAndUsage },
  {
    id: 'subject-key-identifier',
    section: 'RFC 5280 §4.2.1.2',
    check: (facts, context) =>
      says(
        isAuthority(context) && extensionOf(facts, 'subjectKeyIdentifier') === undefined,
        'an authority names no key',
      ),
  },
  {
    id: 'authority-key-identifier',
    section: 'RFC 5280 §4.2.1.1',
    check: ({ authorityKey }, { kind }) =>
      says(kind !== 'root' && authorityKey?.keyId === undefined, "it does not name its issuer's key"),
  },
  {
    id: 'authority-key-identifier-form',
    section: 'BR §7.1.2.11.1',
    check: ({ authorityKey }) => says(authorityKey?.more === true, "it names its issuer's serial number"),
  },
  {
    id: 'distribution-points',
    section: 'BR §7.1.2.11.2',
    check: ({ points }) => says(points?.some(isNotHttp) === true, 'a distribution point is not an http address'),
  },
  { id: 'information-access', section: 'BR §7.1.2.7.7', check: informationAccess },
  {
    id: 'name-constraints-authority',
    section: 'RFC 5280 §4.2.1.10',
    check: (facts, context) =>
      says(
        !isAuthority(context) && extensionOf(facts, 'nameConstraints') !== undefined,
        'who is no authority has name constraints',
      ),
  },
  { id: 'name-constraints-network', section: 'RFC 5280 §4.2.1.10', check: constraintNetworks },
  {
    id: 'policies-twice',
    section: 'RFC 5280 §4.2.1.4',
    check: ({ policies = [] }) => says(new Set(policies).size !== policies.length, 'a policy stands in it twice'),
  },
  {
    id: 'ocsp-no-check',
    section: 'BR §4.9.9',
    check: (facts, { kind }) =>
      says(
        (extensionOf(facts, 'ocspNoCheck') !== undefined) !== (kind === 'responder'),
        'a responder, and nobody else, says that nobody need ask about it',
      ),
  },
]

const knownIds: ReadonlySet<string> = new Set(Object.values(extensionIds))

function criticality(
  id: string,
  section: string,
  extension: ExtensionName,
  applies: (context: LintContext) => boolean = () => true,
): LintRule {
  return {
    id,
    section,
    check: (facts, context) =>
      says(applies(context) && extensionOf(facts, extension)?.critical === false, `${extension} is not critical`),
  }
}

function neverCritical(id: string, section: string, extension: ExtensionName): LintRule {
  return {
    id,
    section,
    check: (facts) => says(extensionOf(facts, extension)?.critical === true, `${extension} is critical`),
  }
}

function authorityUsage({ usages = [] }: Facts, context: LintContext): string | undefined {
  const signsCertificates = usages.includes('keyCertSign')
  if (isAuthority(context))
    return says(!signsCertificates || !usages.includes('cRLSign'), 'an authority signs no certificates or lists')
  return says(signsCertificates || usages.includes('cRLSign'), 'who is no authority signs certificates or lists')
}

/** Keys that only sign encrypt nothing; without key agreement nothing is agreed one way. */
function usageOfKey({ key, usages = [] }: Facts): string | undefined {
  if (key instanceof X509Refusal) return undefined
  const unfit: readonly KeyUsageName[] = key.kind.startsWith('RSA')
    ? ['keyAgreement', 'encipherOnly', 'decipherOnly']
    : key.kind === 'Ed25519'
      ? ['keyEncipherment', 'dataEncipherment', 'keyAgreement', 'encipherOnly', 'decipherOnly']
      : ['keyEncipherment', 'dataEncipherment', 'encipherOnly', 'decipherOnly']
  const found = usages.find((usage) => unfit.includes(usage))
  return says(found !== undefined, `a key of kind ${key.kind} cannot be used for ${found}`)
}

const serverAuth = '1.3.6.1.5.5.7.3.1'
const clientAuth = '1.3.6.1.5.5.7.3.2'
const ocspSigning = '1.3.6.1.5.5.7.3.9'

/** What each kind is for, and nothing else. A root is for anything, an intermediate for servers, clients or both. */
const purposesOf: Readonly<Record<LintKind, readonly string[]>> = {
  root: [],
  intermediate: [serverAuth, clientAuth],
  responder: [ocspSigning],
  server: [serverAuth],
  service: [serverAuth, clientAuth],
  device: [clientAuth],
  person: [clientAuth],
  gateway: [clientAuth],
}

function purposes(facts: Facts, context: LintContext): string | undefined {
  const allowed = purposesOf[context.kind]
  const stated = facts.purposes ?? []
  if (stated.some((purpose) => !allowed.includes(purpose)) || new Set(stated).size !== stated.length) {
    return 'it is for what its kind is not for'
  }
  return says(!isAuthority(context) && stated.length !== allowed.length, 'it is not for what its kind is for')
}

/** Every purpose here begins with a signature; key exchange by RSA alone would do for a server. */
function purposesAndUsage(facts: Facts, context: LintContext): string | undefined {
  if (isAuthority(context) || facts.purposes === undefined || facts.usages === undefined) return undefined
  return says(
    !facts.usages.includes('digitalSignature'),
    'its purposes need signatures, which its key usage leaves out',
  )
}

function isNotHttp({ names }: Places): boolean {
  return names.length === 0 || names.some((name) => !isHttp(name))
}

function isHttp(name: GeneralName): boolean {
  return name.kind === 'uri' && /^http:\/\/[^/\s@]+(\/\S*)?$/.test(name.text)
}

const accessMethods: readonly string[] = ['1.3.6.1.5.5.7.48.1', '1.3.6.1.5.5.7.48.2']

function informationAccess({ access = [] }: Facts, context: LintContext): string | undefined {
  const strange = access.some(({ method }) => !accessMethods.includes(method))
  if (strange) return 'it names a way to information that nobody here serves'
  // lists and answers come over plain HTTP: TLS would need them to be checked
  return says(
    access.some(isNotHttp),
    `${isServer(context) ? "a server's" : 'its'} information is not at an http address`,
  )
}

/** A mask is ones and then zeros, and the address has no bit beyond it. */
function constraintNetworks({ nameConstraints }: Facts): string | undefined {
  const subtrees = [...(nameConstraints?.permitted ?? []), ...(nameConstraints?.excluded ?? [])]
  const wrong = subtrees.some((subtree) => {
    if (subtree.kind !== 'ip') return false
    const bits = [...subtree.mask].map((byte) => byte.toString(2).padStart(8, '0')).join('')
    return bits.includes('01') || subtree.address.some((byte, at) => (byte & ~(subtree.mask[at] ?? 0)) !== 0)
  })
  return says(wrong, 'a network of its name constraints is none')
}
