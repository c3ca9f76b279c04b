import { z } from 'zod'

/** Certificates and profiles as API, CLI and pages speak of them. */

const instant = z.iso.datetime()

export const fingerprint = z
  .string()
  .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/)
  .describe("SHA-256 of the certificate's DER, lower-case hex pairs joined by colons")

export const profileName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and hyphens, at most 63')

const limitsView = z.object({
  permissions: z.array(z.string()),
  networks: z.object({ allow: z.array(z.string()), deny: z.array(z.string()) }),
  regions: z.array(z.string()),
})

/** One issued certificate. Its private key is not here. */
export const certificate = z.object({
  id: z.string(),
  authorityId: z.string(),
  profile: z.string().describe('What it may be used for.'),
  holderId: z.string().nullable().describe('The principal it speaks for.'),
  subject: z.string().describe('Whom it names: a holder, or the first of its hosts.'),
  names: z.array(z.string()).describe('Alternative names.'),
  host: z.string().nullable().describe('The host it is served for, when Gatehouse serves it.'),
  label: z.string().nullable(),
  serial: z.string().describe('Lower-case hex'),
  fingerprint,
  notBefore: instant,
  notAfter: instant,
  limits: limitsView.nullable().describe('What may be done by it at most; null: all its holder may.'),
  renewedFrom: z.string().nullable().describe('The certificate it takes the place of.'),
  askedBy: z.string().nullable().describe('Id of the principal that asked for it.'),
  via: z.enum(['host', 'api', 'est']),
  createdAt: instant,
  revokedAt: instant.nullable(),
  revocationReason: z.string().nullable(),
})
export type Certificate = z.infer<typeof certificate>

const lastUse = z
  .object({
    at: instant,
    address: z.string().nullable(),
    region: z.string().nullable().describe('Country of the address, as two letters; null: not known.'),
    client: z.string().nullable().describe('The program, as it named itself.'),
  })
  .nullable()
  .describe('Towards Gatehouse and its routes, to the minute; null: never.')

/** `GET /api/v1/certificates` */
export const certificateList = z.object({
  items: z.array(certificate.extend({ lastUse })),
  next: z.string().nullable(),
})
export type CertificateList = z.infer<typeof certificateList>

export const certificateStates = ['valid', 'ending', 'ended', 'revoked'] as const

