import * as der from '../der.ts'
import { readDer } from '../der-reader.ts'
import { readExtension } from '../extension-reader.ts'
import {
  authorityConstraints,
  authorityInformationAccess,
  certificatePolicies,
  crlDistributionPoints,
  endEntityConstraints,
  extendedKeyUsage,
  extension,
  freshestCrl,
  keyUsage,
  nameConstraints,
  ocspNoCheck,
} from '../extensions.ts'
import { extensionRules } from './extension-rules.ts'
import { dns, extend, findsEach, ids, key, type Planted, root, status } from './testing.ts'

const notHttp = ['https://a.example/1.crl', 'ldap://a.example/', 'http://u@a.example/']

const planted: readonly Planted[] = [
  { rule: 'extension-twice', what: 'two key usages', change: extend({ again: keyUsage('digitalSignature') }) },
  {
    rule: 'extension-default',
    what: 'critical FALSE',
    change: extend({
      ski: der.sequence(der.oid('2.5.29.14'), der.boolean(false), der.octetString(der.octetString(key.identifier))),
    }),
  },
  {
    rule: 'extension-unknown',
    what: 'attack PKI: critical unknown extension',
    change: extend({ other: extension('1.2.3.4', true, der.nullValue()) }),
  },
  {
    rule: 'extension-value',
    what: 'an empty sequence of names',
    change: extend({ names: extension('2.5.29.17', true, der.sequence()) }),
  },
  {
    rule: 'extension-value',
    what: 'no DER',
    change: extend({ points: extension('2.5.29.31', false, Uint8Array.of(0x30, 0x80, 0, 0)) }),
  },
  {
    rule: 'extension-value',
    what: 'an empty list of policies',
    change: extend({ policies: extension('2.5.29.32', false, der.sequence()) }),
  },
  {
    rule: 'basic-constraints-critical',
    what: 'not critical',
    kind: 'intermediate',
    change: extend({ constraints: extension('2.5.29.19', false, der.sequence(der.boolean(true), der.integer(0))) }),
  },
  {
    rule: 'key-usage-critical',
    what: 'not critical',
    change: extend({ usage: extension('2.5.29.15', false, der.namedBits([0])) }),
  },
  {
    rule: 'name-constraints-critical',
    what: 'not critical',
    kind: 'intermediate',
    change: extend({ names: plain('2.5.29.30', nameConstraints([dns('a.example')], [])) }),
  },
  {
    rule: 'subject-key-identifier-critical',
    what: 'critical',
    change: extend({ ski: extension('2.5.29.14', true, der.octetString(key.identifier)) }),
  },
  {
    rule: 'authority-key-identifier-critical',
    what: 'critical',
    change: extend({ aki: critical(ids.aki, '2.5.29.35') }),
  },
  {
    rule: 'extended-key-usage-critical',
    what: 'critical',
    change: extend({ purposes: critical(extendedKeyUsage('serverAuth'), '2.5.29.37') }),
  },
  {
    rule: 'distribution-points-critical',
    what: 'critical',
    change: extend({ points: critical(status.points, '2.5.29.31') }),
  },
  {
    rule: 'freshest-crl-critical',
    what: 'critical',
    change: extend({ freshest: critical(freshestCrl(['http://a.example/']), '2.5.29.46') }),
  },
  {
    rule: 'information-access-critical',
    what: 'critical',
    change: extend({ access: critical(status.access, '1.3.6.1.5.5.7.1.1') }),
  },
  {
    rule: 'ocsp-no-check-critical',
    what: 'critical',
    kind: 'responder',
    change: extend({ noCheck: critical(ocspNoCheck(), '1.3.6.1.5.5.7.48.1.5') }),
  },
  {
    rule: 'basic-constraints',
    what: 'attack PKI: Leaf used as CA',
    change: extend({ constraints: authorityConstraints() }),
  },
  {
    rule: 'basic-constraints',
    what: 'an authority that is none',
    kind: 'intermediate',
    change: extend({ constraints: endEntityConstraints() }),
    also: ['chain-path-length'],
  },
  {
    rule: 'path-length',
    what: 'without an authority',
    change: extend({ constraints: extension('2.5.29.19', true, der.sequence(der.integer(0))) }),
  },
  { rule: 'key-usage-present', what: 'none', change: extend({ usage: undefined }) },
  {
    rule: 'key-usage-empty',
    what: 'no bit',
    change: extend({ usage: extension('2.5.29.15', true, der.namedBits([])) }),
    also: ['purposes-usage'],
  },
  {
    rule: 'key-usage-authority',
    what: 'a leaf that signs certificates',
    change: extend({ usage: keyUsage('digitalSignature', 'keyCertSign') }),
  },
  {
    rule: 'key-usage-authority',
    what: 'an authority that signs no lists',
    kind: 'intermediate',
    change: extend({ usage: keyUsage('keyCertSign') }),
  },
  {
    rule: 'key-usage-key',
    what: 'a curve that encrypts',
    change: extend({ usage: keyUsage('digitalSignature', 'keyEncipherment') }),
  },
  {
    rule: 'purposes',
    what: 'attack PKI: EKU client vs server',
    change: extend({ purposes: extendedKeyUsage('serverAuth', 'clientAuth') }),
  },
  {
    rule: 'purposes',
    what: 'anything',
    change: extend({ purposes: extension('2.5.29.37', false, der.sequence(der.oid('2.5.29.37.0'))) }),
  },
  { rule: 'purposes', what: 'none', change: extend({ purposes: undefined }) },
  { rule: 'purposes-usage', what: 'no signatures', change: extend({ usage: keyUsage('keyAgreement') }) },
  { rule: 'subject-key-identifier', what: 'none', kind: 'intermediate', change: extend({ ski: undefined }) },
  { rule: 'authority-key-identifier', what: 'none', change: extend({ aki: undefined }) },
  {
    rule: 'authority-key-identifier-form',
    what: 'a serial number',
    change: extend({
      aki: extension(
        '2.5.29.35',
        false,
        der.sequence(
          der.implicit(0, root.key.identifier),
          der.implicitConstructed(1, der.explicit(4, root.subject)),
          der.implicit(2, Uint8Array.of(1)),
        ),
      ),
    }),
  },
  ...notHttp.map(
    (address): Planted => ({
      rule: 'distribution-points',
      what: address,
      change: extend({ points: crlDistributionPoints([address]) }),
    }),
  ),
  {
    rule: 'distribution-points',
    what: 'of some reasons only',
    change: extend({
      points: extension(
        '2.5.29.31',
        false,
        der.sequence(
          der.sequence(
            der.explicit(0, der.implicitConstructed(0, der.implicit(6, der.ascii('http://a.example/')))),
            der.implicit(1, Uint8Array.of(6, 0x40)),
          ),
        ),
      ),
    }),
  },
  {
    rule: 'information-access',
    what: 'over https',
    change: extend({ access: authorityInformationAccess({ ocsp: ['https://a.example/'], issuers: [] }) }),
  },
  {
    rule: 'information-access',
    what: 'another method',
    change: extend({
      access: extension(
        '1.3.6.1.5.5.7.1.1',
        false,
        der.sequence(der.sequence(der.oid('1.3.6.1.5.5.7.48.3'), der.implicit(6, der.ascii('http://a.example/')))),
      ),
    }),
  },
  {
    rule: 'name-constraints-authority',
    what: 'in a leaf',
    change: extend({ limits: nameConstraints([dns('a.example')], []) }),
  },
  {
    rule: 'name-constraints-network',
    what: 'bits beyond the mask',
    kind: 'intermediate',
    change: extend({
      names: nameConstraints([{ kind: 'ip', network: { bytes: Uint8Array.of(10, 0, 0, 1), prefix: 8 } }], []),
    }),
  },
  {
    rule: 'name-constraints-network',
    what: 'a mask with holes',
    kind: 'intermediate',
    change: extend({
      names: extension(
        '2.5.29.30',
        true,
        der.sequence(
          der.implicitConstructed(0, der.sequence(der.implicit(7, Uint8Array.of(10, 0, 0, 0, 255, 0, 255, 0)))),
        ),
      ),
    }),
  },
  {
    rule: 'policies-twice',
    what: 'the same policy',
    change: extend({ policies: certificatePolicies(['1.2.3', '1.2.3']) }),
  },
  { rule: 'ocsp-no-check', what: 'a responder without', kind: 'responder', change: extend({ noCheck: undefined }) },
  { rule: 'ocsp-no-check', what: 'a server with', change: extend({ noCheck: ocspNoCheck() }) },
]

/** The value of an extension under another critical flag. */
function critical(encoded: der.Der, id: string): der.Der {
  return extension(id, true, readExtension(readDer(encoded)).value)
}

function plain(id: string, encoded: der.Der): der.Der {
  return extension(id, false, readExtension(readDer(encoded)).value)
}

findsEach(extensionRules, planted)
