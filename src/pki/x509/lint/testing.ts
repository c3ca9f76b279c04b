import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { parseServerName } from '../../hosts/server-name.ts'
import { distinguishedName, newSerial } from '../certificate.ts'
import * as der from '../der.ts'
import {
  authorityConstraints,
  authorityInformationAccess,
  authorityKeyIdentifier,
  crlDistributionPoints,
  endEntityConstraints,
  extendedKeyUsage,
  keyUsage,
  nameConstraints,
  ocspNoCheck,
  subjectAlternativeName,
  subjectKeyIdentifier,
} from '../extensions.ts'
import { lintCertificate } from '../lint.ts'
import { publicKeyInfo } from '../public-keys.ts'
import { type Signer, signerOf } from '../signature.ts'
import { testAuthority } from '../testing.ts'
import type { LintKind, LintRule } from './rule.ts'

/** Certificates with one planted fault each, for the rules that must find it. */

const now = Date.UTC(2026, 10, 22, 12)
const hour = 3_600_000
const day = 24 * hour

const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
export const key = publicKeyInfo(keys.publicKey)
export const root = testAuthority({ now, name: [['commonName', 'Lint root']], pathLength: 1 })
export const dns = (text: string) => ({ kind: 'dns', text }) as const
export const uri = (text: string) => ({ kind: 'uri', text }) as const

/** Every part of a certificate, to be replaced one by one. */
export interface Parts {
  readonly version: readonly der.Der[]
  readonly serial: der.Der
  readonly inner: der.Der
  readonly outer: der.Der
  readonly issuer: der.Der
  readonly notBefore: der.Der
  readonly notAfter: der.Der
  readonly subject: der.Der
  readonly spki: der.Der
  readonly identifiers: readonly der.Der[]
  readonly extensions: Readonly<Record<string, der.Der>>
  readonly sign: Signer['sign']
}

export function whole(parts: Parts): Uint8Array {
  const tbs = der.sequence(
    ...parts.version,
    parts.serial,
    parts.inner,
    parts.issuer,
    der.sequence(parts.notBefore, parts.notAfter),
    parts.subject,
    parts.spki,
    ...parts.identifiers,
    der.explicit(3, der.sequence(...Object.values(parts.extensions))),
  )
  return der.sequence(tbs, parts.outer, der.bitString(parts.sign(tbs)))
}

const basis: Parts = {
  version: [der.explicit(0, der.integer(2))],
  serial: der.unsignedInteger(newSerial(Date.now(), randomBytes(9))),
  inner: root.signer.algorithm,
  outer: root.signer.algorithm,
  issuer: root.subject,
  notBefore: der.time(now - hour),
  notAfter: der.time(now - hour + 90 * day - 1000),
  subject: distinguishedName([]),
  spki: key.spki,
  identifiers: [],
  extensions: {},
  sign: root.signer.sign,
}

export const ids = { ski: subjectKeyIdentifier(key.identifier), aki: authorityKeyIdentifier(root.key.identifier) }
const leaf = { ...ids, constraints: endEntityConstraints(), usage: keyUsage('digitalSignature') }
export const status = {
  points: crlDistributionPoints(['http://a.example/1.crl']),
  access: authorityInformationAccess({ ocsp: ['http://a.example/'], issuers: [] }),
}
const named = distinguishedName([['commonName', 'pump 7']])

export const sound: Readonly<Record<LintKind, Parts>> = {
  root: {
    ...basis,
    issuer: named,
    subject: named,
    inner: signerOf(keys.privateKey).algorithm,
    sign: signerOf(keys.privateKey).sign,
    extensions: { constraints: authorityConstraints(1), usage: keyUsage('keyCertSign', 'cRLSign'), ski: ids.ski },
  },
  intermediate: {
    ...basis,
    subject: named,
    extensions: {
      ...ids,
      constraints: authorityConstraints(0),
      usage: keyUsage('keyCertSign', 'cRLSign'),
      names: nameConstraints([dns('a.example')], []),
      ...status,
    },
  },
  responder: {
    ...basis,
    subject: named,
    extensions: { ...leaf, purposes: extendedKeyUsage('OCSPSigning'), noCheck: ocspNoCheck() },
  },
  server: {
    ...basis,
    extensions: {
      ...leaf,
      purposes: extendedKeyUsage('serverAuth'),
      names: subjectAlternativeName([dns('a.example')], true),
      ...status,
    },
  },
  service: {
    ...basis,
    extensions: {
      ...leaf,
      purposes: extendedKeyUsage('serverAuth', 'clientAuth'),
      names: subjectAlternativeName([uri('spiffe://t.example/service/a'), dns('a.example')], true),
    },
  },
  device: client(),
  person: client(),
  gateway: client(),
}

function client(): Parts {
  const names = subjectAlternativeName([uri('spiffe://t.example/device/a')], false)
  return { ...basis, subject: named, extensions: { ...leaf, purposes: extendedKeyUsage('clientAuth'), names } }
}

export interface Planted {
  readonly rule: string
  readonly what: string
  readonly kind?: LintKind
  readonly change: (parts: Parts) => Parts
  /** Rules that the same fault breaks as well. */
  readonly also?: readonly string[]
  /** Another issuer than the usual, judged along. */
  readonly issuer?: Uint8Array
}

/** Replaces extensions; undefined leaves one out. */
export function extend(changes: Readonly<Record<string, der.Der | undefined>>): Planted['change'] {
  return (parts) => {
    const entries = Object.entries({ ...parts.extensions, ...changes })
    return {
      ...parts,
      extensions: Object.fromEntries(entries.filter((entry): entry is [string, der.Der] => entry[1] !== undefined)),
    }
  }
}

export function alternative(...names: Parameters<typeof subjectAlternativeName>[0]): Planted['change'] {
  return extend({ names: subjectAlternativeName(names, true) })
}

export const ip = (text: string) => parseServerName(text) ?? assert.fail(text)

/** Every rule of a file finds each of its planted faults, finds nothing else in them, and nothing in sound certificates. */
export function findsEach(rules: readonly LintRule[], planted: readonly Planted[]): void {
  describe('one fault at a time', () => {
    for (const [kind, parts] of Object.entries(sound) as [LintKind, Parts][]) {
      test(`without one, a ${kind} is clean`, () => {
        assert.deepEqual(lintCertificate(whole(parts), kind, kind === 'root' ? undefined : root.der), [])
      })
    }

    for (const { rule, what, kind = 'server', change, also = [], issuer = root.der } of planted) {
      test(`${rule}: ${what}`, () => {
        const findings = lintCertificate(whole(change(sound[kind])), kind, issuer)
        assert.deepEqual(findings.map((finding) => finding.rule).toSorted(), [rule, ...also].toSorted())
        for (const finding of findings) assert.match(finding.message, /^[A-Za-z].*[^.]$/)
      })
    }

    test('every rule has its fault', () => {
      const shown = new Set(planted.map(({ rule }) => rule))
      assert.deepEqual(
        rules.map(({ id }) => id).filter((id) => !shown.has(id)),
        [],
      )
    })
  })
}
