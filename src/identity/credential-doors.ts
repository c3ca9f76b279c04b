/** Who may come in where: the ways to sign in, of each kind. What stands behind is loaded as that behind `doors.ts`. */
import { doors } from '#platform'
import { beforeSignIn, halfWayOrBack, provesAgain } from './doors.ts'
import { aboutCaller } from './resources.ts'

const halfWay = 'goes on with the half sign-in of the cookie, which is worth nothing elsewhere'
const halfProgram = 'goes on with a half sign-in, whose secret is in the request and worth nothing elsewhere'

/** Makes a credential of the caller's own. */
const making = { access: { signedIn: aboutCaller }, journalsBadInput: 'credentials:create' } as const
/** Changes one that the path names. */
const changing = {
  access: { permission: 'credentials:change:{id}' },
  journalsBadInput: 'credentials:change:{id}',
} as const

export const keySignInDoors = {
  ...doors('browser', {
    'GET /sign-in/key': { access: { public: beforeSignIn } },
    'POST /sign-in/key': { access: { public: beforeSignIn }, journalsBadInput: 'sessions:open' },
    'POST /sign-in/key/answer': { access: { public: beforeSignIn }, journalsBadInput: 'sessions:open' },
  }),
  ...doors('api', {
    'POST /api/v1/sign-in/challenge': {
      access: { public: beforeSignIn },
      journalsBadInput: 'sessions:open',
      summary: 'Ask for a line to sign, which a key or shared secret then signs in with',
    },
    'POST /api/v1/sign-in/key': {
      access: { public: beforeSignIn },
      journalsBadInput: 'sessions:open',
      summary: 'Exchange a signed challenge for an API token that expires, for the command line',
    },
  }),
}

export const keyProvingDoors = {
  ...doors('browser', {
    'POST /account/prove/key': { access: { signedIn: provesAgain } },
    'POST /sign-in/second/key': { access: { public: halfWayOrBack }, journalsBadInput: 'sessions:open' },
    'POST /account/prove/shared-secret': { access: { signedIn: provesAgain } },
    'POST /sign-in/second/shared-secret': { access: { public: halfWayOrBack }, journalsBadInput: 'sessions:open' },
  }),
  ...doors('api', {
    'POST /api/v1/sign-in/second/challenge': {
      access: { public: halfProgram },
      journalsBadInput: 'sessions:open',
      summary: 'Ask for a line to sign, which a key or shared secret then completes a half sign-in with',
    },
    'POST /api/v1/sign-in/second/key': {
      access: { public: halfProgram },
      journalsBadInput: 'sessions:open',
      summary: 'Complete a sign-in from the command line with a signed challenge',
    },
  }),
}

export const keyCreationDoors = doors('browser', {
  'GET /account/credentials/new/key': { access: { signedIn: aboutCaller } },
  'POST /account/credentials/new/key': making,
  'GET /account/credentials/new/shared-secret': { access: { signedIn: aboutCaller } },
  'POST /account/credentials/new/shared-secret': making,
  'GET /credentials/{id}/reset/key': { access: { permission: 'credentials:change:{id}' } },
  'POST /credentials/{id}/reset/key': changing,
  'GET /credentials/{id}/reset/shared-secret': { access: { permission: 'credentials:change:{id}' } },
  'POST /credentials/{id}/reset/shared-secret': changing,
  'POST /account/exposed-key': {
    access: {
      signedIn:
        'whoever has a private key may have it revoked; that they have it stands in the ticket, which is theirs',
    },
  },
})

export const keyApiDoors = doors('api', {
  'POST /api/v1/keys': {
    ...making,
    summary: 'Add a public key to sign in with, within what asks; needs a proof within the last ten minutes',
  },
  'POST /api/v1/keys/{id}/reset': {
    ...changing,
    summary: 'Put another public key in the place of an own one; limits stay, what the old one opened ends',
  },
  'POST /api/v1/shared-secrets': {
    ...making,
    summary: 'Make a shared secret to sign in with, within what asks; needs a proof within the last ten minutes',
  },
  'POST /api/v1/shared-secrets/{id}/reset': {
    ...changing,
    summary: 'Make another secret in the place of an own one; limits stay, what the old one opened ends',
  },
})

export const passwordDoors = doors('browser', {
  'GET /account/credentials/new/password': { access: { signedIn: aboutCaller } },
  'POST /account/credentials/new/password': making,
  'GET /credentials/{id}/reset/password': { access: { permission: 'credentials:change:{id}' } },
  'POST /credentials/{id}/reset/password': changing,
})

export const passwordApiDoors = doors('api', {
  'POST /api/v1/passwords': {
    ...making,
    summary: 'Add a password with limits of its own, within what asks; needs a proof within the last ten minutes',
  },
  'POST /api/v1/passwords/{id}/reset': {
    ...changing,
    summary: 'Put another password in the place of an own one; limits stay, what the old one opened ends',
  },
})

