/**
 * Who may come in where: signing in, accounts, sessions, joining, getting back in. What stands behind is loaded with the first
 * request that a door lets in; of doors that fit the same path the first answers.
 */
import { doors } from '#platform'
import { aboutCaller } from './resources.ts'

export const beforeSignIn = 'how people prove who they are; nobody has proved anything before'
export const halfWayOrBack =
  'goes on with the half sign-in of the cookie, which is worth nothing elsewhere; without one it leads back'
export const provesAgain = 'proves again who the caller is; whoever fails changes nothing'
const setsUpWhatLacks = 'sets up what the half sign-in of the cookie lacks; without one it leads back'
const endsOwnProof = 'ends the caller’s own proof, which whoever holds it may always do'
const byLink = 'there is nobody yet; the one-time link printed on the machine is the proof, and every step asks for it'
const joinsHere = 'who joins has no account yet; the link is the proof, and every step asks for it'
const recoversHere = 'who cannot sign in is a stranger here; the link is the proof, and every step asks for it'

export const signInDoors = {
  ...doors('browser', {
    'GET /sign-in': { access: { public: beforeSignIn } },
    'POST /sign-in': { access: { public: beforeSignIn }, journalsBadInput: 'sessions:open' },
    'POST /sign-out': {
      access: {
        public: 'ends the session of the browser that asks, if it has one; without one there is nothing to end',
      },
    },
  }),
  ...doors('api', {
    'POST /api/v1/sign-in': {
      access: { public: beforeSignIn },
      journalsBadInput: 'sessions:open',
      summary: 'Exchange handle and password for an API token that expires, for the command line',
    },
    'POST /api/v1/sign-out': {
      access: { signedIn: endsOwnProof },
      summary: 'End the session or revoke the token that asks',
    },
  }),
}

export const proveDoors = doors('browser', {
  'GET /account/prove': { access: { signedIn: provesAgain } },
  'POST /account/prove/password': { access: { signedIn: provesAgain } },
})

export const credentialDoors = doors('api', {
  'GET /api/v1/credentials': {
    access: { signedIn: aboutCaller },
    summary: 'List the own ways to sign in, API tokens included; none that reaches further than what asks',
  },
  'GET /api/v1/accounts/{id}/credentials': {
    access: { permission: 'credentials:read:{id}' },
    summary: 'List an account’s ways to sign in',
  },
  'GET /api/v1/credentials/{id}': {
    access: { permission: 'credentials:read:{id}' },
    summary: 'Read a way to sign in, without its secret',
  },
  'PATCH /api/v1/credentials/{id}': {
    access: { permission: 'credentials:change:{id}' },
    journalsBadInput: 'credentials:change:{id}',
    asksFreshProof: true,
    summary: 'Rename a way to sign in',
  },
  'DELETE /api/v1/credentials/{id}': {
    access: { permission: 'credentials:revoke:{id}' },
    summary: 'Revoke a way to sign in; every session and command-line sign-in that rests on it ends at once',
  },
})

export const securityDoors = doors('browser', {
  'GET /account/security': { access: { signedIn: aboutCaller } },
  'GET /credentials/{id}/rename': { access: { permission: 'credentials:change:{id}' }, asksFreshProof: true },
  'POST /credentials/{id}/rename': {
    access: { permission: 'credentials:change:{id}' },
    journalsBadInput: 'credentials:change:{id}',
    asksFreshProof: true,
  },
  'GET /credentials/{id}/revoke': { access: { permission: 'credentials:revoke:{id}' }, asksFreshProof: true },
  'POST /credentials/{id}/revoke': { access: { permission: 'credentials:revoke:{id}' } },
})

export const secondDoors = {
  ...doors('browser', {
    'GET /sign-in/second': { access: { public: halfWayOrBack } },
    'POST /sign-in/second/cancel': { access: { public: halfWayOrBack } },
  }),
  ...doors('api', {
    'POST /api/v1/sign-in/second': {
      access: { public: 'goes on with a half sign-in, whose secret is in the request and worth nothing elsewhere' },
      journalsBadInput: 'sessions:open',
      summary: 'Complete a sign-in from the command line with a code of the second factor',
    },
  }),
}

