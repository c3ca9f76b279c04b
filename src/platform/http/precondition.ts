import { failHttp } from './http-errors.ts'

/** The entity tag of a thing at a revision (RFC 9110 §8.8.3), for `Reply.etag` and `requireUnchanged`. */
export function revisionTag(revision: number): string {
  return `"${revision}"`
}

/**
 * Refuses a change of something that was changed since the caller read it (RFC 9110 §13.1.1). Without `If-Match`, or with
 * `*`, the caller does not ask. Call it in the transaction of the change.
 *
 * @throws GateError `platform.precondition-failed` (412)
 */
export function requireUnchanged(headers: Headers, revision: number): void {
  const asked = headers.get('if-match')
  if (asked === null || asked.trim() === '*') return
  const tags = asked.split(',').map((tag) => tag.trim())
  if (!tags.includes(revisionTag(revision))) throw failHttp('platform.precondition-failed')
}