export const certificateDoors = {
  ...doors('browser', {
    'GET /sign-in/certificate': { access: { public: beforeSignIn } },
    'POST /sign-in/certificate': { access: { public: beforeSignIn }, journalsBadInput: 'sessions:open' },
    'GET /sign-in/certificate/back': { access: { public: beforeSignIn } },
  }),
  ...doors('api', {
    'GET /api/v1/sign-in/certificate': {
      access: { public: 'tells the console, by way of the browser, which certificate was proved; without one nothing' },
      summary: 'Where a browser shows its client certificate to sign in; leads back to the console',
    },
  }),
}

export const passkeyDoors = doors('browser', {
  'POST /sign-in/passkey/options': { access: { public: beforeSignIn }, journalsBadInput: 'sessions:open' },
  'POST /sign-in/passkey': { access: { public: beforeSignIn }, journalsBadInput: 'sessions:open' },
  'POST /sign-in/second/passkey/options': { access: { public: halfWay }, journalsBadInput: 'sessions:open' },
  'POST /sign-in/second/passkey': { access: { public: halfWay }, journalsBadInput: 'sessions:open' },
  'POST /account/prove/passkey/options': { access: { signedIn: provesAgain } },
  'POST /account/prove/passkey': { access: { signedIn: provesAgain } },
})

export const newPasskeyDoors = doors('browser', {
  'GET /account/credentials/new/passkey': { access: { signedIn: aboutCaller }, asksFreshProof: true },
  'POST /account/credentials/new/passkey': making,
  'POST /account/credentials/new/passkey/options': making,
  'POST /account/credentials/new/passkey/answer': making,
  'GET /credentials/{id}/reset/passkey': { access: { permission: 'credentials:change:{id}' }, asksFreshProof: true },
  'POST /credentials/{id}/reset/passkey/options': changing,
  'POST /credentials/{id}/reset/passkey': changing,
})

export const passkeyApiDoors = doors('api', {
  'POST /api/v1/passkeys/begin': {
    ...making,
    summary: 'What to ask an authenticator for a new passkey; answered within two minutes, by a page of this origin',
  },
  'POST /api/v1/passkeys': {
    ...making,
    summary: 'Add the passkey an authenticator made, within what asks; needs a proof within the last ten minutes',
  },
  'POST /api/v1/passkeys/{id}/begin': {
    ...changing,
    summary: 'What to ask an authenticator for a passkey in the place of an own one',
  },
  'POST /api/v1/passkeys/{id}/reset': {
    ...changing,
    summary: 'Put another passkey in the place of an own one; limits stay, what the old one opened ends',
  },
})

export const codeDoors = doors('browser', {
  'POST /sign-in/second/totp': { access: { public: halfWay }, journalsBadInput: 'sessions:open' },
  'POST /sign-in/second/recovery-codes': { access: { public: halfWay }, journalsBadInput: 'sessions:open' },
  'POST /account/prove/totp': { access: { signedIn: provesAgain } },
  'POST /account/prove/recovery-codes': { access: { signedIn: provesAgain } },
})

export const codeApiDoors = doors('api', {
  'POST /api/v1/totps/begin': {
    ...making,
    summary: 'Make a key for an authenticator app; nothing is stored until a code of it comes back',
  },
  'POST /api/v1/totps': {
    ...making,
    summary: 'Add an authenticator app that shows a right code; it is asked for from the next sign-in on',
  },
  'POST /api/v1/totps/{id}/reset': {
    ...changing,
    summary: 'Put another key in the place of an own app’s; limits stay, what the old one opened ends',
  },
  'POST /api/v1/recovery-codes': {
    ...making,
    summary: 'Make ten recovery codes, told this once; needs a proof within the last ten minutes',
  },
  'GET /api/v1/recovery-codes/{id}': {
    access: { permission: 'credentials:read:{id}' },
    summary: 'How many of a set of recovery codes are left',
  },
  'POST /api/v1/recovery-codes/{id}/reset': {
    ...changing,
    summary: 'Make ten new codes in the place of the old ones, which stop working',
  },
})

export const newCodeDoors = doors('browser', {
  'GET /account/credentials/new/totp': { access: { signedIn: aboutCaller }, asksFreshProof: true },
  'POST /account/credentials/new/totp': making,
  'POST /account/credentials/new/totp/confirm': making,
  'GET /credentials/{id}/reset/totp': { access: { permission: 'credentials:change:{id}' }, asksFreshProof: true },
  'POST /credentials/{id}/reset/totp': changing,
  'GET /account/credentials/new/recovery-codes': { access: { signedIn: aboutCaller }, asksFreshProof: true },
  'POST /account/credentials/new/recovery-codes': making,
  'GET /credentials/{id}/reset/recovery-codes': {
    access: { permission: 'credentials:change:{id}' },
    asksFreshProof: true,
  },
  'POST /credentials/{id}/reset/recovery-codes': changing,
})