export const enrolDoors = doors('browser', {
  'POST /sign-in/second/new-passkey/options': {
    access: { public: setsUpWhatLacks },
    journalsBadInput: 'credentials:create',
  },
  'POST /sign-in/second/new-passkey': { access: { public: setsUpWhatLacks }, journalsBadInput: 'credentials:create' },
  'GET /sign-in/second/new-totp': { access: { public: setsUpWhatLacks } },
  'POST /sign-in/second/new-totp': { access: { public: setsUpWhatLacks }, journalsBadInput: 'credentials:create' },
})

export const setupDoors = {
  ...doors('browser', {
    'GET /setup': { access: { public: byLink }, journalsBadInput: 'accounts:create' },
    'POST /setup': { access: { public: byLink }, journalsBadInput: 'accounts:create' },
  }),
  ...doors('api', {
    // local only, as the handler says: on the network nobody holds this before set-up
    'POST /api/v1/setup': {
      access: { permission: 'accounts:create' },
      journalsBadInput: 'accounts:create',
      summary: 'Create the first administrator; on the admin socket only',
    },
  }),
}

export const accountApiDoors = doors('api', {
  'POST /api/v1/accounts/{id}/disable': {
    access: { permission: 'accounts:disable:{id}' },
    summary: 'Disable an account; its sessions end',
  },
  'POST /api/v1/accounts/{id}/enable': {
    access: { permission: 'accounts:disable:{id}' },
    summary: 'Enable an account again',
  },
  'GET /api/v1/accounts': {
    access: { each: 'accounts:read' },
    summary: 'List the accounts one may see by handle; q searches handle, name and e-mail',
  },
  'POST /api/v1/accounts': {
    access: { permission: 'accounts:create' },
    journalsBadInput: 'accounts:create',
    summary: 'Create an account; without a password or its bcrypt hash one is made and answered once',
  },
  'GET /api/v1/accounts/{id}': { access: { permission: 'accounts:read:{id}' }, summary: 'Read an account' },
  'PATCH /api/v1/accounts/{id}': {
    access: { permission: 'accounts:update:{id}' },
    summary: 'Change name and e-mail; the handle never changes',
  },
  'DELETE /api/v1/accounts/{id}': {
    access: { permission: 'accounts:delete:{id}' },
    summary: 'Delete an account for good; its handle is never given again',
  },
  'POST /api/v1/accounts/{id}/reset-password': {
    access: { permission: 'credentials:reset:{id}' },
    journalsBadInput: 'credentials:reset:{id}',
    summary: 'Set the password of an account; without one it is made and answered once',
  },
})

export const ownApiDoors = doors('api', {
  'GET /api/v1/me': { access: { signedIn: aboutCaller }, summary: 'Read the own account' },
  'PATCH /api/v1/me': { access: { signedIn: aboutCaller }, summary: 'Change the own name and e-mail' },
  'POST /api/v1/me/password': {
    access: { signedIn: aboutCaller },
    journalsBadInput: 'credentials:change',
    summary: 'Change the own password; other sessions it opened end',
  },
})

export const sessionDoors = doors('api', {
  'POST /api/v1/accounts/{id}/revoke-tokens': {
    access: { permission: 'tokens:revoke:{id}' },
    asksFreshProof: true,
    summary: 'Revoke every API token of an account, those of its command lines included',
  },
  'GET /api/v1/sessions': { access: { signedIn: aboutCaller }, summary: 'List the own open sessions, newest first' },
  'POST /api/v1/sessions/end-others': {
    access: { signedIn: aboutCaller },
    summary: 'Sign out everywhere else, command lines included; API tokens made on purpose stay',
  },
  'DELETE /api/v1/sessions/{id}': {
    access: { permission: 'sessions:end:{id}' },
    summary: 'End a session, and those on app hosts it opened',
  },
  'GET /api/v1/tokens': { access: { signedIn: aboutCaller }, summary: 'List the own API tokens' },
  'POST /api/v1/tokens': {
    access: { signedIn: aboutCaller },
    journalsBadInput: 'tokens:create',
    summary: 'Create an API token within what the caller holds; its secret is answered once',
  },
  'POST /api/v1/tokens/revoke-all': {
    access: { signedIn: aboutCaller },
    asksFreshProof: true,
    summary: 'Revoke every own API token, those of command lines included, but the one that asks',
  },
  'POST /api/v1/tokens/{id}/reset': {
    access: { permission: 'credentials:change:{id}' },
    summary: 'Put another secret in the place of an API token’s; its limits stay, the secret is answered once',
  },
  'DELETE /api/v1/tokens/{id}': {
    access: { permission: 'tokens:revoke:{id}' },
    asksFreshProof: true,
    summary: 'Revoke an API token; it proves nothing from then on',
  },
  'GET /api/v1/accounts/{id}/sessions': {
    access: { permission: 'sessions:read:{id}' },
    summary: 'List an account’s open sessions, newest first',
  },
  'POST /api/v1/accounts/{id}/end-sessions': {
    access: { permission: 'sessions:end:{id}' },
    summary: 'End every session of an account, and the tokens of its command-line sign-ins',
  },
  'GET /api/v1/accounts/{id}/tokens': {
    access: { permission: 'tokens:read:{id}' },
    summary: 'List an account’s API tokens',
  },
})

