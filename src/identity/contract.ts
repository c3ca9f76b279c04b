import { z } from 'zod'

/** Wire shapes of identity's API. Times are RFC 3339, ids text. Unknown fields are refused: none may choose the user. */

const time = z.iso.datetime()
const password = z.string().min(1).max(4096)
const handle = z.string().min(1).max(1024)
const label = z.string().min(1).max(200)

export const accountBody = z.strictObject({
  id: z.string(),
  handle: z.string(),
  displayName: z.string(),
  email: z.string().nullable(),
  /** When the person was found to read mail to it; null: nobody knows. */
  emailVerifiedAt: time.nullable(),
  state: z.enum(['active', 'disabled', 'suspended']),
  /** When a suspension is over; null where there is none. */
  suspendedUntil: time.nullable(),
  createdAt: time,
  updatedAt: time,
})

export const idParams = z.strictObject({ id: z.string().min(1).max(64) })

export const accountQuery = z.strictObject({
  q: z.string().max(100).optional(),
  state: z.enum(['active', 'disabled', 'suspended']).optional(),
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})

export const accountList = z.strictObject({ items: z.array(accountBody), next: z.string().nullable() })

export const newAccountBody = z.strictObject({
  handle,
  displayName: z.string().max(400),
  email: z.string().max(300).optional(),
  /** Absent: one is made and answered once. */
  password: password.optional(),
  /** Instead of a password: its bcrypt hash from elsewhere, made anew when its owner signs in. */
  passwordHash: z.string().max(100).optional(),
})

export const createdAccount = z.strictObject({
  account: accountBody,
  /** Only when it was made here; shown this once. */
  password: z.string().optional(),
})

export const accountPatch = z.strictObject({
  displayName: z.string().max(400).optional(),
  email: z.string().max(300).nullable().optional(),
})

export const resetPasswordBody = z.strictObject({ password: password.optional() })
export const passwordReset = z.strictObject({ password: z.string().optional(), sessionsEnded: z.int() })

export const changePasswordBody = z.strictObject({ presentPassword: password, newPassword: password })
export const sessionsEnded = z.strictObject({ sessionsEnded: z.int() })

export const sessionBody = z.strictObject({
  id: z.string(),
  /** The app host it is for; null is the console. */
  host: z.string().nullable(),
  parentId: z.string().nullable(),
  credentialId: z.string(),
  client: z.string(),
  /** Whether it is the one that asks. */
  current: z.boolean(),
  createdAt: time,
  createdAddress: z.string().nullable(),
  lastSeenAt: time,
  lastSeenAddress: z.string().nullable(),
  /** ISO 3166-1 alpha-2; null where the address is in no known country. */
  lastSeenRegion: z.string().nullable(),
  endsAt: time,
})
export const sessionList = z.strictObject({ items: z.array(sessionBody), next: z.null() })

const networks = z.strictObject({
  allow: z.array(z.string().max(100)).max(100).default([]),
  deny: z.array(z.string().max(100)).max(100).default([]),
})

/** A way to sign in, without its secret. */
export const credentialBody = z.strictObject({
  id: z.string(),
  kind: z.string(),
  label: z.string(),
  permissions: z.array(z.string()),
  networks,
  regions: z.array(z.string()),
  expiresAt: time.nullable(),
  /** Asked for after a proof of another kind, at every sign-in. */
  isSecond: z.boolean(),
  /** Whether it opened the session that asks, or is among its factors. */
  current: z.boolean(),
  createdAt: time,
  /** When its secret was last set. */
  secretSetAt: time,
  lastUsedAt: time.nullable(),
  lastUsedAddress: z.string().nullable(),
  lastUsedRegion: z.string().nullable(),
  lastUsedClient: z.string().nullable(),
})
export const credentialList = z.strictObject({ items: z.array(credentialBody), next: z.null() })
export const credentialPatch = z.strictObject({ label: z.string().min(1).max(400) })
export const credentialRevoked = z.strictObject({ sessionsEnded: z.int(), tokensRevoked: z.int() })

