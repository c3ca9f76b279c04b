import { type ErrorTable, errorsOf } from '#platform'

export const pkiErrors = {
  'pki.host-invalid': {
    status: 422,
    title: 'No certificate can be made for this name',
    detail:
      'A certificate needs a lower-case host name (letters, digits, inner hyphens, dots) or an IP address in its usual form. Nothing was issued. Correct the name.',
  },
  'pki.authority-unusable': {
    status: 500,
    title: 'The certificate authority cannot be used',
    detail:
      'The private key of {name} does not open, or does not belong to its certificate. Nothing was issued and no new authority was made. Restore the seal key and the database from the same backup.',
  },
  'pki.authority-not-valid': {
    status: 503,
    title: 'The certificate authority is not valid at this time',
    detail:
      '{name} is valid from {from} to {to}, and the clock of this machine is outside. Nothing was issued. Correct the clock, or roll the line over to a new authority.',
  },
  'pki.authority-offline': {
    status: 409,
    title: 'The key of this certificate authority is offline',
    detail:
      'The private key of {name} is not on this server. Nothing was issued. Sign the request where the key is kept and import the certificate.',
  },
  'pki.no-issuer': {
    status: 409,
    title: 'No certificate authority issues for this line',
    detail: 'The line {line} has no active authority. Nothing was issued. Activate one, or choose another line.',
  },
  'pki.certificate-unknown': {
    status: 404,
    title: 'There is no such certificate',
    detail: 'No certificate has this id. Nothing was changed. The list of certificates shows what was issued.',
  },
  'pki.reset-refused': {
    status: 409,
    title: 'This certificate is not reset',
    detail: 'Nothing was issued and nothing revoked: {why}. Correct that, or issue another certificate.',
  },
  'pki.request-invalid': {
    status: 422,
    title: 'The certificate request cannot be used',
    detail: 'The request was refused: {fault}. Nothing was issued. Make a new request (PKCS #10) with a current tool.',
  },
  'pki.batch-refused': {
    status: 422,
    title: 'An order of the batch was refused',
    detail:
      'Nothing was issued, for none of the orders. Correct or leave out those that are named, and send the rest again.',
  },
  'pki.request-or-key': {
    status: 422,
    title: 'A request, or a new key',
    detail: 'Nothing was issued. Paste a request, or have the key made here; not both.',
  },
  'pki.request-beyond-profile': {
    status: 422,
    title: 'The request asks for more than its profile gives',
    detail:
      'The request was refused: {fault}. Nothing was issued, and nothing a request asks for is copied. Ask for less, or choose another profile.',
  },
  'pki.name-not-allowed': {
    status: 422,
    title: 'This name cannot stand in the certificate',
    detail: 'Nothing was issued: {fault}. Choose another name, or a profile that allows it.',
  },
  'pki.holder-invalid': {
    status: 422,
    title: 'No device or service can be called so',
    detail:
      'Use 1 to 64 lower-case letters, digits, dots and hyphens; begin and end with a letter or digit. Nothing was issued.',
  },
  'pki.holder-unfit': {
    status: 422,
    title: 'The profile is for another kind of holder',
    detail: 'A certificate of the profile {profile} speaks for: {holder}. Nothing was issued.',
  },
  'pki.holder-name-taken': {
    status: 409,
    title: 'This name is taken',
    detail:
      'A {kind} is or was called {name}, and names are never used again: certificates go on naming it. Nothing was made. Choose another name.',
  },
  'pki.holder-stale': {
    status: 409,
    title: 'Somebody changed it meanwhile',
    detail: 'It is no longer as the page showed it. Nothing was changed. Open it again and decide anew.',
  },
  'pki.holder-own': {
    status: 409,
    title: 'Gatehouse itself cannot be removed',
    detail:
      'This is the service Gatehouse proves itself with to the apps behind it. Nothing was removed. Revoke its certificate where its key may be in other hands; a new one takes its place.',
  },
  'pki.no-such-holder': {
    status: 404,
    title: 'There is nobody of this name',
    detail: '{id} is not known, not active, or was removed. Nothing was issued or changed.',
  },
  'pki.no-such-profile': {
    status: 404,
    title: 'There is no such certificate profile',
    detail: 'No profile is called {name}. Nothing was issued.',
  },
  'pki.profile-name-taken': {
    status: 409,
    title: 'This name is taken',
    detail:
      'A certificate profile is or was called {name}, and names are never used again. Nothing was created. Choose another name.',
  },
  'pki.profile-built-in': {
    status: 409,
    title: 'This certificate profile is built in',
    detail: 'The profile {name} is always there as it is. Nothing was changed. Make one of your own beside it.',
  },
  'pki.profile-invalid': {
    status: 422,
    title: 'The certificate profile cannot be so',
    detail: 'Nothing was changed. Correct the fields named below.',
  },
  'pki.profile-stale': {
    status: 409,
    title: 'The certificate profile was changed meanwhile',
    detail: 'Somebody changed {name} after this was begun. Nothing was done. Look at it as it is now and try again.',
  },
  'pki.key-compromised': {
    status: 422,
    title: 'This key is known to be in other hands',
    detail:
      'A certificate with the same key was revoked because the key was compromised. Nothing was issued. Make a new key.',
  },
  'pki.invalid-limits': {
    status: 422,
    title: 'The limits are not valid',
    detail: 'Nothing was issued. Correct the fields named below.',
  },
  'pki.limits-to-confirm': {
    status: 409,
    title: 'Is this meant?',
    detail: '{questions} Nothing was issued. If it is meant, confirm it: send the same again with "confirmed": true.',
  },
  'pki.wider-than-credential': {
    status: 403,
    title: 'The certificate would open more than you came with',
    detail:
      'The {limit} of your own credential are narrower. Nothing was issued. Ask for less, or come with another credential.',
  },
  'pki.certificate-revoked': {
    status: 401,
    title: 'The client certificate was revoked',
    detail: 'What it proved, it proves no more. Nothing was done. Present another certificate, or sign in.',
  },
  'pki.certificate-ended': {
    status: 401,
    title: 'The client certificate has ended',
    detail: 'Its validity is over. Nothing was done. Renew it, present another, or sign in.',
  },
  'pki.certificate-not-yet-valid': {
    status: 401,
    title: 'The client certificate is not valid yet',
    detail: 'Its validity begins later. Nothing was done. Check the clocks, or present another.',
  },
  'pki.certificate-foreign': {
    status: 401,
    title: 'The client certificate is not one of ours',
    detail:
      'Gatehouse accepts certificates it has issued itself and no others. Nothing was done. Present another, or sign in.',
  },
  'pki.certificate-not-for-clients': {
    status: 401,
    title: 'The certificate does not prove a client',
    detail: 'It was issued for a server, or whom it spoke for is gone. Nothing was done. Present another, or sign in.',
  },
  'pki.authority-unknown': {
    status: 404,
    title: 'There is no such certificate authority',
    detail: 'No certificate authority has this id. Nothing was changed. The list of authorities shows those there are.',
  },
  'pki.authority-state': {
    status: 409,
    title: 'The state of this certificate authority does not allow that',
    detail: '{name} is {state}. Nothing was changed. {advice}',
  },
  'pki.authority-revoked': {
    status: 409,
    title: 'This certificate authority is revoked',
    detail: '{name} is revoked, for good. Nothing was changed. Make another authority for the line.',
  },
  'pki.authority-in-use': {
    status: 409,
    title: 'Other authorities still issue under this one',
    detail:
      'Under {name} stand authorities that issue or are to: {lines}. Nothing was changed. Roll these lines over first.',
  },
  'pki.authority-exists': {
    status: 409,
    title: 'This certificate authority is here already',
    detail: 'The certificate is that of {name}. Nothing was stored.',
  },
  'pki.line-needs-successor': {
    status: 409,
    title: 'Nobody could take over',
    detail:
      'The line {line} has no standby that can issue, and would be left without an issuer. Nothing was changed. Make or import a standby first.',
  },
  'pki.line-unfit': {
    status: 422,
    title: 'This line is not for that',
    detail: 'The line {line} {reason}. Nothing was stored.',
  },
  'pki.import-refused': {
    status: 422,
    title: 'What was handed in is not taken for an authority',
    detail: 'The {what} is refused: {reason}. Nothing was stored.',
  },
  'pki.list-refused': {
    status: 422,
    title: 'The revocation list is not taken',
    detail: 'The list is refused: {reason}. What was served before is served still.',
  },
  'pki.lists-made-here': {
    status: 409,
    title: 'Its revocation lists are made here',
    detail: 'The key of {name} is on this server, which signs its lists itself. Nothing was changed.',
  },
  'pki.authority-request-unknown': {
    status: 404,
    title: 'There is no such request',
    detail:
      'No authority waits for a signature under this id: it was signed, withdrawn, or never asked for. Nothing was changed.',
  },
  'pki.not-a-root': {
    status: 409,
    title: 'Only the key of a root leaves this server',
    detail: '{name} is an intermediate. Nothing was handed out. An intermediate’s key stays where it issues.',
  },
  'pki.export-not-confirmed': {
    status: 409,
    title: 'The copy of the key is not the one handed out last',
    detail:
      'The key of {name} is kept: the SHA-256 is not that of the copy exported last. Export it, store the file, and give the SHA-256 of that file.',
  },
} satisfies ErrorTable

export const fail = errorsOf(pkiErrors)
