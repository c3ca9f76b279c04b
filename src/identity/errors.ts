import { type ErrorTable, errorsOf } from '#platform'

/** What identity refuses. The sign-in rows say the same whether an account exists or not. */
export const identityErrors = {
  'identity.sign-in-failed': {
    status: 401,
    title: 'Not signed in',
    detail:
      'Handle and proof do not belong together, or may not be used from here. Nothing was changed; check both and try again.',
  },
  'identity.try-later': {
    status: 429,
    title: 'Too many attempts',
    detail:
      'There were too many attempts to sign in. This one was not looked at. Try again in {wait}; a browser that has signed in before is not held up by the attempts of others.',
  },
  'identity.busy': {
    status: 503,
    title: 'Too many sign-ins at once',
    detail:
      'More people are signing in than passwords can be checked. Nothing was changed; try again in a few seconds.',
  },
  'identity.sign-in-refused': {
    status: 403,
    title: 'Signing in is refused',
    detail: 'You proved who you are, but a rule of this Gatehouse refuses the sign-in: {reason} Ask whoever runs it.',
  },
  'identity.same-factor': {
    status: 400,
    title: 'The same factor twice',
    detail: 'The second factor must be of another kind than the first. Nothing was changed; use another.',
  },
  'identity.proof-needed': {
    status: 403,
    title: 'Prove yourself again',
    detail:
      'This changes how you prove who you are, so it asks for a proof within the last ten minutes. Nothing was changed. Prove yourself on the page /account/prove, or on the command line with "gatehouse login", and repeat it.',
  },
  'identity.challenge-wrong': {
    status: 400,
    title: 'Not a challenge of ours',
    detail: 'The challenge is none of this Gatehouse, or is for something or somebody else. Ask for a new one.',
  },
  'identity.challenge-expired': {
    status: 400,
    title: 'The challenge has expired',
    detail: 'A challenge is good for two minutes. Ask for a new one and answer that.',
  },
  'identity.challenge-used': {
    status: 400,
    title: 'The challenge was used',
    detail: 'A challenge is good once. Ask for a new one and answer that.',
  },
  'identity.session-ended': {
    status: 401,
    title: 'Session ended',
    detail: 'This session is unknown, was ended or has expired. Sign in again.',
  },
  'identity.token-refused': {
    status: 401,
    title: 'Token refused',
    detail: 'This API token is malformed, unknown, revoked or expired. Create a new one, or run "gatehouse login".',
  },
  'identity.no-such-account': {
    status: 404,
    title: 'No such account',
    detail: 'There is no account with this id. Nothing was changed.',
  },
  'identity.no-such-session': {
    status: 404,
    title: 'No such session',
    detail: 'There is no open session with this id. Nothing was changed.',
  },
  'identity.no-certificates': {
    status: 404,
    title: 'No client certificates here',
    detail: 'This Gatehouse asks nobody for client certificates. Sign in another way.',
  },
  'identity.kept-elsewhere': {
    status: 409,
    title: 'Kept elsewhere',
    detail:
      'A client certificate is revoked among the certificates, which also ends what it opened here. Nothing was changed.',
  },
  'identity.no-such-credential': {
    status: 404,
    title: 'No such way to sign in',
    detail: 'There is no usable credential with this id that you may see. Nothing was changed.',
  },
  'identity.invalid-label': {
    status: 400,
    title: 'The label cannot be used',
    detail: 'Nothing was changed. Use 1 to 100 characters, without control characters.',
  },
  'identity.invalid-key': {
    status: 400,
    title: 'The key cannot be used',
    detail: 'Nothing was made. {fault}',
  },
  'identity.private-key-pasted': {
    status: 400,
    title: 'That was a private key',
    detail:
      'A private key never leaves its owner’s machine. Nothing of it was kept, but it has been on the network: take it for known, revoke it where it is in use, and make a new one. What belongs here is its public half.',
  },
  'identity.key-in-use': {
    status: 409,
    title: 'You have this key already',
    detail: 'This key is one of your ways to sign in already. Nothing was changed; use that one, or another key.',
  },
  'identity.too-many-keys': {
    status: 409,
    title: 'Too many keys',
    detail:
      'An account has at most 20 keys and shared secrets. Nothing was made; revoke one that is not used any more.',
  },
  'identity.exposed-key-unknown': {
    status: 400,
    title: 'The offer has ended',
    detail: 'Offers to revoke a pasted key hold for ten minutes. Nothing was changed; revoke it on the security page.',
  },
  'identity.no-such-token': {
    status: 404,
    title: 'No such token',
    detail: 'There is no usable token with this id. Nothing was changed.',
  },
  'identity.handle-taken': {
    status: 409,
    title: 'Handle taken',
    detail:
      'This handle is or was used by an account; handles are never given twice. Nothing was changed; choose another.',
  },
  'identity.invalid-account': {
    status: 400,
    title: 'The account has faults',
    detail: 'Nothing was changed. Correct the named fields and send it again.',
  },
  'identity.invalid-password': {
    status: 400,
    title: 'The password cannot be used',
    detail: 'Nothing was changed. {fault}',
  },
  'identity.password-leaked': {
    status: 403,
    title: 'This password has leaked',
    detail:
      'It is right, but it is on a list of leaked passwords, or made from one: it signs in once, in a browser, and only to be changed. Nothing was opened. Change it in the browser it signed in with, sign in another way, or ask an administrator for a new one.',
  },
  'identity.password-in-use': {
    status: 409,
    title: 'Already a password of this account',
    detail:
      'Each password has limits of its own, so no two are the same. Nothing was changed; choose another. Trying counts as an attempt to sign in.',
  },
  'identity.too-many-passwords': {
    status: 409,
    title: 'Too many passwords',
    detail: 'An account has at most 20 passwords. Nothing was made; revoke one that is not used, then try again.',
  },
  'identity.wrong-password': {
    status: 403,
    title: 'Wrong password',
    detail: 'The present password is not right, so it was not changed. Type it again.',
  },
  'identity.own-account': {
    status: 409,
    title: 'This is your own account',
    detail:
      'Nobody can disable, delete or reset the password of the account they act with. Nothing was changed; change the own password by proving it, or ask another administrator.',
  },
  'identity.changed-meanwhile': {
    status: 412,
    title: 'Changed meanwhile',
    detail:
      'Somebody changed this account since you read it. Nothing was changed; read it again and repeat the change.',
  },
  'identity.needs-account': {
    status: 403,
    title: 'Needs an account',
    detail: 'This is about the account that asks, and this caller has none. Nothing was changed.',
  },
  'identity.wider-than-credential': {
    status: 403,
    title: 'Wider than what you signed in with',
    detail:
      'What you signed in with is limited ({limit}), so a token made with it cannot go beyond that. Nothing was made; narrow the token.',
  },
  'identity.invalid-token-limits': {
    status: 400,
    title: 'The token has faults',
    detail: 'Nothing was made. Correct the named fields and send it again.',
  },
  'identity.limits-to-confirm': {
    status: 409,
    title: 'Is this meant?',
    detail: '{questions} Nothing was made. If it is meant, confirm it: send the same again with "confirmed": true.',
  },
  'identity.set-up-closed': {
    status: 409,
    title: 'Already set up',
    detail: 'Gatehouse has its first administrator; set-up is closed for ever. Nothing was changed. Sign in instead.',
  },
  'identity.set-up-link-refused': {
    status: 403,
    title: 'Set-up link not valid',
    detail:
      'This set-up link was used already, has expired or is not complete. Nothing was changed. Restart Gatehouse to get a new one, or run "gatehouse setup" on the machine.',
  },
  'identity.set-up-local-only': {
    status: 403,
    title: 'Only on the machine itself',
    detail:
      'Without the set-up link, Gatehouse is set up from its own machine: run "gatehouse setup" there. Nothing was changed.',
  },
  'identity.joining-off': {
    status: 409,
    title: 'Nobody can join',
    detail:
      'Joining is off, so nobody can be invited. Nothing was changed. Let people join by invitation first, or create the account yourself.',
  },
  'identity.joining-closed': {
    status: 403,
    title: 'Joining needs an invitation',
    detail: 'Nobody can join here by themselves. Nothing was changed; ask somebody who is here for an invitation.',
  },
  'identity.joining-needs-mail': {
    status: 409,
    title: 'Joining needs mail',
    detail:
      'Whoever joins by themselves proves their address by mail first, and Gatehouse has no mail server. Nothing was changed; name one under [mail], or invite people.',
  },
  'identity.no-such-invitation': {
    status: 404,
    title: 'No such invitation',
    detail: 'There is no invitation with this id. Nothing was changed.',
  },
  'identity.invitation-settled': {
    status: 409,
    title: 'The invitation is settled',
    detail: 'This invitation was accepted or cancelled already. Nothing was changed; make a new one.',
  },
  'identity.invalid-invitation': {
    status: 400,
    title: 'The invitation has faults',
    detail: 'Nothing was made. Correct the named fields and send it again.',
  },
  'identity.link-refused': {
    status: 410,
    title: 'The link is not valid',
    detail:
      'This link was used already, was cancelled, has expired or is not complete. Nothing was changed. Ask whoever sent it for a new one.',
  },
  'identity.address-taken': {
    status: 409,
    title: 'The address is taken',
    detail:
      'This address was found to belong to another account meanwhile. Nothing was changed; sign in with that one.',
  },
  'identity.ask-later': {
    status: 429,
    title: 'Too many requests',
    detail: 'There were too many such requests. Nothing was done with this one; try again in {wait}.',
  },
  'identity.credential-taken': {
    status: 409,
    title: 'It is there already',
    detail: 'This passkey, this enrolment or a standing set of recovery codes exists already. Nothing was changed.',
  },
  'identity.passkey-refused': {
    status: 400,
    title: 'The passkey cannot be used',
    detail:
      'What the authenticator answered was not accepted: {reason}. Nothing was made; try again, or use another one.',
  },
  'identity.code-wrong': {
    status: 400,
    title: 'The code is not right',
    detail: 'The code is not one that this key makes now{hint}. Nothing was made; type the one the app shows.',
  },
  'identity.enrolment-refused': {
    status: 403,
    title: 'Not to be set up here',
    detail:
      'A second factor is set up in the middle of a sign-in only where a rule asks for one and the account has none. Nothing was made; prove the one there is.',
  },
  'identity.enrolment-over': {
    status: 400,
    title: 'Setting up took too long',
    detail: 'What was shown to set the app up is over, or is not for this account. Nothing was made; begin again.',
  },
  'identity.recovery-closed': {
    status: 409,
    title: 'No links by mail',
    detail: 'Nobody can ask for a link by mail here. Nothing was done; ask an administrator for one.',
  },
  'identity.no-verified-address': {
    status: 409,
    title: 'No proved address',
    detail:
      'A link can only be mailed to an address the person was found to read, and this installation sends no mail or the account has none. Nothing was made; make a link that is shown instead.',
  },
  'identity.no-mail': {
    status: 409,
    title: 'No mail is sent',
    detail: 'Gatehouse has no mail server, so no address can be proved. Nothing was changed.',
  },
  'identity.account-disabled': {
    status: 409,
    title: 'The account is disabled',
    detail: 'A disabled account is shut out already, without an end. Nothing was changed.',
  },
  'identity.not-suspended': {
    status: 409,
    title: 'The account is not suspended',
    detail: 'There is no suspension in force to lift. Nothing was changed.',
  },
  'identity.invalid-suspension': {
    status: 400,
    title: 'The suspension has faults',
    detail: 'Nothing was changed. Correct the named fields and send it again.',
  },
} as const satisfies ErrorTable

export const fail = errorsOf(identityErrors)
