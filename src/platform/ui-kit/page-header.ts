import { address, type Html, html, type Renderable } from './html.ts'

export interface Action {
  /** Says what it does: `Add a route`. */
  readonly text: string
  readonly href: string
}

export interface PageHeaderOptions {
  readonly title: string
  /** One sentence: what this is, or the state of the thing. */
  readonly lead?: Renderable
  /** The one thing people come here to do. */
  readonly action?: Action | undefined
  /** The pages above this one, outermost first. */
  readonly trail?: readonly Action[]
  /** Beside the title: the thing's state. */
  readonly state?: Html
}

/** The top of a page. Its `h1` is the only one. */
export function pageHeader(options: PageHeaderOptions): Html {
  return html`<header class="page-header">
${trail(options.trail ?? [])}<div class="page-title"><h1>${options.title}</h1>${options.state}
${options.action && button(options.action)}</div>
${options.lead && html`<p class="lead">${options.lead}</p>`}
</header>`
}

/** A link that looks like a button: it leads somewhere and changes nothing. */
export function button(action: Action, look: 'primary' | 'plain' = 'primary'): Html {
  return html`<a class="button ${look}" href="${address(action.href)}">${action.text}</a>`
}

/** A link whose address came from data. */
export function link(action: Action): Html {
  return html`<a href="${address(action.href)}">${action.text}</a>`
}

function trail(pages: readonly Action[]): Html | undefined {
  if (pages.length === 0) return undefined
  return html`<nav class="trail" aria-label="Pages above this one"><ol>${pages.map((page) => html`<li>${link(page)}</li>`)}</ol></nav>`
}
