import { actionForm, address, attributes, brand, document, type Html, html } from '#platform/ui'

/** Who looks at the page, and through what they came. */
export interface Who {
  readonly name: string
  /** Kind of the credential: `password`, `passkey`. */
  readonly credential: string | undefined
  readonly address: string | undefined
}

export interface FrameOptions {
  readonly title: string
  readonly body: Html
  /** The entry this page belongs to, by its path. */
  readonly section: string | undefined
  readonly rooms: readonly { readonly title: string; readonly href: string }[]
  readonly who: Who
  readonly host: string
}

/** The document of a signed-in person: where they are and who they are above, the rooms they may see beside. */
export function frame(options: FrameOptions): Html {
  const { title, body, section, rooms, who, host } = options
  const entries = [{ title: 'Overview', href: '/' }, ...rooms]
  return document({
    title,
    frame: 'full',
    body: html`<a class="skip" href="#content">Skip to content</a>
<header class="top"><a class="brand" href="/" aria-label="Gatehouse, overview">${brand()}</a><span class="where">${host}</span>
<div class="who"><div><a href="/account">${who.name}</a><small>${through(who)}</small></div>${actionForm({ action: '/sign-out', submit: 'Sign out' })}</div></header>
<nav class="rooms" aria-label="Rooms"><ul>${entries.map(
      ({ title: text, href }) =>
        html`<li><a href="${address(href)}"${attributes({ 'aria-current': href === section ? 'page' : undefined })}>${text}</a></li>`,
    )}</ul></nav>
<main id="content" tabindex="-1">${body}</main>`,
  })
}

function through({ credential, address: from }: Who): string {
  const parts = [credential, from === undefined ? undefined : `from ${from}`].filter((part) => part !== undefined)
  return parts.join(' ')
}
