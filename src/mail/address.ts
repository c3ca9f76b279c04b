/**
 * Judges the form of a mail address; `undefined` when it may be written to, otherwise one sentence. One address in ASCII
 * with one `@`, without quotes, comments, lists or anything a header or an SMTP command could be made of. Says nothing
 * about whether anybody reads it: that is proved by a link sent there.
 */
export function addressFault(text: string): string | undefined {
  return text.length <= 254 && /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$/.test(text) && isHost(text)
    ? undefined
    : 'Use an address like name@example.org.'
}

/** The one form in which addresses are compared and counted: many servers fold case, and two people must not be told apart by it. */
export function foldAddress(text: string): string {
  return text.trim().toLowerCase()
}

function isHost(text: string): boolean {
  const labels = text.slice(text.indexOf('@') + 1).split('.')
  return labels.every((label) => /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label))
}
