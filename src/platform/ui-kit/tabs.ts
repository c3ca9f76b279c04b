import { address, attributes, type Html, html } from './html.ts'

export interface Tab {
  readonly text: string
  readonly href: string
  readonly current?: boolean
}

/** Parts of one thing, each with its own address. Links, not script: back, bookmark and new window work. */
export function tabs(label: string, items: readonly Tab[]): Html {
  return html`<nav class="tabs" aria-label="${label}"><ul>${items.map(
    ({ text, href, current }) =>
      html`<li><a href="${address(href)}"${attributes({ 'aria-current': current ? 'page' : undefined })}>${text}</a></li>`,
  )}</ul></nav>`
}
