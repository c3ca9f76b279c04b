/** The API of this room: what goes over the wire, shared by server, CLI and pages. */
import { z } from 'zod'
import { parseCidr } from '#kit'
import { askedAddress } from './address-contract.ts'
import { explanation } from './why/contract.ts'

export {
  dryRunBody,
  dryRunResult,
  policy,
  policyAction,
  policyBody,
  policyDelete,
  policyDifferenceList,
  policyList,
  policyPatch,
  policyRollback,
  policySchema,
  policyTemplates,
  policyVersion,
  policyVersionList,
} from './operator/contract.ts'
export {
  accessRequest,
  accessRequestList,
  requestBody,
  requestDeclineBody,
  requestGrantBody,
} from './requests/contract.ts'
export { explanation, whyQuery } from './why/contract.ts'

const time = z.iso.datetime({ offset: true })
const limit = z.coerce.number().int().min(1).max(200).default(50)
const cursor = z.string().max(1024).optional()

/** Names are for ever: lower case, short, fit for a permission's id and a command line. */
export const slug = z
  .string()
  .max(40)
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'lower-case letters, digits and single hyphens, beginning with a letter')
  .refine((name) => name !== 'new', 'new is an address of its own; choose another name')
const title = z.string().trim().min(1, 'say what it is called').max(80)
const description = z.string().trim().max(500)
/** Of a role: whoever holds it acts on nobody whose rank is as high or higher. */
const rank = z.int().min(0).max(1_000)
const patterns = z.array(z.string().max(512)).max(256)

/** A CIDR in its one form; a bare address becomes the network of itself. */
export const cidr = z
  .string()
  .max(50)
  .transform((text, context) => {
    const parsed = parseCidr(text.trim())
    if (parsed !== undefined) return parsed.text
    context.addIssue({
      code: 'custom',
      message: `${text.slice(0, 50)} is not a network; write 192.0.2.0/24 or 2001:db8::/32`,
    })
    return z.NEVER
  })
const cidrs = z.array(cidr).min(1, 'name at least one network').max(256)

const searched = z
  .string()
  .trim()
  .toLowerCase()
  .max(80)
  .transform((text) => (text === '' ? undefined : text))
  .optional()
  .describe('Only those with this text in name or title.')

export const pageQuery = z.strictObject({ limit, cursor })
export const listQuery = pageQuery.extend({ q: searched })

export const holderKind = z.enum(['principal', 'group'])
/** Who receives a role or joins a group: a principal by id, a group by name. */
export const holder = z.strictObject({ kind: holderKind.default('principal'), id: z.string().min(1).max(100) })

export const roleParams = z.strictObject({ role: z.string().max(100) })
export const roleBody = z.strictObject({
  name: slug,
  title,
  description: description.default(''),
  permissions: patterns,
  rank: rank.default(0),
})
export const rolePatch = z.strictObject({
  title: title.optional(),
  description: description.optional(),
  permissions: patterns.optional(),
  rank: rank.optional(),
})
export const role = z.object({
  id: z.string(),
  name: z.string(),
  title: z.string(),
  description: z.string(),
  permissions: z.array(z.string()),
  builtIn: z.boolean(),
  /** Its holders act on nobody of an equal or higher rank. 0: none; of administrators 1001, above all that can be given. */
  rank: z.int(),
  revision: z.int(),
  createdAt: time,
  updatedAt: time,
})
export const roleInList = role.extend({ holders: z.int() })
export const roleList = z.object({ items: z.array(roleInList), next: z.string().nullable() })

/** Somebody or some group inside a role or group. */
export const member = z.object({
  kind: holderKind,
  id: z.string().describe("A principal's id, a group's name."),
  name: z.string(),
  state: z.enum(['active', 'disabled']).nullable().describe('Null for groups.'),
  since: time,
  by: z.string().describe('Id of the principal that added it.'),
})
export const memberList = z.object({ items: z.array(member), next: z.null() })

export const groupParams = z.strictObject({ group: z.string().max(100) })
export const groupBody = z.strictObject({ name: slug, title, description: description.default('') })
export const groupPatch = z.strictObject({ title: title.optional(), description: description.optional() })
export const group = z.object({
  id: z.string(),
  name: z.string(),
  title: z.string(),
  description: z.string(),
  revision: z.int(),
  createdAt: time,
  updatedAt: time,
})
export const groupInList = group.extend({ members: z.int(), roles: z.array(z.string()) })
export const groupList = z.object({ items: z.array(groupInList), next: z.string().nullable() })

/** For what policies can name. */
export const deleteQuery = z.strictObject({
  force: z
    .stringbool({ truthy: ['true'], falsy: ['false'] })
    .default(false)
    .describe('Also when policies in force name it; they stay in force without it.'),
})
export const networkParams = z.strictObject({ network: z.string().max(100) })
export const networkBody = z.strictObject({ name: slug, title, cidrs })
export const networkPatch = z.strictObject({ title: title.optional(), cidrs: cidrs.optional() })
export const network = z.object({
  id: z.string(),
  name: z.string(),
  title: z.string(),
  cidrs: z.array(z.string()),
  revision: z.int(),
  createdAt: time,
  updatedAt: time,
})
export const networkList = z.object({ items: z.array(network), next: z.string().nullable() })

export const grantParams = z.strictObject({ grant: z.string().max(100) })
export const grantQuery = z.strictObject({
  grantor: z.string().max(100).optional(),
  grantee: z.string().max(100).optional(),
  limit,
  cursor,
})
export const grantBody = z
  .strictObject({
    grantee: z.string().min(1).max(100),
    permissions: patterns.min(1, 'name at least one permission'),
    note: z.string().trim().max(500).default(''),
    startsAt: time.optional().describe('At once when absent.'),
    endsAt: time.optional().describe('Until revoked when absent.'),
  })
  .refine(
    ({ startsAt, endsAt }) =>
      startsAt === undefined || endsAt === undefined || Date.parse(startsAt) < Date.parse(endsAt),
    {
      path: ['endsAt'],
      message: 'must be later than the start',
    },
  )
export const grant = z.object({
  id: z.string(),
  grantor: z.string(),
  grantee: z.string(),
  permissions: z.array(z.string()),
  note: z.string(),
  startsAt: time,
  endsAt: time.nullable(),
  createdAt: time,
  revokedAt: time.nullable(),
})
export const grantList = z.object({ items: z.array(grant), next: z.string().nullable() })

export const permissionType = z.object({
  type: z.string(),
  ids: z.enum(['exact', 'path']),
  actions: z.record(z.string(), z.string()).describe('What each action allows, in words.'),
})
export const permissionTypes = z.object({ items: z.array(permissionType), next: z.null() })

/** Asks what somebody may do. Without limits the credential step is asked as by one that limits nothing. */
export const decisionBody = z.strictObject({
  principal: z.string().min(1).max(100),
  permission: z.string().max(512),
  address: askedAddress.optional(),
  credential: z
    .strictObject({
      kind: z.string().max(40).default('password'),
      permissions: patterns.default(['*']),
      networks: z
        .strictObject({
          allow: z.array(z.string().max(50)).max(256).default([]),
          deny: z.array(z.string().max(50)).max(256).default([]),
        })
        .prefault({}),
      regions: z.array(z.string().length(2)).max(256).default([]),
      expiresAt: time.optional(),
    })
    .prefault({}),
  grant: z.string().max(100).optional(),
})
/** The account of a decision; for a text that is no permission only what the chain says of it. */
export const decisionExplained = explanation
  .partial()
  .required({ allowed: true, step: true, code: true, reason: true, policies: true, steps: true })
