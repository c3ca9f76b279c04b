import { z } from 'zod'
import {
  type AnyStateKind,
  givenFields,
  type StateStep,
  sortedTexts,
  stateFaults,
  stateKind,
  stateStep,
} from '#platform'
import { createWebhookBody, patterns, webhookName, webhookUrl } from './contract.ts'
import { allEndpoints } from './endpoint-store.ts'
import { createEndpoint, deleteEndpoint, type EndpointDeps, pause, resume, updateEndpoint } from './endpoints.ts'

const fields = z.strictObject({
  url: webhookUrl.transform((url) => new URL(url).href).optional(),
  events: patterns.transform(sortedTexts).optional(),
  paused: z.boolean().optional(),
})

/**
 * Webhooks as files declare them: where they lead, what they send, whether they are paused. A secret is made here and told
 * once; whom one acts as is whoever applies what makes or changes it.
 */
export function webhooksState(deps: EndpointDeps): AnyStateKind {
  return stateKind({
    kind: 'webhooks',
    after: ['accounts', 'groups', 'roles', 'policies'],
    name: webhookName,
    fields,
    async read({ db }) {
      const endpoints = await allEndpoints(db)
      return new Map(
        endpoints.map(({ name, url, patterns, pausedReason }) => [
          name,
          { id: name, fields: { url, events: sortedTexts(patterns), paused: pausedReason !== undefined } },
        ]),
      )
    },
    plan({ name, before, wanted, changed }) {
      if (wanted === undefined) {
        const work = (tx: Parameters<typeof deleteEndpoint>[0]) => deleteEndpoint(tx, name, anyRevision)
        return { steps: [stateStep('delete', [`webhooks:delete:${name}`], work)] }
      }
      const { paused, ...rest } = wanted
      const update = [`webhooks:update:${name}`]
      const switched = stateStep('take', update, (tx) => (paused === true ? pause(tx, name) : resume(tx, name)))
      const turn = paused !== undefined && paused !== (before?.fields['paused'] ?? false) ? [switched] : []
      if (before !== undefined) {
        const change = () =>
          stateStep('update', update, (tx) => updateEndpoint(deps, tx, name, givenFields(rest), anyRevision))
        return { steps: [...(changed.has('url') || changed.has('events') ? [change()] : []), ...turn] }
      }
      const body = createWebhookBody.safeParse({ name, ...givenFields(rest) })
      if (!body.success) return stateFaults(body.error)
      const make: StateStep = {
        stage: 'create',
        requires: ['webhooks:create'],
        run: async (tx) => ({ what: 'secret', secret: (await createEndpoint(deps, tx, body.data)).secret }),
      }
      return { steps: [make, ...turn] }
    },
  })
}

/** The plan's fingerprint says that nothing changed meanwhile. */
function anyRevision(): void {}
