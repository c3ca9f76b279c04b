import { domainToASCII, domainToUnicode } from 'node:url'
import { parseAddress } from '#kit'
import type { GeneralName } from '../names.ts'
import type { Facts } from './facts.ts'
import { extensionOf, isServer, type LintContext, type LintKind, type LintRule, says } from './rule.ts'

/** Alternative names: RFC 5280 §4.2.1.6, and what each kind of certificate may be named. */
export const nameRules: readonly LintRule[] = [
  {
    id: 'alternative-name-present',
    section: 'RFC 5280 §4.2.1.6',
    check: (facts, context) =>
      says(
        extensionOf(facts, 'alternativeName') === undefined &&
          (isServer(context) || facts.subject.content.length === 0),
        'it has no alternative name',
      ),
  },
  { id: 'alternative-name-critical', section: 'RFC 5280 §4.2.1.6', check: criticality },
  {
    id: 'alternative-name-twice',
    section: 'RFC 5280 §4.2.1.6',
    check: ({ names = [] }) => {
      const texts = names.flatMap((name) => ('text' in name ? [`${name.kind} ${name.text.toLowerCase()}`] : []))
      return says(new Set(texts).size !== texts.length, 'a name stands in it twice')
    },
  },
  { id: 'name-kinds', section: 'BR §7.1.2.7.12', check: kinds },
  { id: 'dns-syntax', section: 'RFC 5280 §4.2.1.6', check: each('dns', dnsSyntax) },
  {
    id: 'dns-case',
    section: 'BR §7.1.4.2',
    check: each('dns', (text) => says(text !== text.toLowerCase(), 'is not in lower case')),
  },
  {
    id: 'dns-wildcard',
    section: 'RFC 9525 §7.1',
    check: each('dns', (text) => says(text.includes('*'), 'is a pattern')),
  },
  {
    id: 'dns-address',
    section: 'BR §7.1.4.2',
    check: each('dns', (text) =>
      says(parseAddress(text) !== undefined || /(^|\.)(\d+|0x[0-9a-f]*)$/i.test(text), 'is or looks like an address'),
    ),
  },
  { id: 'dns-a-label', section: 'RFC 5891 §4', check: each('dns', aLabels) },
  {
    id: 'ip-mapped',
    section: 'RFC 5280 §4.2.1.6',
    check: each('ip', (text) => says(text.startsWith('0:0:0:0:0:ffff:'), 'is IPv4 written as IPv6')),
  },
  { id: 'uri-syntax', section: 'RFC 5280 §4.2.1.6', check: each('uri', uriSyntax) },
  { id: 'spiffe-id', section: 'SPIFFE-ID §2', check: each('uri', spiffeId) },
  {
    id: 'spiffe-one',
    section: 'X509-SVID §2',
    check: ({ names = [] }) => {
      const uris = names.filter(({ kind }) => kind === 'uri')
      return says(uris.length > 1 && uris.some(isSpiffe), 'it has another URI beside its SPIFFE ID')
    },
  },
  { id: 'email-syntax', section: 'RFC 5280 §4.2.1.6', check: each('email', emailSyntax) },
]

/** Critical exactly where there is no subject to go by. */
function criticality(facts: Facts): string | undefined {
  const critical = extensionOf(facts, 'alternativeName')?.critical
  const isSubjectEmpty = facts.subject.content.length === 0
  return says(
    critical !== undefined && critical !== isSubjectEmpty,
    'the alternative name is critical with a subject, or is not without one',
  )
}

const kindsOf: Readonly<Record<LintKind, readonly GeneralName['kind'][]>> = {
  root: [],
  intermediate: [],
  responder: [],
  server: ['dns', 'ip'],
  service: ['uri', 'dns'],
  device: ['uri', 'dns'],
  person: ['uri', 'email'],
  gateway: ['uri', 'dns'],
}

function kinds({ names = [] }: Facts, { kind }: LintContext): string | undefined {
  const other = names.find((name) => !kindsOf[kind].includes(name.kind))
  return says(other !== undefined, `it has a name of a kind (${other?.kind}) that its own kind has not`)
}

/** Asks every name of a kind; the first fault is told. */
function each(kind: 'dns' | 'ip' | 'uri' | 'email', fault: (text: string) => string | undefined): LintRule['check'] {
  return ({ names = [] }) => {
    for (const name of names) {
      const found = name.kind === kind && 'text' in name ? fault(name.text) : undefined
      if (found !== undefined) return `a name of kind ${kind} ${found}`
    }
    return undefined
  }
}

/** RFC 1034 §3.5 with RFC 1123 §2.1, a leading asterisk aside, which has a rule of its own. */
function dnsSyntax(text: string): string | undefined {
  const name = text.replace(/^\*\./, '')
  const labels = name.split('.')
  const fits = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label))
  return says(!fits || name.length > 253, 'is no host name')
}

/** What claims to be internationalized comes back from Unicode as it is; `??--` is kept for others to come. */
function aLabels(text: string): string | undefined {
  const wrong = text.split('.').some((label) => {
    if (!/^..--/.test(label)) return false
    const readable = domainToUnicode(label)
    return !label.startsWith('xn--') || readable === label || domainToASCII(readable) !== label
  })
  return says(wrong, 'has a label that is no internationalized one')
}

function uriSyntax(text: string): string | undefined {
  const [, host] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#@:[\]]+)(:\d+)?([/?#][\x21-\x7e]*)?$/i.exec(text) ?? []
  return says(host === undefined || /[<>"\\^`{|}\s]/.test(text), 'is no absolute URI with a host')
}

function isSpiffe(name: GeneralName): boolean {
  return name.kind === 'uri' && /^spiffe:/i.test(name.text)
}

function spiffeId(text: string): string | undefined {
  if (!/^spiffe:/i.test(text)) return undefined
  const fits = /^spiffe:\/\/[a-z0-9._-]{1,255}(\/[A-Za-z0-9._-]+)+$/.test(text) && !/\/\.{1,2}(\/|$)/.test(text)
  return says(!fits || text.length > 2048, 'is no SPIFFE ID')
}

function emailSyntax(text: string): string | undefined {
  return says(
    !/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[a-z0-9.-]+$/i.test(text),
    'is no mailbox',
  )
}
