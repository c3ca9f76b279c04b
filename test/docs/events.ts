import { z } from 'zod'
import { rooms } from '../../src/app.ts'
import { platformEvents } from '../../src/platform/platform-events.ts'

const intro = `# Events

<!-- Written by \`npm run docs\` from the rooms' event tables in src; a test fails when they differ. -->

Every change that Gatehouse journals is an event of the same name; [webhooks](webhooks.md) send them on. What is sent:

\`\`\`json
{
  "id": "evt_019b2c1e7d3a7c0e8f1a2b3c4d5e6f70",
  "type": "accounts.disable",
  "timestamp": "2026-11-22T01:05:07.123Z",
  "sequence": 4711,
  "data": {
    "actor": { "kind": "account", "id": "acc_019b…", "name": "grace" },
    "target": { "type": "account", "id": "acc_019c…", "name": "mallory" },
    "detail": { "sessionsEnded": 2 },
    "requestId": "req_019b…"
  }
}
\`\`\`

\`id\` is the same in every attempt, replay and endpoint: what was seen before is a repetition. \`sequence\` grows with every
event and has gaps; nearly always it is the order in which things happened. \`timestamp\` is when the change was made.
\`target\` and \`detail\` are absent where an event has none. Of the journal's detail only the members listed here are sent;
secrets are in neither. An event goes to an endpoint only if whoever made the endpoint may read the thing: the permission
stands beside each event, with the target's \`{id}\` or \`{name}\`.
`

/** The text of docs/events.md. */
export function eventsPage(): string {
  const all = [{ name: 'platform', events: platformEvents }, ...rooms]
  const sections = all.flatMap(({ name, events = {} }) => {
    const entries = Object.entries(events).toSorted(([a], [b]) => (a < b ? -1 : 1))
    return entries.length === 0 ? [] : [`## ${name}\n\n${entries.map(entryOf).join('\n')}`]
  })
  return [intro, ...sections].join('\n')
}

function entryOf([name, { summary, read, detail }]: [string, NonNullable<(typeof rooms)[number]['events']>[string]]) {
  const head = `### ${name}\n\n${summary} Read with \`${read}\`.\n`
  return detail === undefined
    ? head
    : `${head}\n| member of detail | type | meaning |\n|---|---|---|\n${rowsOf(detail, '')}\n`
}

const property = z.object({
  type: z
    .union([z.string(), z.array(z.string())])
    .transform((type) => (typeof type === 'string' ? type : type.join(' or ')))
    .optional(),
  description: z.string().optional(),
  format: z.string().optional(),
  items: z.object({ type: z.string().optional() }).optional(),
  enum: z.array(z.string()).optional(),
  anyOf: z.array(z.object({ type: z.string() })).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
})

function rowsOf(schema: unknown, prefix: string): string {
  const made = schema instanceof z.ZodType ? z.toJSONSchema(schema, { io: 'output' }) : schema
  const { properties = {}, required = [] } = property.parse(made)
  return Object.entries(properties)
    .map(([name, inner]) => {
      const one = property.parse(inner)
      const row = `| \`${prefix}${name}\` | ${typeOf(one)}${required.includes(name) ? '' : ', optional'} | ${one.description ?? ''} |`
      return one.properties === undefined ? row : `${row}\n${rowsOf(inner, `${prefix}${name}.`)}`
    })
    .join('\n')
}

function typeOf({ type, format, items, anyOf, enum: choices }: z.infer<typeof property>): string {
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(' or ')
  if (anyOf !== undefined) return anyOf.map((one) => one.type).join(' or ')
  if (items !== undefined) return `list of ${items.type ?? 'value'}s`
  return format === 'date-time' ? 'time (RFC 3339)' : (type ?? 'value')
}
