import { type ErrorTable, errorsOf } from '#platform'

/** What enrolment refuses. */
export const enrolErrors = {
  'pki.enrolment-needs-proof': {
    status: 401,
    title: 'An enrolment token is needed',
    detail:
      'Send it as the password of HTTP Basic with any user name, or as "Authorization: Bearer gen_…". Nothing was issued.',
  },
  'pki.enrolment-token-refused': {
    status: 401,
    title: 'Enrolment token refused',
    detail: 'This is not an enrolment token of this Gatehouse. Nothing was issued. Check that all of it was copied.',
  },
  'pki.enrolment-token-over': {
    status: 401,
    title: 'Enrolment token over',
    detail: 'This enrolment token {what}. Nothing was issued. Ask whoever made it for another.',
  },
  'pki.enrolment-refused': {
    status: 403,
    title: 'Enrolment refused',
    detail: 'Nothing was issued: {why}.',
  },
  'pki.enrol-later': {
    status: 429,
    title: 'Too many wrong tokens',
    detail:
      'Too many wrong enrolment tokens came from this network. This one was not looked at. Try again in {seconds} seconds.',
  },
  'pki.renewed-too-often': {
    status: 429,
    title: 'Certificates issued too often',
    detail:
      'This client had sixty certificates issued within an hour. Nothing was issued; the present certificate goes on working. Try again in {seconds} seconds.',
  },
  'pki.enrolment-media-type': {
    status: 415,
    title: 'Not a certificate request',
    detail: 'Send the request (PKCS #10, in base64) as application/pkcs10. Nothing was issued.',
  },
  'pki.renewal-needs-certificate': {
    status: 401,
    title: 'A certificate is needed',
    detail:
      'A certificate is renewed with that certificate: show it in the TLS handshake at {renewal}. Nothing was issued.',
  },
  'pki.renewal-refused': {
    status: 403,
    title: 'This certificate is not renewed',
    detail: 'Nothing was issued: {why}. Enrol again with a token.',
  },
  'pki.no-such-enrolment-token': {
    status: 404,
    title: 'No such enrolment token',
    detail: 'There is no enrolment token with this id. Nothing was changed.',
  },
  'pki.token-life-invalid': {
    status: 422,
    title: 'A token cannot last so long',
    detail: 'An enrolment token ends a minute to 30 days from now. Nothing was made.',
  },
} satisfies ErrorTable

export const fail = errorsOf(enrolErrors)
