/**
 * What a page says after an action, by the word in its address: an address must not be able to put words on the page, nor
 * to find what every object has (`constructor`).
 */
export function doneWords(words: Readonly<Record<string, string>>): (done: string | undefined) => string | undefined {
  return (done) => (done !== undefined && Object.hasOwn(words, done) ? words[done] : undefined)
}
