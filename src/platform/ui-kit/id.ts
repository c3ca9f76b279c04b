import { type Html, html } from './html.ts'

const head = 8
const tail = 6

/**
 * An id, fingerprint or digest, shortened in the middle for the eye. Its whole text is in the page: it is what a
 * selection copies, what a screen reader reads, and what the title shows.
 */
export function id(text: string): Html {
  if (text.length <= head + tail + 4) return html`<code class="id">${text}</code>`
  const middle = text.slice(head, -tail)
  return html`<code class="id" title="${text}">${text.slice(0, head)}<span class="id-middle">${middle}</span>${text.slice(-tail)}</code><button type="button" class="copy small" data-copy="${text}" aria-label="Copy ${text}" hidden>Copy</button>`
}
