import { address, emptyState, field, type Html, html, pageHeader } from '#platform/ui'
import { type Finds, maxSearchText } from '../search.ts'

/** The search as a page: complete without script. */
export function searchPage(typed: string, kinds: readonly Finds[]): Html {
  return html`${pageHeader({
    title: 'Search',
    lead: 'People, groups, roles, routes, pages and whatever else has a name here, as far as you may see it.',
  })}<search><form class="filter" method="get" action="/search">${field({
    name: 'q',
    label: 'Name, handle, host or id',
    type: 'search',
    value: typed,
    autocomplete: 'off',
    maxLength: maxSearchText,
    required: true,
    autofocus: typed === '',
  })}<div class="form-actions"><button type="submit" class="plain">Search</button></div></form></search>
${typed.trim() !== '' && results(typed, kinds)}`
}

function results(typed: string, kinds: readonly Finds[]): Html {
  if (kinds.length === 0) {
    return emptyState({
      title: 'Nothing found',
      text: html`Nothing you may see has <q>${typed}</q> in its name. Fewer letters find more.`,
    })
  }
  return html`${kinds.map(
    ({ title, finds, more }, index) =>
      html`<section aria-labelledby="kind-${index}"><h2 id="kind-${index}">${title}</h2><ul class="finds">${finds.map(
        ({ title: name, note, href }) =>
          html`<li><a href="${address(href)}">${name}</a>${note !== undefined && html` <small>${note}</small>`}</li>`,
      )}</ul>${more && html`<p class="below faint">There are more; type more of the name.</p>`}</section>`,
  )}`
}
