import { type ErrorTable, errorsOf } from '../errors.ts'

/** What the doors refuse before or instead of a handler. */
export const httpErrors = {
  'platform.not-found': { status: 404, title: 'Not found', detail: 'There is nothing at this address.' },
  'platform.method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    detail: 'This address does not answer {method}; it answers {allowed}.',
  },
  'platform.invalid-input': {
    status: 400,
    title: 'The input has faults',
    detail: 'Nothing was changed. Correct the named fields and send it again.',
  },
  'platform.bad-target': {
    status: 400,
    title: 'Bad request target',
    detail:
      'What was asked for is no path of a web address: it holds a backslash, or does not begin as one. Nothing was done.',
  },
  'platform.malformed-json': {
    status: 400,
    title: 'Not valid JSON',
    detail: 'The body is not valid JSON in UTF-8, or nests deeper than 32 levels. Nothing was changed.',
  },
  'platform.malformed-text': {
    status: 400,
    title: 'Not text',
    detail: 'The body is not text in UTF-8, or an escape in it is half a character. Nothing was changed.',
  },
  'platform.unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    detail: 'Send the body as {expected}. Nothing was changed.',
  },
  'platform.body-too-large': {
    status: 413,
    title: 'Body too large',
    detail: 'The body may have at most {limit} bytes here. Nothing was changed.',
  },
  // 408 and not 400: a line that broke is no input that somebody is to answer for, and stands in no journal
  'platform.body-incomplete': {
    status: 408,
    title: 'The body broke off',
    detail: 'The connection ended before the whole body had arrived. Nothing was changed; send it again.',
  },
  'platform.cross-origin': {
    status: 403,
    title: 'Request from another site',
    detail:
      'This request would change something and did not come from a page of Gatehouse itself, so it was refused. Nothing was changed. Open the page in Gatehouse and try again there.',
  },
  'platform.sign-in-required': {
    status: 401,
    title: 'Sign-in required',
    detail: 'Sign in, or send an API token as "Authorization: Bearer …".',
  },
  'platform.refused': { status: 403, title: 'Refused', detail: '{reason}' },
  'platform.bad-cursor': {
    status: 400,
    title: 'Not a page of this list',
    detail:
      'The cursor was not made by Gatehouse for this list, or its filters changed since. Begin again with the first page.',
  },
  'platform.too-many-streams': {
    status: 429,
    title: 'Too many live views are open',
    detail: 'You, or everybody together, have as many open as Gatehouse keeps. Close one and try again.',
  },
  'platform.idempotency-key-malformed': {
    status: 400,
    title: 'Not an idempotency key',
    detail: 'An Idempotency-Key has 1 to 255 visible ASCII characters, such as a UUID. Nothing was changed.',
  },
  'platform.idempotency-key-reused': {
    status: 422,
    title: 'The key was used for something else',
    detail: 'Another request was sent here under this Idempotency-Key. Nothing was changed; choose a new key.',
  },
  'platform.request-in-progress': {
    status: 409,
    title: 'Still being done',
    detail: 'The first request under this Idempotency-Key has no answer yet. Ask again in a moment.',
  },
  'platform.outcome-unknown': {
    status: 409,
    title: 'The outcome is not known',
    detail:
      'The first request under this Idempotency-Key was interrupted, so it may have been carried out or not. It is not repeated; look at what there is, and send it under a new key if it is missing.',
  },
  'platform.answer-not-kept': {
    status: 409,
    title: 'Done before, and answered once',
    detail:
      'The first request under this Idempotency-Key was carried out. Its answer is not kept, because it held a secret or was long. If the secret was lost, revoke what was made and make another under a new key.',
  },
  'platform.precondition-failed': {
    status: 412,
    title: 'Changed meanwhile',
    detail: 'Somebody changed this since you read it. Nothing was changed; read it again and repeat the change.',
  },
  'platform.unavailable': {
    status: 503,
    title: 'Not available',
    detail: 'Gatehouse cannot answer this now. Nothing was changed; try again in a moment.',
  },
  'platform.internal': {
    status: 500,
    title: 'Internal error',
    detail: 'Something failed inside Gatehouse. Give the incident id to whoever runs it; the log has the rest.',
  },
} as const satisfies ErrorTable

export const failHttp = errorsOf(httpErrors)
