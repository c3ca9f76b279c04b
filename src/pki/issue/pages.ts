import { z } from 'zod'
import type { AccessFace } from '#access'
import { countriesIn, type LimitQuestion } from '#kit'
import {
  type Ctx,
  type FieldFault,
  GateError,
  type Keyring,
  type RejectedForm,
  type Reply,
  type Route,
  route,
} from '#platform'
import { findCertificateUse } from '../clients/use-store.ts'
import { fail } from '../errors.ts'
import type { Authority } from '../face.ts'
import { certificatePage } from '../views/certificate-page.ts'
import { certificatesPage } from '../views/certificates-page.ts'
import { pathOf } from '../views/holders.ts'
import { issuePage } from '../views/issue-page.ts'
import { findSuccessor } from './certificate-store.ts'
import { certificateParams, certificateQuery, issueBody, profileName } from './contract.ts'
import { findHolder } from './holder-store.ts'
import type { IssueParts } from './issue.ts'
import { issuedPageReply } from './issued-replies.ts'
import { type FormValues, keyInputs, keyWanted, optional, typed } from './key-form.ts'
import { fillOrder } from './orders.ts'
import { questionsOf } from './own-limits.ts'
import { may, profilePages } from './profile-pages.ts'
import { allProfiles } from './profiles.ts'
import { getCertificate } from './record.ts'
import { pageOfCertificates } from './routes.ts'
import { chainPem } from './wire.ts'

export interface CertificatePageParts {
  readonly issue: IssueParts
  readonly keyring: Keyring
  readonly access: AccessFace
  readonly root: () => Promise<Authority>
  /** The console's address; known after the listener has started. */
  readonly origin: () => string
}

const section = '/certificates'

/** The console's pages about certificates. */
export function certificatePages(parts: CertificatePageParts): readonly Route[] {
  // what has a name of its own before `/certificates/{id}`: the first that fits answers
  return [...profilePages(parts), listPage(parts), ...issuePages(parts), detailPage(parts)]
}

function listPage(parts: CertificatePageParts): Route {
  return route({
    method: 'GET',
    path: '/certificates',
    door: 'browser',
    access: { each: 'certificates:read' },
    query: certificateQuery,
    handler: async (ctx, { query }) => {
      const page = await pageOfCertificates(ctx, parts, query)
      const profiles = await allProfiles(ctx, parts.issue)
      const body = certificatesPage({
        root: await parts.root(),
        origin: parts.origin(),
        ...page,
        query,
        profiles: profiles.map(({ name }) => name),
        maySeeProfiles: await may(parts, ctx, 'certificate-profiles:read'),
        maySeeHolders: await may(parts, ctx, 'certificate-holders:read'),
        mayRevokeAllOf:
          page.items.length > 0 && (await may(parts, ctx, 'certificates:revoke')) ? query.holder : undefined,
        hasOwn: page.items.some((one) => one.holderId === ctx.actor.principal.id && one.revokedAt === undefined),
        now: ctx.now,
      })
      return pageReply('Certificates', body)
    },
  })
}

const days = z.int('a whole number of days').min(1).max(3650).optional()
const listed = z.string().transform((text) => text.split(/[\s,]+/).filter((one) => one !== ''))
/** By name or code, with commas between. */
const countries = z
  .string()
  .max(1_000)
  .transform((text, context) => {
    const typed = countriesIn(text)
    for (const one of typed.filter(({ code }) => code === undefined)) {
      context.addIssue({ code: 'custom', message: `Not a country: ${one.text.slice(0, 60)}` })
    }
    return [...new Set(typed.flatMap(({ code }) => code ?? []))]
  })
const issueForm = z
  .strictObject({
    profile: profileName,
    holder: optional,
    names: listed,
    ...keyInputs,
    label: optional,
    allow: listed.default([]),
    deny: listed.default([]),
    regions: countries.default([]),
    confirmed: z.union([z.string().transform((one) => [one]), z.array(z.string()).max(10)]).default([]),
    days: optional.transform((text) => (text === undefined ? undefined : Number(text))).pipe(days),
  })
  .readonly()

