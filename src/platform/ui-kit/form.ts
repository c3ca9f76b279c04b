import type { FieldFault } from '../errors.ts'
import { faultyField, field, fieldId, hidden } from './field.ts'
import { address, attributes, type Html, html, type Renderable } from './html.ts'
import { notice } from './notice.ts'
import { type Action, link } from './page-header.ts'

export interface FormOptions {
  readonly action: string
  /** What the button does: `Create the account`. */
  readonly submit: string
  readonly body: Renderable
  /** `get` for what changes nothing. */
  readonly method?: 'post' | 'get'
  /** Faults of the last attempt: summed up above the fields, each linked to its own. Pass them to the fields too. */
  readonly faults?: readonly FieldFault[]
  readonly cancel?: Action
  /** The verb destroys something: the button is red. */
  readonly dangerous?: boolean
  /** `plain`: not what the page is for, beside a form that is. */
  readonly look?: 'primary' | 'plain'
}

/** A form. The browser door checks where an unsafe one comes from (Origin), so it carries no token. */
export function form(options: FormOptions): Html {
  return html`<form class="stack" method="${options.method ?? 'post'}" action="${address(options.action)}">
${faultSummary(options.faults ?? [])}${options.body}
<div class="form-actions"><button type="submit"${attributes({ class: options.dangerous ? 'danger' : options.look === 'plain' ? 'plain' : undefined })}>${options.submit}</button>
${options.cancel && link(options.cancel)}</div></form>`
}

export interface ActionFormOptions {
  readonly action: string
  /** What the button does: `Revoke`. */
  readonly submit: string
  /** Values carried along unseen; pairs where a name comes several times. */
  readonly values?: Readonly<Record<string, string>> | readonly (readonly [string, string])[]
  readonly look?: 'primary' | 'plain' | 'danger'
  /** Heard by screen readers where the word alone repeats: `Revoke the token "CI"`. */
  readonly label?: string
}

/** One button that posts: sign-out, or a step that undoes easily. Anything graver gets a `confirmation`. */
export function actionForm(options: ActionFormOptions): Html {
  const { values = {} } = options
  const pairs: readonly (readonly [string, string])[] = isList(values) ? values : Object.entries(values)
  return html`<form class="inline" method="post" action="${address(options.action)}">${pairs.map(([name, value]) => hidden(name, value))}<button type="submit"${attributes(
    { class: options.look ?? 'plain', 'aria-label': options.label },
  )}>${options.submit}</button></form>`
}

/** What `Array.isArray` does not tell of a readonly list. */
function isList(values: NonNullable<ActionFormOptions['values']>): values is readonly (readonly [string, string])[] {
  return Array.isArray(values)
}

export interface FilterOptions {
  /** The list's own address. */
  readonly action: string
  /** `field` and `select` pieces; the first is what a second Ctrl-K focuses. */
  readonly fields: Renderable
  /** Whether anything is filtered: shows the way back to everything. */
  readonly active: boolean
}

/** A filter above a list, kept in the address so that it can be bookmarked and sent on. */
export function filterForm(options: FilterOptions): Html {
  const action = address(options.action)
  return html`<form class="filter" aria-label="Filter the list" method="get" action="${action}" data-shortcut="search">${options.fields}
<div class="form-actions"><button type="submit" class="plain">Filter</button>${options.active && html`<a href="${action}">Show all</a>`}</div></form>`
}

/** The filter of a list that is narrowed by one text, `q` in the address. */
export function textFilter(options: {
  readonly action: string
  readonly label: string
  readonly value: string | undefined
}): Html {
  const { action, label, value } = options
  return filterForm({
    action,
    active: value !== undefined,
    fields: field({ name: 'q', label, type: 'search', value, autocomplete: 'off', maxLength: 80 }),
  })
}

function faultSummary(faults: readonly FieldFault[]): Html | undefined {
  if (faults.length === 0) return undefined
  const title = faults.length === 1 ? 'One thing to correct' : `${faults.length} things to correct`
  const items = faults.map((fault) => {
    const { message } = fault
    const name = faultyField(fault)
    return name === '' ? html`<li>${message}</li>` : html`<li><a href="#${fieldId(name)}">${message}</a></li>`
  })
  return notice('refused', title, html`<ul>${items}</ul>`)
}
