import { z } from 'zod'
import { settingsGroup } from './group.ts'

/** Where a route counts beyond host and path, and who may come how. Members of the route itself, not of a group. */
export const ruleSettings = settingsGroup(
  {
    exact: z.boolean().describe('Only this very path, nothing under it.'),
    methods: z
      .array(z.string().regex(/^[A-Z][A-Z-]{0,31}$/, 'a method in capitals, such as GET'))
      .max(20)
      .describe(
        'Methods the route takes; empty: all. Another method is refused with 405, never given to another route.',
      ),
    priority: z
      .int()
      .min(-1000)
      .max(1000)
      .describe('Before the more specific path: of the routes that cover a path, the highest priority wins.'),
  },
  { exact: false, methods: [], priority: 0 },
)