function issuePages(parts: CertificatePageParts): readonly Route[] {
  const show = async (
    ctx: Ctx,
    values: FormValues,
    faults: RejectedForm['faults'],
    status?: number,
    questions: readonly LimitQuestion[] = [],
  ): Promise<Reply> => {
    const body = issuePage({ profiles: await allProfiles(ctx, parts.issue), values, faults, questions })
    return { ...pageReply('Issue a certificate', body), ...(status === undefined ? {} : { status }) }
  }
  return [
    route({
      method: 'GET',
      path: '/certificates/new',
      door: 'browser',
      access: { permission: 'certificate-profiles:read' },
      asksFreshProof: true,
      handler: (ctx) => show(ctx, {}, []),
    }),
    route({
      method: 'POST',
      path: '/certificates/new',
      door: 'browser',
      access: {
        signedIn: 'which profile is meant stands in the form; certificate-profiles:issue:<profile> is required there',
      },
      asksFreshProof: true,
      body: issueForm,
      handler: async (ctx, { body }) => {
        try {
          const order = issueBody.safeParse(await orderOf(ctx, parts, body))
          if (!order.success) return show(ctx, typed(body), order.error.issues.map(faultOf), 422)
          return issuedPageReply(await fillOrder(ctx, parts.issue, order.data, body.confirmed))
        } catch (error) {
          if (!(error instanceof GateError) || error.status === 403 || error.status >= 500) throw error
          const questions = questionsOf(error)
          if (questions.length > 0) return show(ctx, typed(body), [], 409, questions)
          if (error.code === 'pki.invalid-limits') return show(ctx, typed(body), error.faults.map(limitFault), 422)
          return show(ctx, typed(body), [{ field: fieldOf(error.code), message: error.detail }], error.status)
        }
      },
      invalid: (ctx, { form, faults }) => show(ctx, typed(form), faults, 422),
    }),
  ]
}

/**
 * The form knows one field for whom a certificate is for; the profile says what that is. Bounds are the contract's.
 *
 * @throws GateError `pki.holder-unfit`, `pki.request-or-key`
 */
async function orderOf(ctx: Ctx, parts: CertificatePageParts, form: z.output<typeof issueForm>): Promise<unknown> {
  const { profile, holder, names, label, days, allow, deny, regions } = form
  const kind = (await allProfiles(ctx, parts.issue)).find(({ name }) => name === profile)?.kind
  const key = kind === 'person' ? 'account' : kind === 'device' ? 'device' : 'service'
  if (kind === 'server' && holder !== undefined)
    throw fail('pki.holder-unfit', { fields: { profile, holder: 'nobody' } })
  const wanted = keyWanted(form)
  return {
    profile,
    ...(holder === undefined ? {} : { [key]: holder }),
    ...(names.length === 0 ? {} : { names }),
    ...wanted,
    ...(label === undefined ? {} : { label }),
    ...(days === undefined ? {} : { days }),
    ...(allow.length + deny.length === 0 ? {} : { networks: { allow, deny } }),
    ...(regions.length === 0 ? {} : { regions }),
  }
}

function limitFault({ field, message }: FieldFault): FieldFault {
  return { field: field === 'networks' ? 'allow' : field, message }
}

function faultOf({ path: [name, inside], message }: z.core.$ZodIssue): FieldFault {
  const own = String(name === 'pkcs12' ? (inside ?? 'handover') : name === 'networks' ? (inside ?? 'allow') : name)
  return { field: ['account', 'device', 'service'].includes(own) ? 'holder' : own, message }
}

/** Where on the form what went wrong can be mended. */
function fieldOf(code: string): string {
  if (/holder/.test(code)) return 'holder'
  if (code === 'pki.name-not-allowed') return 'names'
  return /request|key/.test(code) ? 'request' : 'profile'
}

function detailPage(parts: CertificatePageParts): Route {
  return route({
    method: 'GET',
    path: '/certificates/{id}',
    door: 'browser',
    access: { permission: 'certificates:read:{id}' },
    params: certificateParams,
    handler: async (ctx, { params }) => {
      const record = await getCertificate(ctx, params.id)
      const authority = await parts.issue.hierarchy.find(ctx, record.authorityId)
      const body = certificatePage({
        record,
        authority: authority?.stored.name,
        chain: chainPem(record, authority?.chain ?? []),
        holder: await holderName(ctx, parts, record.holderId),
        asker: await askerOf(ctx, parts, record.askedBy),
        successor: await findSuccessor(ctx.db, record.id),
        use: await findCertificateUse(ctx.db, record.id),
        now: ctx.now,
      })
      return pageReply(record.subject === '' ? 'Certificate' : record.subject, body)
    },
  })
}

async function askerOf(ctx: Ctx, { access }: CertificatePageParts, id: string | undefined) {
  if (id === undefined) return undefined
  return { id, name: (await access.findPrincipal(ctx.db, { id }))?.name ?? id }
}

async function holderName(ctx: Ctx, { access }: CertificatePageParts, id: string | undefined) {
  if (id === undefined) return undefined
  const own = await findHolder(ctx.db, id)
  if (own !== undefined) {
    return { id, kind: own.kind, name: own.name, href: own.removedAt === undefined ? pathOf(id) : undefined }
  }
  const principal = await access.findPrincipal(ctx.db, { id })
  return { id, kind: 'account' as const, name: principal?.name ?? id, href: `/accounts/${id}` }
}

function pageReply(title: string, body: ReturnType<typeof certificatePage>): Reply & { readonly kind: 'page' } {
  return { kind: 'page', page: { title, body, section, frame: 'full' } }
}
