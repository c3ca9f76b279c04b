import type { KeyObject, X509Certificate } from 'node:crypto'
import { exitCodes, Failure } from '../failure.ts'
import { type Endpoint, exchange, type HttpAnswer } from '../http.ts'
import { certificateRequest } from './certificate-request.ts'
import { certificatesIn } from './certs-only.ts'

/** Enrolment over Secure Transport (RFC 7030), as far as the agent speaks it. */

type Https = Extract<Endpoint, { kind: 'https' }>

export interface EstServer {
  readonly origin: URL
  /** PEM of the authorities that may have signed the server's certificate; absent: the system's. */
  readonly ca: string | undefined
}

export interface Authorities {
  /** Self-signed ones, as PEM. */
  readonly pem: string
  /** Where certificates are renewed, as the server says. */
  readonly renewal: URL | undefined
}

/** What a certificate is asked for with. */
export interface Wanted {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** Refused by the server when the certificate is for somebody else. */
  readonly name: string | undefined
}

/** The authorities the server trusts now: a root to come is among them before it is used. @throws Failure */
export async function fetchAuthorities(server: EstServer): Promise<Authorities> {
  const answer = await exchange(endpointOf(server), { method: 'GET', path: '/.well-known/est/cacerts' })
  const roots = readCertificates(server, answer).filter(
    (one) => one.ca && one.checkIssued(one) && one.verify(one.publicKey),
  )
  const renewal = answer.headers['gatehouse-renewal']
  return {
    pem: roots.map(String).join(''),
    renewal: typeof renewal === 'string' ? httpsOrigin(renewal) : undefined,
  }
}

/** The first certificate, for a token. @throws Failure with the server's words; nothing is issued then */
export function enrol(server: EstServer, token: string, wanted: Wanted): Promise<string> {
  return ask(server, endpointOf(server), 'simpleenroll', { authorization: `Bearer ${token}` }, wanted)
}

/** A certificate in place of the present one, which is the proof. @throws Failure as `enrol` */
export function renew(
  server: EstServer,
  at: URL,
  present: { readonly cert: string; readonly key: string },
  wanted: Wanted,
): Promise<string> {
  return ask(server, { ...endpointOf({ ...server, origin: at }), client: present }, 'simplereenroll', {}, wanted)
}

async function ask(
  server: EstServer,
  endpoint: Https,
  operation: string,
  headers: Readonly<Record<string, string>>,
  wanted: Wanted,
): Promise<string> {
  const der = certificateRequest(wanted.privateKey, wanted.publicKey, wanted.name)
  const answer = await exchange(endpoint, {
    method: 'POST',
    path: `/.well-known/est/${operation}`,
    headers: {
      ...headers,
      accept: 'application/pkcs7-mime, text/plain',
      'content-type': 'application/pkcs10',
      'content-transfer-encoding': 'base64',
    },
    body: Buffer.from(der).toString('base64'),
  })
  return chainFor(server, readCertificates(server, answer), wanted)
}

/** Certificate first, each signed by the next; the last by one of the authorities. @throws Failure `cli.unexpected-answer` */
function chainFor(server: EstServer, found: readonly X509Certificate[], { publicKey }: Wanted): string {
  const own = publicKey.export({ type: 'spki', format: 'der' })
  const leaf = found.find((one) => one.publicKey.export({ type: 'spki', format: 'der' }).equals(own))
  if (leaf === undefined) throw unexpected(server, 'a certificate for another key')
  const chain = [leaf]
  for (let last = leaf; ; ) {
    const issuer = found.find((one) => one !== last && isSignedBy(last, one) && !isSignedBy(one, one))
    if (issuer === undefined || chain.includes(issuer)) return chain.map(String).join('')
    chain.push(issuer)
    last = issuer
  }
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function readCertificates(server: EstServer, answer: HttpAnswer): readonly X509Certificate[] {
  if (answer.status !== 200) throw refusal(server, answer)
  const found = certificatesIn(answer.body)
  if (found === undefined) throw unexpected(server, 'something that is no certificates')
  return found
}

/** A refusal is a title, a sentence, and code and request id, with empty lines between. */
function refusal({ origin }: EstServer, { status, body }: HttpAnswer): Failure {
  const [title = '', detail = '', quoted = ''] = body.split('\n\n')
  const [, code, requestId] = /^([a-z][a-z-]*\.[a-z-]+) (\S+)\s*$/.exec(quoted) ?? []
  return code === undefined || requestId === undefined
    ? unexpected({ origin, ca: undefined }, `status ${status}`)
    : new Failure({ exit: exitCodes.failed, code, title, detail, requestId })
}

function unexpected({ origin }: EstServer, what: string): Failure {
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.unexpected-answer',
    title: 'The answer was not understood',
    detail: `${origin.origin} answered with ${what}. Nothing was put in place. Check that it is a Gatehouse.`,
  })
}

function endpointOf({ origin, ca }: EstServer): Https {
  return { kind: 'https', origin, ca }
}

function httpsOrigin(text: string): URL | undefined {
  const url = URL.parse(text)
  return url?.protocol === 'https:' ? new URL(url.origin) : undefined
}
