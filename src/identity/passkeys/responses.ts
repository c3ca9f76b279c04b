import { z } from 'zod'

/** What a browser hands over of an authenticator's answer, as JSON (WebAuthn Level 3, 5.1.8), with bounds on every part. */

// ids are at most 1,023 bytes; the longest signatures (ML-DSA) 4,627
const base64url = (bytes: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(Math.ceil((bytes * 4) / 3))

const answered = {
  id: base64url(1_023),
  rawId: base64url(1_023),
  type: z.literal('public-key'),
  authenticatorAttachment: z.enum(['platform', 'cross-platform']).optional().catch(undefined),
}
const clientDataJSON = base64url(4_096)

/** Of `navigator.credentials.create`. Unknown members are dropped: browsers add some. */
export const creationResponse = z.object({
  ...answered,
  response: z.object({
    clientDataJSON,
    attestationObject: base64url(16_384),
    transports: z.array(z.string().max(32)).max(16).optional(),
  }),
  clientExtensionResults: z
    .object({ credProps: z.object({ rk: z.boolean().optional() }).optional() })
    .optional()
    .catch(undefined),
})
export type CreationResponse = z.infer<typeof creationResponse>

/** Of `navigator.credentials.get`. */
export const assertionResponse = z.object({
  ...answered,
  response: z.object({
    clientDataJSON,
    authenticatorData: base64url(4_096),
    signature: base64url(8_192),
    // absent, null or empty where the authenticator keeps no name for the account
    userHandle: z
      .union([base64url(64), z.literal(''), z.null()])
      .optional()
      .transform((handle) => handle || undefined),
  }),
})
export type AssertionResponse = z.infer<typeof assertionResponse>

/** The longest body that can hold either, as a form field. */
export const longestResponse = 48_000

/** Reads an answer out of a form field; `undefined` when it is none. */
export function parseResponse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  if (text.length > longestResponse) return undefined
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

const clientData = z.object({
  type: z.string().max(64),
  challenge: base64url(2_048),
  origin: z.string().max(1_024),
  crossOrigin: z.boolean().optional(),
  topOrigin: z.string().max(1_024).optional(),
})
export type ClientData = z.infer<typeof clientData>

/** What the browser says it was asked, and where (WebAuthn 5.8.1). Proves nothing until the signature over it is verified. */
export function readClientData(response: { readonly clientDataJSON: string }): ClientData | undefined {
  return parseResponse(clientData, Buffer.from(response.clientDataJSON, 'base64url').toString('utf8'))
}

/** The nonce an answer was made for, as it was issued; not yet verified. */
export function nonceOf(answer: { readonly response: { readonly clientDataJSON: string } }): string | undefined {
  const data = readClientData(answer.response)
  return data && Buffer.from(data.challenge, 'base64url').toString('utf8')
}
