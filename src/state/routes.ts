import { type Reply, type Route, route } from '#platform'
import { applyState, planState } from './apply.ts'
import { appliedView, applyBody, exportQuery, maxStateBytes, planBody, planView, stateDocument } from './contract.ts'
import { stateDoors } from './doors.ts'
import { type ExportedState, exportState } from './export.ts'
import type { StateDeps } from './plan.ts'
import { yamlOf } from './state-yaml.ts'

/** `/api/v1/state`. */
export function stateRoutes(deps: () => StateDeps): readonly Route[] {
  return [
    route({
      ...stateDoors['GET /api/v1/state'],
      query: exportQuery,
      responses: { 200: stateDocument },
      produces: ['application/yaml', 'application/json'],
      handler: async (ctx, { query: { kinds, format } }) => {
        const words = kinds?.split(',').map((word) => word.trim())
        const state = await exportState(deps(), ctx, words)
        if (format === 'json') return { kind: 'json', body: state }
        return yamlReply(state)
      },
    }),
    route({
      ...stateDoors['POST /api/v1/state/plan'],
      body: planBody,
      maxBody: maxStateBytes,
      responses: { 200: planView },
      handler: async (ctx, { body: { state, prune } }) => ({
        kind: 'json',
        body: await planState(deps(), ctx, state, prune),
      }),
    }),
    route({
      ...stateDoors['POST /api/v1/state/apply'],
      body: applyBody,
      maxBody: maxStateBytes,
      responses: { 200: appliedView },
      handler: async (ctx, { body: { state, prune, fingerprint } }) => ({
        kind: 'json',
        body: await applyState(deps(), ctx, state, prune, fingerprint),
        unrepeatable: true,
      }),
    }),
  ]
}

/** The file to keep. */
export async function yamlReply(state: ExportedState): Promise<Reply> {
  const headers = { 'Content-Disposition': 'attachment; filename="state.yaml"' }
  return { kind: 'text', type: 'application/yaml; charset=utf-8', body: await yamlOf(state), headers }
}
