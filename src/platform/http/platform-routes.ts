import { z } from 'zod'
import type { Database } from '../db/database.ts'
import type { Metrics } from '../metrics.ts'
import type { ReloadReport } from '../reload.ts'
import { type ReloadReportJson, reloadReport } from '../reload-contract.ts'
import type { Ctx, PermissionType } from '../room/contract.ts'
import { failHttp } from './http-errors.ts'
import { openApi } from './openapi.ts'
import { type AnyRoute, type Route, route } from './route.ts'

/** What the platform answers for itself. */
export const platformPermissions: readonly PermissionType[] = [
  { type: 'audit', actions: { read: 'Read the audit journal and verify it' }, ids: 'exact' },
  {
    type: 'configuration',
    actions: { reload: 'Read configuration and certificates of files again' },
    ids: 'exact',
  },
  { type: 'metrics', actions: { read: 'Read the metrics of the server' }, ids: 'exact' },
]

export interface PlatformRoutesDeps {
  readonly database: Database
  readonly metrics: Metrics
  readonly origin: () => string
  /** False while starting and from the moment of a stop signal: load balancers take the node out before it closes. */
  readonly ready: () => boolean
  readonly reload: (ctx: Ctx) => Promise<ReloadReport>
}

/** Health, readiness, metrics and the API's description. */
export function platformRoutes(deps: PlatformRoutesDeps, others: readonly AnyRoute[]): readonly Route[] {
  const own: readonly Route[] = [
    route({
      method: 'GET',
      path: '/healthz',
      door: 'protocol',
      access: { public: 'says only that the process answers' },
      handler: () => Promise.resolve({ kind: 'text', body: 'ok\n', type: 'text/plain; charset=utf-8' }),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      door: 'protocol',
      access: { public: 'says only whether requests would be served, to load balancers that have no credential' },
      handler: async () => {
        if (!deps.ready()) throw failHttp('platform.unavailable')
        await deps.database.ping()
        return { kind: 'text', body: 'ready\n', type: 'text/plain; charset=utf-8' }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/configuration/reload',
      door: 'api',
      access: { permission: 'configuration:reload' },
      summary: 'Read configuration and certificates of files again, and take over what may change while running',
      responses: { 200: reloadReport },
      handler: async (ctx) => ({ kind: 'json', body: reportJson(await deps.reload(ctx)) }),
    }),
    route({
      method: 'GET',
      path: '/metrics',
      door: 'api',
      access: { permission: 'metrics:read' },
      summary: 'Metrics in the Prometheus text format',
      responses: { 200: z.string() },
      produces: ['text/plain'],
      handler: async () => ({ kind: 'text', body: await deps.metrics.text(), type: 'text/plain; version=0.0.4' }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/openapi.json',
      door: 'api',
      access: { public: 'the description of the API is the same for every installation' },
      summary: 'This description, as OpenAPI 3.1',
      responses: { 200: z.record(z.string(), z.unknown()) },
      handler: async () => ({ kind: 'json', body: await openApi([...own, ...others], deps.origin()) }),
    }),
  ]
  return own
}

function reportJson({ applied, needRestart, certificates }: ReloadReport): ReloadReportJson {
  return {
    applied: [...applied],
    needRestart: [...needRestart],
    certificates: certificates.map(({ files, state, faults, served }) => ({
      certificate: files.certificate,
      key: files.key,
      state,
      faults: faults.map(({ file, message }) => `${files[file]} ${message}`),
      warnings: [...(served?.warnings ?? [])],
      names: [...(served?.names ?? [])],
      fingerprint: served?.fingerprint ?? null,
      notAfter: served === undefined ? null : new Date(served.notAfter).toISOString(),
    })),
  }
}
