import { type CredentialLimits, noLimits } from '#kit'
import type { Ctx } from '#platform'
import type { IssueBody } from './contract.ts'
import { ensureHolder, type Holder } from './holders.ts'
import { authorizeOrder, type IssuedCertificate, type IssueParts, issue, judgeOrder, orderWithNewKey } from './issue.ts'
import { getProfile } from './profiles.ts'

const day = 86_400_000

export interface Filled extends IssuedCertificate {
  /** Of a key made here, to be told once. */
  readonly privateKeyPem: string | undefined
}

/**
 * A certificate as somebody orders it over the API or in the console: permission, holder, request, limits, signature, in
 * one transaction.
 *
 * @throws Refused without `certificate-profiles:issue:<profile>`; what `judgeOrder`, `authorizeOrder`, `ensureHolder` and
 * `issue` throw
 */
export async function fillOrder(ctx: Ctx, parts: IssueParts, body: IssueBody): Promise<Filled> {
  await parts.access.require(ctx, `certificate-profiles:issue:${body.profile}`)
  const profile = await getProfile(ctx, parts, body.profile)
  return ctx.tx(async (tx) => {
    const holder = await holderOf(tx, parts, body)
    const order = {
      profile,
      holder,
      hosts: body.names,
      via: 'api',
      label: body.label,
      limits: limitsOf(body),
      notAfter: body.days === undefined ? undefined : tx.now + body.days * day,
    } as const
    const { judged, privateKeyPem } =
      body.request === undefined
        ? orderWithNewKey(parts, order)
        : { judged: judgeOrder(parts, { ...order, request: body.request }), privateKeyPem: undefined }
    const issued = await issue(tx, parts, await authorizeOrder(tx, parts.access, judged))
    return { ...issued, privateKeyPem }
  })
}

async function holderOf(ctx: Ctx, { access }: IssueParts, body: IssueBody): Promise<Holder | undefined> {
  const { account, device, service } = body
  if (account !== undefined) return ensureHolder(ctx, access, { kind: 'account', name: account })
  if (device !== undefined) return ensureHolder(ctx, access, { kind: 'device', name: device })
  return service === undefined ? undefined : ensureHolder(ctx, access, { kind: 'service', name: service })
}

function limitsOf({ permissions, networks, regions }: IssueBody): CredentialLimits | undefined {
  if (permissions === undefined && networks === undefined && regions === undefined) return undefined
  return {
    ...noLimits,
    ...(permissions === undefined ? {} : { permissions }),
    ...(networks === undefined ? {} : { networks }),
    ...(regions === undefined ? {} : { regions }),
  }
}
