import type { NavigationEntry, NavigationGroup } from '#platform'
import { actionForm, address, attributes, brand, document, type Html, html, type PageScript } from '#platform/ui'

/** Who looks at the page, and through what they came. */
export interface Who {
  readonly name: string
  /** Kind of the credential: `password`, `passkey`. */
  readonly credential: string | undefined
  readonly address: string | undefined
}

/** A page of the navigation and the heading it stands under. */
export type Room = Pick<NavigationEntry, 'title' | 'href' | 'group'>

export interface FrameOptions {
  readonly title: string
  readonly body: Html
  /** The entry this page belongs to, by its path. */
  readonly section: string | undefined
  readonly rooms: readonly Room[]
  readonly who: Who
  readonly host: string
  readonly scripts?: readonly PageScript[] | undefined
}

const headings: Readonly<Record<NavigationGroup, string>> = {
  people: 'People',
  access: 'Access',
  apps: 'Apps',
  record: 'Record',
}
const groups = Object.keys(headings) as readonly NavigationGroup[]

/**
 * The document of a signed-in person: where they are, a search and who they are above; the rooms they may see beside.
 * On a phone a bar at the bottom leads to the overview, the search and the account, and opens the rooms as a sheet
 * (a popover, so it needs no script).
 */
export function frame(options: FrameOptions): Html {
  const { title, body, section, rooms, who, host, scripts } = options
  return document({
    title,
    scripts,
    frame: 'full',
    body: html`<a class="skip" href="#content">Skip to content</a>
<header class="top"><a class="brand" href="/" aria-label="Gatehouse, overview">${brand()}</a><span class="where">${host}</span>
${searchBox()}<div class="who"><div><a href="/account">${who.name}</a><small>${through(who)}</small></div>${actionForm({ action: '/sign-out', submit: 'Sign out' })}</div></header>
${navigation(rooms, section)}
<main id="content" tabindex="-1">${body}</main>
${bar(rooms, section)}${shortcuts()}`,
  })
}

function searchBox(): Html {
  return html`<search class="find"><form method="get" action="/search" data-find><input type="search" name="q" aria-label="Search everything" placeholder="Search" autocomplete="off" spellcheck="false" maxlength="80" required><kbd aria-hidden="true" hidden>Ctrl K</kbd></form></search>`
}

function navigation(rooms: readonly Room[], section: string | undefined): Html {
  const overview = html`<ul>${entry({ title: 'Overview', href: '/' }, section)}</ul>`
  const grouped = groups.flatMap((group) => {
    const within = rooms.filter((room) => room.group === group)
    return within.length === 0
      ? []
      : html`<p id="rooms-${group}">${headings[group]}</p><ul aria-labelledby="rooms-${group}">${within.map((room) => entry(room, section))}</ul>`
  })
  return html`<nav class="rooms" id="rooms" popover aria-label="Rooms">${overview}${grouped}
<button type="button" class="plain quiet" popovertarget="shortcuts" data-shortcuts hidden>Keyboard</button></nav>`
}

function entry({ title, href }: Pick<Room, 'title' | 'href'>, section: string | undefined): Html {
  return html`<li><a href="${address(href)}"${attributes({ 'aria-current': href === section ? 'page' : undefined })}>${title}</a></li>`
}

function bar(rooms: readonly Room[], section: string | undefined): Html {
  const inRoom = rooms.some(({ href }) => href === section)
  return html`<nav class="bar" aria-label="Shortcuts">${barLink('Overview', '/', section)}${barLink('Search', '/search', section)}<button type="button"${attributes(
    { class: inRoom ? 'here' : undefined },
  )} popovertarget="rooms">Rooms</button>${barLink('Account', '/account', section)}</nav>`
}

function barLink(title: string, href: string, section: string | undefined): Html {
  return html`<a href="${href}"${attributes({ class: href === section ? 'here' : undefined })}>${title}</a>`
}

/** Opened with Ctrl and /, or by its button, which the script shows: without script there are none. */
function shortcuts(): Html {
  const keys: readonly (readonly [Html, string])[] = [
    [html`<kbd>Ctrl</kbd> <kbd>K</kbd>`, 'Search everything'],
    [html`<kbd>Ctrl</kbd> <kbd>K</kbd> again`, 'Filter the list on this page'],
    [html`<kbd>↑</kbd> <kbd>↓</kbd> <kbd>Enter</kbd>`, 'Choose what was found'],
    [html`<kbd>Esc</kbd>`, 'Close what is open'],
    [html`<kbd>Ctrl</kbd> <kbd>/</kbd>`, 'This list'],
  ]
  return html`<div class="sheet" id="shortcuts" popover role="dialog" aria-labelledby="shortcuts-title"><h2 id="shortcuts-title">Keyboard</h2><dl>${keys.map(
    ([key, does]) => html`<div><dt>${key}</dt><dd>${does}</dd></div>`,
  )}</dl></div>`
}

function through({ credential, address: from }: Who): string {
  const parts = [credential, from === undefined ? undefined : `from ${from}`].filter((part) => part !== undefined)
  return parts.join(' ')
}
