import { z } from 'zod'
import { type Ctx, type FieldFault, GateError, type Route, route } from '#platform'
import { titleOf } from '../issue/certificate-store.ts'
import { certificateParams, resetBody, resetView } from '../issue/contract.ts'
import type { IssueParts } from '../issue/issue.ts'
import { issuedPageReply, issuedReply } from '../issue/issued-replies.ts'
import { type FormValues, keyInputs, keyWanted, typed } from '../issue/key-form.ts'
import { previewRevocation } from '../revoke/revoke.ts'
import { resetPage } from '../views/reset-page.ts'
import { requireResettable, resetCertificate } from './reset.ts'

const resetForm = z.strictObject(keyInputs).readonly()

/** Another key, the same limits: over the API and in the console. */
export function resetRoutes({ issue }: { readonly issue: IssueParts }): readonly Route[] {
  return [apiRoute(issue), ...pages(issue)]
}

function apiRoute(parts: IssueParts): Route {
  return route({
    method: 'POST',
    path: '/api/v1/certificates/{id}/reset',
    door: 'api',
    access: { permission: 'certificates:revoke:{id}' },
    asksFreshProof: true,
    summary: 'Put a certificate of another key, with the same limits, in the place of one, which is revoked',
    params: certificateParams,
    body: resetBody,
    responses: { 201: resetView },
    handler: async (ctx, { params, body }) => {
      const made = await resetCertificate(ctx, parts, params.id, body)
      return issuedReply(made, { revoked: [...made.revoked] })
    },
  })
}

function pages(parts: IssueParts): readonly Route[] {
  const path = '/certificates/{id}/reset'
  const permission = 'certificates:revoke:{id}'
  return [
    route({
      method: 'GET',
      path,
      door: 'browser',
      access: { permission },
      asksFreshProof: true,
      params: certificateParams,
      handler: (ctx, { params }) => show(ctx, parts, params.id, {}, []),
    }),
    route({
      method: 'POST',
      path,
      door: 'browser',
      access: { permission },
      asksFreshProof: true,
      params: certificateParams,
      body: resetForm,
      handler: async (ctx, { params: { id }, body }) => {
        try {
          const wanted = resetBody.safeParse(keyWanted(body))
          if (!wanted.success) {
            const reply = await show(ctx, parts, id, typed(body), wanted.error.issues.map(faultOf))
            return { ...reply, status: 422 }
          }
          return issuedPageReply(await resetCertificate(ctx, parts, id, wanted.data))
        } catch (error) {
          if (!(error instanceof GateError) || !/^pki\.(request|key)-/.test(error.code)) throw error
          const reply = await show(ctx, parts, id, typed(body), [{ field: 'request', message: error.detail }])
          return { ...reply, status: error.status }
        }
      },
      invalid: async (ctx, { params, form, faults }) => ({
        ...(await show(ctx, parts, String(params['id']), typed(form), faults)),
        status: 422,
      }),
    }),
  ]
}

async function show(ctx: Ctx, parts: IssueParts, id: string, values: FormValues, faults: readonly FieldFault[]) {
  const record = await requireResettable(ctx, parts, id)
  const [, ...renewed] = await previewRevocation(ctx, id, 'unspecified')
  const body = resetPage({ record, renewed: renewed.length, values, faults })
  return {
    kind: 'page',
    page: { title: `Reset ${titleOf(record)}`, body, section: '/certificates', frame: 'full' },
  } as const
}

function faultOf({ path: [name, inside], message }: z.core.$ZodIssue): FieldFault {
  return { field: String(name === 'pkcs12' ? (inside ?? 'handover') : name), message }
}
