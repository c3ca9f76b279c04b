import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { parseCidr } from '#kit'
import { distinguishedName, newSerial, signCertificate } from '../certificate.ts'
import type * as der from '../der.ts'
import {
  authorityConstraints,
  authorityKeyIdentifier,
  endEntityConstraints,
  extendedKeyUsage,
  keyUsage,
  nameConstraints,
  subjectKeyIdentifier,
} from '../extensions.ts'
import { testAuthority } from '../testing.ts'
import { chainRules } from './chain-rules.ts'
import { alternative, dns, extend, findsEach, ip, type Planted, root, uri } from './testing.ts'

const now = Date.UTC(2026, 10, 22, 12)
const hour = 3_600_000
const day = 24 * hour
const stranger = testAuthority({ now, name: [['commonName', 'Lint root']], pathLength: 1 })
const shortLived = signCertificate(
  {
    serial: newSerial(Date.now(), randomBytes(9)),
    issuer: root.subject,
    subject: root.subject,
    notBefore: now - hour,
    notAfter: now + day,
    publicKey: root.key.spki,
    extensions: [
      authorityConstraints(1),
      keyUsage('keyCertSign', 'cRLSign'),
      subjectKeyIdentifier(root.key.identifier),
    ],
  },
  root.signer,
)
/** The usual issuer's name and key with other extensions. */
const issuerWith = (...extensions: readonly der.Der[]): Uint8Array =>
  signCertificate(
    {
      serial: newSerial(Date.now(), randomBytes(9)),
      issuer: root.subject,
      subject: root.subject,
      notBefore: now - day,
      notAfter: now + 3650 * day,
      publicKey: root.key.spki,
      extensions: [subjectKeyIdentifier(root.key.identifier), ...extensions],
    },
    root.signer,
  )
const signsAll = keyUsage('keyCertSign', 'cRLSign')

const planted: readonly Planted[] = [
  {
    rule: 'chain-name',
    what: "another issuer's name",
    change: (parts) => ({ ...parts, issuer: distinguishedName([['commonName', 'lint root']]) }),
  },
  {
    rule: 'chain-signature',
    what: 'another key of the same name',
    change: (parts) => ({ ...parts, sign: stranger.signer.sign }),
  },
  {
    rule: 'chain-key',
    what: 'another key identifier',
    change: extend({ aki: authorityKeyIdentifier(stranger.key.identifier) }),
  },
  { rule: 'chain-validity', what: 'an issuer that ends first', change: (parts) => parts, issuer: shortLived },
  {
    rule: 'chain-authority',
    what: 'attack PKI: leaf used as CA',
    change: (parts) => parts,
    issuer: issuerWith(endEntityConstraints(), keyUsage('digitalSignature')),
  },
  {
    rule: 'chain-authority',
    what: 'an issuer that may not sign certificates',
    change: (parts) => parts,
    issuer: issuerWith(authorityConstraints(1), keyUsage('cRLSign')),
  },
  {
    rule: 'chain-path-length',
    what: 'attack PKI: pathlen',
    kind: 'intermediate',
    change: (parts) => parts,
    issuer: issuerWith(authorityConstraints(0), signsAll),
  },
  {
    rule: 'chain-path-length',
    what: 'as long as its issuer',
    kind: 'intermediate',
    change: extend({ constraints: authorityConstraints(1) }),
  },
  {
    rule: 'chain-names',
    what: 'attack PKI: name constraints (DNS outside)',
    change: (parts) => parts,
    issuer: issuerWith(authorityConstraints(1), signsAll, nameConstraints([dns('b.example')], [])),
  },
  {
    rule: 'chain-names',
    what: 'attack PKI: name constraints (DNS excluded)',
    change: (parts) => parts,
    issuer: issuerWith(authorityConstraints(1), signsAll, nameConstraints([], [dns('example')])),
  },
  {
    rule: 'chain-names',
    what: 'attack PKI: name constraints (URI outside)',
    kind: 'service',
    change: (parts) => parts,
    issuer: issuerWith(
      authorityConstraints(1),
      signsAll,
      nameConstraints([uri('other.example'), dns('a.example')], []),
    ),
  },
  {
    rule: 'chain-names',
    what: 'attack PKI: name constraints (address excluded)',
    change: alternative(ip('10.1.2.3')),
    issuer: issuerWith(
      authorityConstraints(1),
      signsAll,
      nameConstraints([], [{ kind: 'ip', network: parseCidr('10.0.0.0/8') ?? assert.fail() }]),
    ),
  },
  {
    rule: 'chain-purposes',
    what: 'attack PKI: EKU client vs server',
    change: (parts) => parts,
    issuer: issuerWith(authorityConstraints(1), signsAll, extendedKeyUsage('clientAuth')),
  },
]

findsEach(chainRules, planted)