export const newTokenBody = z.strictObject({
  label,
  permissions: z.array(z.string().max(512)).min(1).max(100),
  networks: networks.prefault({}),
  regions: z.array(z.string().max(8)).max(250).default([]),
  /** Null: no end of its own. */
  expiresAt: time.nullable(),
  /** Yes to what `identity.limits-to-confirm` would ask: limits that shut out the caller's own address, and the like. */
  confirmed: z.boolean().default(false),
})

export const tokenBody = z.strictObject({
  id: z.string(),
  label: z.string(),
  permissions: z.array(z.string()),
  networks,
  regions: z.array(z.string()),
  expiresAt: time.nullable(),
  createdAt: time,
  lastUsedAt: time.nullable(),
  lastUsedAddress: z.string().nullable(),
  lastUsedRegion: z.string().nullable(),
  lastUsedClient: z.string().nullable(),
})
export const tokensRevoked = z.strictObject({ tokensRevoked: z.int() })
export const tokenList = z.strictObject({ items: z.array(tokenBody), next: z.null() })

/** `secret` is shown this once. */
export const createdToken = z.strictObject({ token: tokenBody, secret: z.string() })

/**
 * What was proved is right and not enough; `signIn` and another factor go to `/api/v1/sign-in/second` (a code) or
 * `/api/v1/sign-in/second/key` (an answer to what `/api/v1/sign-in/second/challenge` gives) within ten minutes.
 */
export const halfSignIn = z.strictObject({
  signIn: z.string(),
  /** Kinds that the account has and that may follow. `passkey` and `certificate` work in a browser alone. */
  ways: z.array(z.string()),
  /** Whether a rule asks that one of the factors resists phishing: a passkey or a client certificate. */
  phishingResistant: z.boolean(),
})

export const signInBody = z.strictObject({ handle, password, label })

export const challengeBody = z.strictObject({ handle })
export const challenge = z.strictObject({
  /** One line, to be signed as it is. */
  text: z.string(),
  nonce: z.string(),
  expiresAt: time,
})

/** `answer`: a signature of the challenge in base64 or an SSH armour, or an HMAC in hexadecimal or base64. */
export const keySignInBody = z.strictObject({
  handle,
  nonce: z.string().min(1).max(128),
  answer: z.string().min(1).max(16_384),
  label,
})

const signIn = z.string().max(200)

/** A code of an authenticator app, or a recovery code, for the half sign-in that `signIn` names. */
export const secondFactorBody = z.strictObject({ signIn, code: z.string().min(1).max(100), label })

export const secondChallengeBody = z.strictObject({ signIn })

/** As `keySignInBody`; whose it is says the half sign-in. */
export const secondKeyBody = z.strictObject({
  signIn,
  nonce: keySignInBody.shape.nonce,
  answer: keySignInBody.shape.answer,
  label,
})

export const setupBody = z.strictObject({ handle, displayName: z.string().max(400), password })
export const setupDone = z.strictObject({ account: accountBody })

/** Permission types of this room, with what each action lets one do. */
export const identityPermissions = [
  {
    type: 'accounts',
    ids: 'exact',
    actions: {
      read: 'See accounts',
      create: 'Create accounts, and invite people who make their own',
      'set-joining': 'Decide whether people may join by invitation, or by themselves',
      update: 'Change names and e-mail addresses',
      disable: 'Disable and enable accounts',
      suspend: 'Suspend accounts until a time, and lift that',
      delete: 'Delete accounts',
    },
  },
  {
    type: 'credentials',
    ids: 'exact',
    actions: {
      read: 'See ways to sign in',
      create: 'Make own ways to sign in',
      revoke: 'Revoke ways to sign in',
      change: 'Change the own password',
      reset: 'Set other people’s passwords, and so become them',
    },
  },
  { type: 'sessions', ids: 'exact', actions: { open: 'Sign in', read: 'See sessions', end: 'End sessions' } },
  {
    type: 'tokens',
    ids: 'exact',
    actions: { read: 'See API tokens', create: 'Create own API tokens', revoke: 'Revoke API tokens' },
  },
] as const

export {
  invitationBody,
  invitationList,
  invitationQuery,
  joiningBody,
  madeInvitation,
  newInvitationBody,
} from './joining/contract.ts'
export { madeRecoveryLink, recoveryLinkBody } from './recovery/contract.ts'
export { suspendBody, suspensionList } from './suspension/contract.ts'
