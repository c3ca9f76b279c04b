import { copyButton, type Html, html } from '#platform/ui'

/** In lines of eight pairs, so that no pair is cut in two where people compare by eye. */
export function fingerprintLines(text: string): Html {
  const lines = text.match(/.{24}|.+$/g) ?? []
  return html`${lines.map((line, at) => html`${at > 0 && html`<br>`}<code>${line}</code>`)} ${copyButton(text, 'Copy the fingerprint')}`
}
