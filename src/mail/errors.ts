import { type ErrorTable, errorsOf } from '#platform'

export const mailErrors = {
  'mail.off': {
    status: 409,
    title: 'No mail server',
    detail:
      'Gatehouse has no mail server, so nothing was sent. Name one under [mail] in gatehouse.toml and start it again; until then links are shown to whoever makes them.',
  },
  'mail.not-sent': {
    status: 502,
    title: 'The mail was not sent',
    detail: 'The mail server did not take the mail: {reason} Nothing was changed; check [mail] in gatehouse.toml.',
  },
  'mail.bad-address': {
    status: 400,
    title: 'Not a mail address',
    detail: 'Nothing was sent. Use an address like name@example.org.',
  },
  'mail.file-unreadable': {
    status: 500,
    title: 'A file of [mail] cannot be read',
    detail: 'Gatehouse did not start, because {file}, named under [mail], cannot be read or is empty.',
  },
} as const satisfies ErrorTable

export const fail = errorsOf(mailErrors)
