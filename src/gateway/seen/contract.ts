import { z } from 'zod'

/** What passed through one route, as the API tells it. */
export const trafficView = z.object({
  route: z.string(),
  since: z.iso
    .datetime()
    .describe('When the node that answers began to count, all its threads together; each node counts its own.'),
  lately: z
    .array(
      z.object({
        seconds: z.int().describe('Of the last so many whole seconds.'),
        passed: z.int().describe('Requests handed to the app that ended in them.'),
        refused: z.int(),
      }),
    )
    .describe('How much is going on now.'),
  answers: z
    .array(z.object({ ending: z.string(), count: z.int() }))
    .describe(
      'Requests handed to the app, by how they ended: class of the status, `gone` when the client had left, `cut` when the answer broke off, `failed` when the app gave none.',
    ),
  milliseconds: z
    .object({ half: z.number(), most: z.number(), nearlyAll: z.number() })
    .nullable()
    .describe(
      'Until answers had ended: 50, 95 and 99 of a hundred took no longer, within a fifth; null while there are none.',
    ),
  refusals: z
    .array(z.object({ reason: z.string(), count: z.int() }))
    .describe('Requests not handed on, by reason, most frequent first.'),
})
export type TrafficView = z.infer<typeof trafficView>
