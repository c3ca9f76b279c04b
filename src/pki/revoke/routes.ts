import { z } from 'zod'
import type { AccessFace } from '#access'
import { type Ctx, type Route, route } from '#platform'
import { fail } from '../errors.ts'
import { summariesOf } from '../holders/holders-store.ts'
import { titleOf } from '../issue/certificate-store.ts'
import { certificateParams } from '../issue/contract.ts'
import { findHolder } from '../issue/holder-store.ts'
import { getCertificate } from '../issue/record.ts'
import { certificateView } from '../issue/wire.ts'
import { certificatesPath } from '../views/holders.ts'
import { revokeAllPage, revokeOwnPage, revokePage } from '../views/revoke-page.ts'
import { revokeAllBody, revokeBody, revokedAllView, revokedView, revokeOwnBody } from './contract.ts'
import { previewRevocation, revokeAllAs, revokeAs, revokeOwn } from './revoke.ts'

/** Revoking over the API and in the console. */
export function revocationRoutes({ access }: { readonly access: AccessFace }): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/certificates/{id}/revoke',
      door: 'api',
      access: { permission: 'certificates:revoke:{id}' },
      asksFreshProof: true,
      summary: 'Revoke a certificate and what was renewed from it; from its next use on it proves nothing',
      params: certificateParams,
      body: revokeBody,
      responses: { 200: revokedView },
      handler: async (ctx, { params, body }) => {
        const { ids } = await revokeAs(ctx, access, params.id, body.reason)
        const view = certificateView(await getCertificate(ctx, params.id))
        return { kind: 'json', body: { ...view, revoked: [...ids] } }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/certificates/revoke-all',
      door: 'api',
      access: { permission: 'certificates:revoke' },
      asksFreshProof: true,
      summary: 'Revoke every certificate that speaks for a principal: what to do about a lost device',
      body: revokeAllBody,
      responses: { 200: revokedAllView },
      handler: async (ctx, { body }) => {
        const revoked = await revokeAllAs(ctx, access, body.holder, body.reason)
        return { kind: 'json', body: { holder: body.holder, revoked } }
      },
    }),
    route({
      method: 'GET',
      path: '/certificates/revoke-all',
      door: 'browser',
      access: { permission: 'certificates:revoke' },
      asksFreshProof: true,
      query: z.strictObject({ holder: z.string().max(64) }),
      handler: (ctx, { query }) => showQuestionOfAll(ctx, access, query.holder),
    }),
    route({
      method: 'POST',
      path: '/certificates/revoke-all',
      door: 'browser',
      access: { permission: 'certificates:revoke' },
      asksFreshProof: true,
      body: revokeAllBody,
      handler: async (ctx, { body }) => {
        await revokeAllAs(ctx, access, body.holder, body.reason)
        return { kind: 'redirect', location: certificatesPath(body.holder) }
      },
    }),
    ...ownRoutes(access),
    route({
      method: 'GET',
      path: '/certificates/{id}/revoke',
      door: 'browser',
      access: { permission: 'certificates:revoke:{id}' },
      asksFreshProof: true,
      params: certificateParams,
      handler: (ctx, { params }) => showQuestion(ctx, params.id),
    }),
    route({
      method: 'POST',
      path: '/certificates/{id}/revoke',
      door: 'browser',
      access: { permission: 'certificates:revoke:{id}' },
      asksFreshProof: true,
      params: certificateParams,
      body: revokeBody,
      handler: async (ctx, { params, body }) => {
        await revokeAs(ctx, access, params.id, body.reason)
        return { kind: 'redirect', location: `/certificates/${params.id}` }
      },
    }),
  ]
}

const eachIsDecided = { signedIn: 'certificates:revoke:<id> is required for each of one’s own, where they are found' }

/** What to do when one's own laptop is lost. */
function ownRoutes(access: AccessFace): readonly Route[] {
  const path = '/certificates/revoke-own'
  return [
    route({
      method: 'POST',
      path: '/api/v1/certificates/revoke-own',
      door: 'api',
      access: eachIsDecided,
      asksFreshProof: true,
      summary: 'Revoke every certificate that speaks for whoever asks',
      body: revokeOwnBody,
      responses: { 200: revokedAllView },
      handler: async (ctx, { body }) => {
        const revoked = await revokeOwn(ctx, access, body.reason)
        return { kind: 'json', body: { holder: ctx.actor.principal.id, revoked } }
      },
    }),
    route({
      method: 'GET',
      path,
      door: 'browser',
      access: eachIsDecided,
      asksFreshProof: true,
      handler: async (ctx) => {
        const { id } = ctx.actor.principal
        const count = (await summariesOf(ctx.db, [id], ctx.now)).get(id)?.certificates ?? 0
        const page = { title: 'Revoke your certificates', body: revokeOwnPage(count) }
        return { kind: 'page', page: { ...page, section: '/certificates', frame: 'full' } }
      },
    }),
    route({
      method: 'POST',
      path,
      door: 'browser',
      access: eachIsDecided,
      asksFreshProof: true,
      body: revokeOwnBody,
      handler: async (ctx, { body }) => {
        await revokeOwn(ctx, access, body.reason)
        return { kind: 'redirect', location: '/certificates' }
      },
    }),
  ]
}

/** @throws GateError `pki.no-such-holder` */
async function showQuestionOfAll(ctx: Ctx, access: AccessFace, holderId: string) {
  const own = await findHolder(ctx.db, holderId)
  const name = own?.name ?? (await access.findPrincipal(ctx.db, { id: holderId }))?.name
  if (name === undefined) throw fail('pki.no-such-holder', { fields: { id: holderId.slice(0, 80) } })
  const summary = (await summariesOf(ctx.db, [holderId], ctx.now)).get(holderId)
  const body = revokeAllPage({
    holderId,
    name,
    isKnown: own !== undefined && own.removedAt === undefined,
    count: summary?.certificates ?? 0,
  })
  const title = `Revoke all of ${name}`
  return { kind: 'page', page: { title, body, section: '/certificates', frame: 'full' } } as const
}

async function showQuestion(ctx: Ctx, id: string) {
  const record = await getCertificate(ctx, id)
  const [, ...others] = await previewRevocation(ctx, id, 'unspecified')
  const sameKey = (await previewRevocation(ctx, id, 'keyCompromise')).length - 1 - others.length
  const body = revokePage({ record, renewed: others.length, sameKey })
  const title = `Revoke ${titleOf(record)}`
  return { kind: 'page', page: { title, body, section: '/certificates', frame: 'full' } } as const
}