export const accountDoors = doors('browser', {
  'GET /accounts/{id}/disable': { access: { permission: 'accounts:disable:{id}' } },
  'POST /accounts/{id}/disable': { access: { permission: 'accounts:disable:{id}' } },
  'GET /accounts/{id}/enable': { access: { permission: 'accounts:disable:{id}' } },
  'POST /accounts/{id}/enable': { access: { permission: 'accounts:disable:{id}' } },
  'GET /accounts/{id}/delete': { access: { permission: 'accounts:delete:{id}' } },
  'POST /accounts/{id}/delete': { access: { permission: 'accounts:delete:{id}' } },
  'GET /accounts/{id}/reset-password': { access: { permission: 'credentials:reset:{id}' }, asksFreshProof: true },
  'POST /accounts/{id}/reset-password': {
    access: { permission: 'credentials:reset:{id}' },
    journalsBadInput: 'credentials:reset:{id}',
  },
  'GET /accounts/{id}/revoke-tokens': { access: { permission: 'tokens:revoke:{id}' }, asksFreshProof: true },
  'POST /accounts/{id}/revoke-tokens': { access: { permission: 'tokens:revoke:{id}' }, asksFreshProof: true },
  'GET /accounts': { access: { each: 'accounts:read' } },
  'GET /accounts/new': { access: { permission: 'accounts:create' } },
  'POST /accounts': { access: { permission: 'accounts:create' }, journalsBadInput: 'accounts:create' },
  'GET /accounts/{id}': { access: { permission: 'accounts:read:{id}' } },
  'POST /accounts/{id}': { access: { permission: 'accounts:update:{id}' } },
})

export const ownDoors = doors('browser', {
  'GET /account': { access: { signedIn: aboutCaller } },
  'POST /account': { access: { signedIn: aboutCaller } },
  'GET /account/password': { access: { signedIn: aboutCaller } },
  'POST /account/password': { access: { signedIn: aboutCaller }, journalsBadInput: 'credentials:change' },
  'POST /account/end-other-sessions': { access: { signedIn: aboutCaller } },
  'POST /sessions/{id}/end': { access: { permission: 'sessions:end:{id}' } },
  'GET /account/tokens/new': { access: { signedIn: aboutCaller }, asksFreshProof: true },
  'POST /account/tokens': { access: { signedIn: aboutCaller }, journalsBadInput: 'tokens:create' },
  'GET /account/tokens/revoke-all': { access: { signedIn: aboutCaller }, asksFreshProof: true },
  'POST /account/tokens/revoke-all': { access: { signedIn: aboutCaller }, asksFreshProof: true },
  'GET /tokens/{id}/revoke': { access: { permission: 'tokens:revoke:{id}' }, asksFreshProof: true },
  'GET /tokens/{id}/reset': { access: { permission: 'credentials:change:{id}' } },
  'POST /tokens/{id}/reset': { access: { permission: 'credentials:change:{id}' } },
  'POST /tokens/{id}/revoke': { access: { permission: 'tokens:revoke:{id}' }, asksFreshProof: true },
})

