import { type Html, html, type Renderable } from './html.ts'

export interface Fact {
  readonly term: string
  readonly value: Renderable
}

/** What is known of a thing, in two columns. A fact without a value says so instead of leaving a hole. */
export function facts(list: readonly Fact[]): Html {
  return html`<dl class="facts">${list.map(
    ({ term, value }) =>
      html`<div><dt>${term}</dt><dd>${isEmpty(value) ? html`<span class="faint">none</span>` : value}</dd></div>`,
  )}</dl>`
}

function isEmpty(value: Renderable): boolean {
  if (Array.isArray(value)) return value.every(isEmpty)
  return value === undefined || value === null || value === false || value === ''
}