export const certificateQuery = z.strictObject({
  q: z
    .string()
    .trim()
    .toLowerCase()
    .max(80)
    .transform((text) => (text === '' ? undefined : text))
    .optional()
    .describe('Only those with this text in a name, the subject, the serial number or the label.'),
  profile: z
    .union([z.literal('').transform(() => undefined), profileName])
    .optional()
    .describe('Only those of this profile.'),
  state: z
    .union([z.literal('').transform(() => undefined), z.enum(certificateStates)])
    .optional()
    .describe(
      'Only those in this state; `ending`: valid, with less than 30 days and less than a quarter of its life left, the next to end first; `ended`: what ended last first.',
    ),
  holder: z.string().max(64).optional().describe('Only those that speak for this principal.'),
  asker: z.string().max(64).optional().describe('Only those that this principal asked for.'),
  cursor: z.string().max(1024).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
export type CertificateQuery = z.infer<typeof certificateQuery>

export const certificateParams = z.strictObject({ id: z.string().max(64) })

/** With what goes into the client's hands. */
export const issuedView = certificate.extend({
  pem: z.string().describe('The certificate.'),
  chain: z.string().describe('The certificate and all between it and the root, as servers and clients are given it.'),
})
export type IssuedView = z.infer<typeof issuedView>

/** `GET /api/v1/certificates/{id}` */
export const certificateRead = issuedView.extend({ lastUse })
export type CertificateRead = z.infer<typeof certificateRead>

export const issuedWithKey = issuedView.extend({
  privateKey: z
    .string()
    .optional()
    .describe('PKCS #8 in PEM; told this once and stored nowhere. Only when a key was asked for, and no PKCS #12.'),
  pkcs12: z.string().optional().describe('The PKCS #12 file in base64; handed out this once and stored nowhere.'),
  password: z.string().optional().describe('Of that file, when it was made here; told this once.'),
})
export type IssuedWithKey = z.infer<typeof issuedWithKey>

export const resetView = issuedWithKey.extend({
  revoked: z.array(z.string()).describe('Ids of what it took the place of, and what was renewed from that.'),
})

const network = z.string().max(64)

const issueFields = {
  account: z.string().max(64).optional().describe('Handle or id of the account it speaks for.'),
  device: z.string().max(64).optional().describe('Name of the device it speaks for; known from then on.'),
  service: z.string().max(64).optional().describe('Name of the service it speaks for; known from then on.'),
  names: z
    .array(z.string().max(253))
    .max(50)
    .optional()
    .describe('Hosts and addresses; absent: those the request names.'),
  request: z.string().max(16_384).describe('PKCS #10 in PEM.'),
  label: z.string().trim().min(1).max(100).optional(),
  days: z.int().min(1).max(3650).optional().describe('Ends after so many days; never later than the profile says.'),
  permissions: z.array(z.string().max(512)).min(1).max(100).optional().describe('Absent: all its holder may.'),
  networks: z
    .strictObject({ allow: z.array(network).max(100).default([]), deny: z.array(network).max(100).default([]) })
    .optional()
    .describe('CIDRs and @named networks it may be used from.'),
  regions: z.array(z.string().max(8)).max(250).optional(),
  confirmed: z
    .boolean()
    .default(false)
    .describe(
      'For oneself: yes to what `pki.limits-to-confirm` asks, limits that shut out the own address and the like.',
    ),
}

export const pkcs12Form = z.enum(['current', 'older'])

const pkcs12Wanted = z
  .strictObject({
    form: pkcs12Form
      .default('current')
      .describe('`older`: triple DES and SHA-1, for systems that open nothing else; its password is always made here.'),
    password: z
      .string()
      .min(12, 'twelve characters at least')
      .max(128)
      .regex(/^[\x20-\x7e]*$/, 'letters, digits and signs of ASCII: programs read others differently')
      .optional()
      .describe('Absent: one is made and told once.'),
  })
  .refine(({ form, password }) => form === 'current' || password === undefined, {
    message: 'the older form stands on its password alone: leave it out, and one is made',
    path: ['password'],
  })

type Holding = { readonly account?: unknown; readonly device?: unknown; readonly service?: unknown }
const namesOneHolder = ({ account, device, service }: Holding): boolean =>
  [account, device, service].filter((one) => one !== undefined).length <= 1
const oneHolder = { message: 'it speaks for one holder', path: ['account'] }

/** What key a certificate is for. */
const keyFields = {
  request: issueFields.request.optional(),
  newKey: z
    .literal(true)
    .optional()
    .describe('Instead of a request: make the key here and tell it once. A key made where it is used is safer.'),
  pkcs12: pkcs12Wanted.optional().describe('With newKey: key and chain as one PKCS #12 file, behind a password.'),
}
type Keyed = { readonly request?: unknown; readonly newKey?: unknown; readonly pkcs12?: unknown }
const filesNewKey = ({ newKey, pkcs12 }: Keyed): boolean => pkcs12 === undefined || newKey === true
const fileOfNewKey = { message: 'a file is made for a new key only', path: ['pkcs12'] }
const namesOneKey = ({ request, newKey }: Keyed): boolean => (request === undefined) === (newKey === true)
const oneKey = { message: 'give a request, or ask for a new key', path: ['request'] }

export const issueBody = z
  .strictObject({ profile: profileName, ...issueFields, ...keyFields })
  .refine(filesNewKey, fileOfNewKey)
  .refine(namesOneKey, oneKey)
  .refine(namesOneHolder, oneHolder)
export type IssueBody = z.infer<typeof issueBody>

/** All else stays as it is. */
export const resetBody = z.strictObject(keyFields).refine(filesNewKey, fileOfNewKey).refine(namesOneKey, oneKey)
export type ResetBody = z.infer<typeof resetBody>

const batchOrder = z
  .strictObject({
    account: issueFields.account,
    device: issueFields.device,
    service: issueFields.service,
    names: issueFields.names,
    request: issueFields.request,
    label: issueFields.label,
  })
  .refine(namesOneHolder, oneHolder)

/** Orders in one batch at most. */
const mostOrders = 200

export const batchBody = z.strictObject({
  profile: profileName,
  orders: z.array(batchOrder).min(1).max(mostOrders),
  days: issueFields.days,
  permissions: issueFields.permissions,
  networks: issueFields.networks,
  regions: issueFields.regions,
  confirmed: issueFields.confirmed,
})
export type BatchBody = z.infer<typeof batchBody>

/** One of a batch: the chain is the same for all and stands beside them. */
const batchItem = certificate.extend({ pem: z.string().describe('The certificate.') })
export const issuedBatch = z.object({
  items: z.array(batchItem).describe('In the order of the batch.'),
  chain: z.string().describe('All between these certificates and the root.'),
})
export type IssuedBatch = z.infer<typeof issuedBatch>

const profileKind = z.enum(['server', 'device', 'person', 'service', 'gateway'])
const keyClass = z.enum(['P-256', 'P-384', 'P-521', 'Ed25519', 'RSA'])

export const profileView = z.object({
  name: z.string(),
  kind: profileKind,
  title: z.string(),
  description: z.string(),
  line: z.string().describe('The line of authorities that issues it.'),
  days: z.int().describe('Longest life.'),
  keys: z.array(z.string()),
  names: z.array(z.string()).describe('Host names it may carry: exact, `*.` and all below, or CIDRs.'),
  purposes: z.array(z.string()),
  builtIn: z.boolean(),
  createdAt: instant.nullable().describe('null: built in.'),
  updatedAt: instant.nullable().describe('null: built in.'),
})
export type ProfileView = z.infer<typeof profileView>
export const profileList = z.object({ items: z.array(profileView) })
export const profileParams = z.strictObject({ name: z.string().max(64) })

const profileFields = {
  title: z.string().trim().min(1, 'say what it is called').max(80),
  description: z.string().trim().max(500),
  line: z.string().max(63).describe('`servers`, `clients`, or a line of your own with an active authority.'),
  days: z
    .int('a whole number of days')
    .min(1, 'a day at least')
    .max(3650, '3650 days at most')
    .describe('No certificate of it lives longer; its authority may end it sooner.'),
  keys: z
    .array(keyClass)
    .min(1, 'take one kind of key at least')
    .max(5)
    .transform((keys) => [...new Set(keys)])
    .describe('`RSA`: 2048 to 4096 bits.'),
  names: z
    .array(z.string().max(260))
    .max(100)
    .transform((names) => [...new Set(names)])
    .describe('Host names it may carry: `app.example.org`, `*.example.org` for all below it, CIDRs for addresses.'),
}

export const newProfileBody = z.strictObject({
  name: profileName.refine((name) => name !== 'new', 'new is an address of its own; choose another name'),
  kind: profileKind.describe('What it proves, and whom for. Never changes.'),
  title: profileFields.title,
  description: profileFields.description.default(''),
  line: profileFields.line.optional().describe('Absent: `servers` for servers, `clients` for all others.'),
  days: profileFields.days,
  keys: profileFields.keys.default(['P-256', 'P-384', 'P-521', 'Ed25519', 'RSA']),
  names: profileFields.names.default([]),
})
export type NewProfileBody = z.infer<typeof newProfileBody>

export const profilePatch = z.strictObject({
  title: profileFields.title.optional(),
  description: profileFields.description.optional(),
  line: profileFields.line.optional(),
  days: profileFields.days.optional(),
  keys: profileFields.keys.optional(),
  names: profileFields.names.optional(),
})
export type ProfilePatch = z.infer<typeof profilePatch>
