import { address, type Html, html } from './html.ts'

/**
 * A part of a page that a script fetches anew every two seconds while somebody looks; without one, a link loads it again.
 * One of a page, and without forms: what somebody types into it would be lost.
 *
 * @param href the page itself
 */
export function refreshed(href: string, body: Html): Html {
  return html`<div class="live" data-refresh-bar><span data-live-state class="faint">As of when the page was loaded.</span>
<button type="button" class="plain" hidden>Pause</button> <a href="${address(href)}">Reload</a></div>
<div id="refreshed" data-refresh="${href}">${body}</div>`
}
