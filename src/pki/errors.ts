import { type ErrorTable, errorsOf } from '#platform'

export const pkiErrors = {
  'pki.host-invalid': {
    status: 422,
    title: 'No certificate can be made for this name',
    detail:
      'A certificate needs a lower-case host name (letters, digits, inner hyphens, dots) or an IP address in its usual form. Nothing was issued. Correct the name.',
  },
  'pki.root-unusable': {
    status: 500,
    title: 'The certificate authority cannot be used',
    detail:
      "The root's private key does not open, or does not belong to its certificate. Nothing was issued and no new root was made. Restore the seal key and the database from the same backup.",
  },
  'pki.root-not-valid': {
    status: 503,
    title: 'The root certificate is not valid at this time',
    detail:
      'The root is valid from {from} to {to}, and the clock of this machine is outside. Nothing was issued. Correct the clock.',
  },
} satisfies ErrorTable

export const fail = errorsOf(pkiErrors)
