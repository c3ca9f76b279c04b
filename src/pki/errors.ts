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
} satisfies ErrorTable

export const fail = errorsOf(pkiErrors)