export const invitationApiDoors = doors('api', {
  'GET /api/v1/joining': {
    access: { permission: 'accounts:create' },
    summary: 'Read who may join: nobody, who is invited, or everybody with an address',
  },
  'PUT /api/v1/joining': { access: { permission: 'accounts:set-joining' }, summary: 'Decide who may join' },
  'GET /api/v1/invitations': { access: { permission: 'accounts:create' }, summary: 'List invitations, newest first' },
  'GET /api/v1/invitations/{id}': {
    access: { permission: 'accounts:create' },
    summary: 'Read an invitation, without its links',
  },
  'POST /api/v1/invitations': {
    access: { permission: 'accounts:create' },
    summary: 'Invite somebody; the link is answered once, and another is mailed when there is mail',
  },
  'POST /api/v1/invitations/{id}/resend': {
    access: { permission: 'accounts:create' },
    summary: 'Make new links for an open invitation and send it again; the former links open nothing',
  },
  'POST /api/v1/invitations/{id}/cancel': {
    access: { permission: 'accounts:create' },
    summary: 'Cancel an open invitation; its links open nothing',
  },
})

export const invitationDoors = doors('browser', {
  'GET /invitations': { access: { permission: 'accounts:create' } },
  'GET /invitations/joining': { access: { permission: 'accounts:set-joining' } },
  'POST /invitations/joining': { access: { permission: 'accounts:set-joining' } },
  'GET /invitations/new': { access: { permission: 'accounts:create' } },
  'POST /invitations': { access: { permission: 'accounts:create' } },
  'POST /invitations/{id}/resend': { access: { permission: 'accounts:create' } },
  'POST /invitations/{id}/cancel': { access: { permission: 'accounts:create' } },
})

export const joinDoors = doors('browser', {
  'GET /join': { access: { public: joinsHere }, journalsBadInput: 'accounts:create' },
  'POST /join/address': {
    access: { public: 'anybody may ask to join where that is open; the answer is the same for everybody' },
    journalsBadInput: 'accounts:create',
  },
  'POST /join': { access: { public: joinsHere }, journalsBadInput: 'accounts:create' },
})

export const recoveryDoors = doors('browser', {
  'GET /recover/ask': {
    access: { public: 'anybody may say that they cannot sign in; the answer is the same for everybody' },
  },
  'POST /recover/ask': {
    access: { public: 'anybody may say that they cannot sign in; the answer is the same for everybody' },
    journalsBadInput: 'credentials:reset',
  },
  'GET /recover': { access: { public: recoversHere }, journalsBadInput: 'credentials:reset' },
  'POST /recover': { access: { public: recoversHere }, journalsBadInput: 'credentials:reset' },
})

export const linkDoors = {
  ...doors('api', {
    'POST /api/v1/accounts/{id}/recovery-link': {
      access: { permission: 'credentials:reset:{id}' },
      summary: 'Make a one-time link with which somebody sets a new password; answered once, or mailed',
    },
  }),
  ...doors('browser', {
    'GET /accounts/{id}/recovery-link': { access: { permission: 'credentials:reset:{id}' }, asksFreshProof: true },
    'POST /accounts/{id}/recovery-link': { access: { permission: 'credentials:reset:{id}' } },
  }),
}

export const addressDoors = doors('browser', {
  'GET /address': {
    access: { public: 'only takes the token out of the address; what it is good for is asked when signed in' },
  },
  'GET /account/address': { access: { signedIn: aboutCaller }, asksFreshProof: true },
  'POST /account/address': { access: { signedIn: aboutCaller } },
  'GET /account/address/confirm': { access: { signedIn: aboutCaller } },
  'POST /account/address/confirm': { access: { signedIn: aboutCaller } },
})

export const suspensionDoors = {
  ...doors('api', {
    'POST /api/v1/accounts/{id}/suspend': {
      access: { permission: 'accounts:suspend:{id}' },
      summary: 'Suspend an account until a time, for a reason; its sessions end',
    },
    'POST /api/v1/accounts/{id}/unsuspend': {
      access: { permission: 'accounts:suspend:{id}' },
      summary: 'Lift a suspension before its time',
    },
    'GET /api/v1/accounts/{id}/suspensions': {
      access: { permission: 'accounts:read:{id}' },
      summary: 'List when an account was suspended, by whom and why, newest first',
    },
  }),
  ...doors('browser', {
    'GET /accounts/{id}/suspend': { access: { permission: 'accounts:suspend:{id}' } },
    'POST /accounts/{id}/suspend': { access: { permission: 'accounts:suspend:{id}' } },
    'POST /accounts/{id}/unsuspend': { access: { permission: 'accounts:suspend:{id}' } },
  }),
}
