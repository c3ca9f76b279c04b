import { z } from 'zod'
import { type Ctx, type Reply, type RequestView, type Route, type RouteSpec, route } from '#platform'
import type { Hierarchy } from '../authorities/hierarchy.ts'
import type { IssuedCertificate } from '../issue/issue.ts'
import { keyClasses } from '../issue/profile.ts'
import { getProfile } from '../issue/profiles.ts'
import type { Standings } from '../revoke/standings.ts'
import { certsOnly } from '../x509/certs-only.ts'
import { csrAttributes } from './csr-attributes.ts'
import { type EnrolParts, enrol, enrolAsHolder, journalled } from './enrol.ts'
import { fail } from './errors.ts'
import type { Pace } from './pace.ts'
import { enrolmentRefused, renewalRefused } from './refusals.ts'
import { renewCertificate } from './renew.ts'
import { type Refusal, requireShown, type ShownCertificate } from './shown-certificate.ts'
import { challenge, presentedSecret, verifyTokenSecret } from './token-proof.ts'

/** Enrolment over Secure Transport (RFC 7030, as clarified by RFC 8951): without full CMC and server-made keys. */

export interface EstParts extends EnrolParts {
  readonly hierarchy: Hierarchy
  /** Where certificates are renewed: `https://certificate.gate.example.org`. */
  readonly renewal: () => string
  readonly standings: Standings
  readonly pace: Pace
}

const base = '/.well-known/est'
/** Characters of base64 with line ends; a request for an RSA key of 4096 bits has a quarter of it. */
const maxBody = 24 * 1024
const labelled = z.strictObject({ profile: z.string().max(63) })
const isPublic = 'authorities are no secret; what proves who asks is judged by the handler'

type Operation = (ctx: Ctx, asked: Asked) => Promise<Reply>

interface Asked {
  /** The label of the address. */
  readonly profile: string | undefined
  readonly request: RequestView
  readonly body: string
}

/** Every operation at its plain address, and below a label, which is the name of a profile. */
export function estRoutes(parts: EstParts): readonly Route[] {
  return [
    ...operation('GET', 'cacerts', () => caCerts(parts)),
    ...operation('GET', 'csrattrs', (ctx, asked) => csrAttrs(parts, ctx, asked)),
    ...operation('POST', 'simpleenroll', (ctx, asked) => simpleEnroll(parts, ctx, asked)),
    ...operation('POST', 'simplereenroll', (ctx, asked) => simpleReenroll(parts, ctx, asked)),
  ]
}

function operation(method: 'GET' | 'POST', name: string, run: Operation): readonly Route[] {
  const common = {
    method,
    door: 'protocol',
    access: { public: isPublic },
    failures: 'text',
  } as const satisfies Partial<RouteSpec<unknown, unknown, unknown>>
  const body = method === 'POST' ? z.string() : undefined
  const taking = body === undefined ? {} : { body, maxBody }
  return [
    route({
      ...common,
      ...taking,
      path: `${base}/${name}`,
      handler: (ctx, input) => run(ctx, { profile: undefined, request: input.request, body: input.body ?? '' }),
    }),
    route({
      ...common,
      ...taking,
      path: `${base}/{profile}/${name}`,
      params: labelled,
      handler: (ctx, { params, request, body }) => run(ctx, { profile: params.profile, request, body: body ?? '' }),
    }),
  ]
}

/** §4.1.2: every authority of ours that is trusted, with what leads from one to the next while one rolls over. */
async function caCerts({ hierarchy, renewal }: EstParts): Promise<Reply> {
  const { all } = await hierarchy.current()
  const stored = all.map(({ stored }) => stored).filter(({ revokedAt }) => revokedAt === undefined)
  const certificates = stored.flatMap(({ certificate, crossCertificate }) => [
    certificate,
    ...(crossCertificate === undefined ? [] : [crossCertificate]),
  ])
  return pkcs7(certificates, renewal())
}

