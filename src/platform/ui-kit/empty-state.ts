import { command } from './command.ts'
import { type Html, html, type Renderable } from './html.ts'
import { type Action, button } from './page-header.ts'

export interface EmptyStateOptions {
  /** What is not here yet: `No routes yet`. */
  readonly title: string
  /** What this is for. */
  readonly text: Renderable
  /** The first step. */
  readonly action?: Action | undefined
  /** The same step in a terminal. */
  readonly command?: string
}

/** An empty list says what it is for and offers the first step. */
export function emptyState(options: EmptyStateOptions): Html {
  return html`<section class="empty"><h2>${options.title}</h2><p>${options.text}</p>
${options.action && html`<p>${button(options.action)}</p>`}
${options.command !== undefined && command(options.command, 'Or in a terminal')}</section>`
}
