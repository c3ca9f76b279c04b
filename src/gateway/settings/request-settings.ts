import { z } from 'zod'
import { canonicalName, nameFault, removalFault, valueFault } from '../request/header-names.ts'
import { templateFault } from '../request/templates.ts'
import { settingsGroup } from './group.ts'

/** Headers by name, at most twenty, none twice in any spelling a lenient server takes for the same. */
function headers(faultOf: (value: string) => string | undefined, most: number) {
  return z.record(z.string(), z.string().max(most)).superRefine((given, context) => {
    const names = Object.keys(given)
    if (names.length > 20) context.addIssue({ code: 'custom', message: 'at most 20' })
    for (const name of names) {
      const again = names.filter((other) => canonicalName(other) === canonicalName(name)).length > 1
      const fault = nameFault(name) ?? (again ? 'is there twice' : undefined) ?? faultOf(given[name] ?? '')
      if (fault !== undefined) context.addIssue({ code: 'custom', path: [name], message: `${name}: ${fault}` })
    }
  })
}

/** What the app is told. */
export const requestSettings = settingsGroup(
  {
    identityHeaders: headers(templateFault, 256).describe(
      'Headers that say who came, by template: {id} {handle} {name} {email} {groups} {credential} {session}. Given as a whole; empty: none.',
    ),
    assertion: z.boolean().describe('X-Gatehouse-Assertion: a signed JWT that says who came.'),
    setHeaders: headers(valueFault, 4_096).describe(
      'Headers with a fixed value, whatever the client sends; everybody who may read the route sees them. Given as a whole.',
    ),
    removeHeaders: z
      .array(
        z.string().superRefine((name, context) => {
          const fault = removalFault(name)
          if (fault !== undefined) context.addIssue({ code: 'custom', message: `${name}: ${fault}` })
        }),
      )
      .max(50)
      .describe("Headers of the client's that the app does not get, Cookie and Authorization among them."),
    rewritePrefix: z
      .string()
      .max(1024)
      .regex(
        /^(?:|\/|(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)$/,
        '/ or segments like /app/v1, without a slash at the end; empty to leave paths as they are',
      )
      .describe("What the app sees in place of the route's path, up to the first *; empty: the path is left as it is."),
  },
  {
    identityHeaders: {
      'Remote-User': '{handle}',
      'Remote-Name': '{name}',
      'Remote-Email': '{email}',
      'Remote-Groups': '{groups}',
    },
    assertion: true,
    setHeaders: {},
    removeHeaders: [],
    rewritePrefix: '',
  },
)