/** §4.5: what the asker's profile takes. Strangers are told what any may take, so that nobody learns which there are. */
async function csrAttrs(parts: EstParts, ctx: Ctx, asked: Asked): Promise<Reply> {
  const name = await profileOfAsker(parts, ctx, asked)
  const keys = name === undefined ? keyClasses : (await getProfile(ctx, parts.issue, name)).keys
  return encoded('application/csrattrs', csrAttributes(keys), parts.renewal())
}

/** @throws GateError those of `verifyTokenSecret` and `requireShown`; `pki.enrolment-refused` for another profile than the token's */
async function profileOfAsker(
  parts: EstParts,
  ctx: Ctx,
  { profile, request }: Pick<Asked, 'profile' | 'request'>,
): Promise<string | undefined> {
  const secret = presentedSecret(request.headers)
  if (secret !== undefined) {
    const token = await verifyTokenSecret(parts, ctx, secret)
    if (profile === undefined || profile === token.profile) return token.profile
    throw enrolmentRefused(`the token is for the profile ${token.profile}`)
  }
  if (request.certificate === undefined) return undefined
  await requireShown(parts, ctx, request.certificate.der, enrolmentRefused)
  return profile
}

/** §4.2.1: for a token; or, for another certificate of its own, for whoever may have them issued. */
async function simpleEnroll(parts: EstParts, ctx: Ctx, { profile, request, body }: Asked): Promise<Reply> {
  requirePkcs10(request)
  const secret = presentedSecret(request.headers)
  if (secret !== undefined) {
    return issuedReply(await enrol(parts, ctx, { secret, profile, request: body }), parts.renewal())
  }
  const { certificate } = request
  if (certificate === undefined || profile === undefined)
    throw fail('pki.enrolment-needs-proof', { headers: challenge })
  const { actor } = await requirePaced(parts, ctx, certificate.der, enrolmentRefused)
  return issuedReply(await enrolAsHolder(parts, ctx.as(actor), { profile, request: body }), parts.renewal())
}

/** §4.2.2: for the certificate that is renewed, shown in the handshake, and for nothing else. */
async function simpleReenroll(parts: EstParts, ctx: Ctx, { profile, request, body }: Asked): Promise<Reply> {
  requirePkcs10(request)
  const { certificate } = request
  if (certificate === undefined) {
    throw fail('pki.renewal-needs-certificate', { fields: { renewal: parts.renewal() } })
  }
  const { certificateId, actor } = await requirePaced(parts, ctx, certificate.der, renewalRefused)
  const issued = await renewCertificate(parts.issue, ctx.as(actor), { certificateId, profile, request: body })
  return issuedReply(issued, parts.renewal())
}

/** @throws GateError those of `requireShown`, and `pki.renewed-too-often` (429) */
async function requirePaced(parts: EstParts, ctx: Ctx, der: Uint8Array, refused: Refusal): Promise<ShownCertificate> {
  const shown = await requireShown(parts, ctx, der, refused)
  return journalled(ctx.as(shown.actor), 'certificates:use', async () => {
    const wait = parts.pace.take(shown.client, ctx.now)
    if (wait === 0) return shown
    const seconds = Math.ceil(wait / 1_000)
    throw fail('pki.renewed-too-often', { fields: { seconds }, headers: { 'Retry-After': String(seconds) } })
  })
}

function requirePkcs10({ headers }: RequestView): void {
  const type = (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/pkcs10') throw fail('pki.enrolment-media-type')
}

/** The certificate, and what a server with it has to show along. */
function issuedReply({ record, issuer }: IssuedCertificate, renewal: string): Reply {
  return pkcs7([record.certificate, ...issuer.chain], renewal)
}

function pkcs7(certificates: readonly Uint8Array[], renewal: string): Reply {
  return encoded('application/pkcs7-mime; smime-type=certs-only', certsOnly(certificates), renewal)
}

/** Base64 in lines, which every reader of EST takes, and `openssl base64 -d` takes nothing else. */
function encoded(type: string, der: Uint8Array, renewal: string): Reply {
  const text = Buffer.from(der).toString('base64')
  const lines = text.match(/.{1,64}/g) ?? []
  return {
    kind: 'text',
    type,
    body: `${lines.join('\n')}\n`,
    headers: { 'Content-Transfer-Encoding': 'base64', 'Gatehouse-Renewal': renewal },
  }
}
