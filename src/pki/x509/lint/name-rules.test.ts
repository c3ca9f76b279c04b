import { subjectAlternativeName } from '../extensions.ts'
import { nameRules } from './name-rules.ts'
import { alternative, dns, extend, findsEach, ip, type Planted, uri } from './testing.ts'

const planted: readonly Planted[] = [
  { rule: 'alternative-name-present', what: 'none', change: extend({ names: undefined }) },
  {
    rule: 'alternative-name-critical',
    what: 'critical beside a subject',
    kind: 'device',
    change: alternative(uri('spiffe://t.example/device/a')),
  },
  {
    rule: 'alternative-name-critical',
    what: 'not critical without',
    change: extend({ names: subjectAlternativeName([dns('a.example')], false) }),
  },
  { rule: 'alternative-name-twice', what: 'the same name', change: alternative(dns('a.example'), dns('a.example')) },
  {
    rule: 'name-kinds',
    what: 'a mailbox of a server',
    change: alternative(dns('a.example'), { kind: 'email', text: 'a@b.example' }),
  },
  { rule: 'name-kinds', what: 'an address of a service', kind: 'service', change: alternative(ip('192.0.2.7')) },
  { rule: 'dns-syntax', what: 'an underscore', change: alternative(dns('a_b.example')) },
  { rule: 'dns-syntax', what: 'a dot at the end', change: alternative(dns('a.example.')) },
  { rule: 'dns-syntax', what: 'a label of 64', change: alternative(dns(`${'a'.repeat(64)}.example`)) },
  { rule: 'dns-syntax', what: 'a space', change: alternative(dns(' ')) },
  { rule: 'dns-case', what: 'upper case', change: alternative(dns('A.example')) },
  { rule: 'dns-wildcard', what: 'attack PKI: a wildcard', change: alternative(dns('*.example')) },
  { rule: 'dns-address', what: 'attack PKI: IP in a DNS name', change: alternative(dns('192.0.2.1')) },
  { rule: 'dns-address', what: 'a number at the end', change: alternative(dns('a.0x7f')) },
  { rule: 'dns-a-label', what: 'no Punycode', change: alternative(dns('xn--999999999.example')) },
  { rule: 'dns-a-label', what: 'reserved', change: alternative(dns('ab--c.example')) },
  {
    rule: 'ip-mapped',
    what: 'IPv4 in IPv6',
    change: alternative({
      kind: 'ip',
      text: '',
      bytes: Uint8Array.from([...Buffer.alloc(10), 0xff, 0xff, 192, 0, 2, 7]),
    }),
  },
  { rule: 'uri-syntax', what: 'a relative one', kind: 'service', change: alternative(uri('/service/a')) },
  { rule: 'uri-syntax', what: 'one without a host', kind: 'service', change: alternative(uri('urn:a:b')) },
  ...[
    'spiffe://T.example/a',
    'spiffe://t.example',
    'spiffe://t.example/a/',
    'spiffe://t.example/../a',
    'spiffe://t.example/a?b',
    'spiffe://t.example:1/a',
  ].map((text): Planted => ({ rule: 'spiffe-id', what: text, kind: 'service', change: alternative(uri(text)) })),
  {
    rule: 'spiffe-one',
    what: 'two URIs',
    kind: 'service',
    change: alternative(uri('spiffe://t.example/service/a'), uri('spiffe://t.example/service/b')),
  },
  {
    rule: 'email-syntax',
    what: 'no host',
    kind: 'person',
    change: extend({ names: subjectAlternativeName([{ kind: 'email', text: 'a@b@c' }], false) }),
  },
]

findsEach(nameRules, planted)
