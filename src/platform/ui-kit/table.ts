import { address, attributes, type Html, html, type Renderable } from './html.ts'

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => Renderable
  /** The name this column sorts by; absent: it does not sort. */
  readonly sortBy?: string
  /** `number`: right-aligned with tabular figures. `name`: the row's header. `actions`: title only for screen readers. */
  readonly role?: 'name' | 'number' | 'actions'
}

/** How the list is sorted now. */
export interface Sorting {
  readonly by: string
  readonly descending: boolean
  /** The address of this list sorted another way; keep filters, drop the cursor. */
  readonly href: (by: string, descending: boolean) => string
}

export interface TableOptions<Row> {
  /** What the rows are: `Routes, sorted by host`. Heard by screen readers; seen when `showCaption`. */
  readonly caption: string
  readonly showCaption?: boolean
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  /** Shown in place of the table when there are no rows: an `emptyState`. */
  readonly empty: Html
  readonly sorting?: Sorting
}

/** A table that stays a table for screen readers and folds into labelled blocks on a phone. */
export function table<Row>(options: TableOptions<Row>): Html {
  if (options.rows.length === 0) return options.empty
  const { columns, rows, sorting } = options
  return html`<div class="table-frame"><table class="rows" role="table">
<caption${attributes({ class: options.showCaption ? undefined : 'unseen' })}>${options.caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map((column) => heading(column, sorting))}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => tableRow(columns, row))}</tbody>
</table></div>`
}

/** One row alone, for a page that is there already and gets it later. */
export function tableRow<Row>(columns: readonly Column<Row>[], row: Row): Html {
  return html`<tr role="row">${columns.map((column) => cell(column, row))}</tr>`
}

function heading<Row>(column: Column<Row>, sorting: Sorting | undefined): Html {
  const sorted = sorting !== undefined && column.sortBy !== undefined && sorting.by === column.sortBy
  const name = column.role === 'actions' ? html`<span class="unseen">${column.title}</span>` : column.title
  const label =
    sorting === undefined || column.sortBy === undefined ? name : sortLink(column.title, column.sortBy, sorting)
  return html`<th role="columnheader" scope="col"${attributes({
    class: column.role,
    'aria-sort': sorted ? (sorting.descending ? 'descending' : 'ascending') : undefined,
  })}>${label}</th>`
}

function sortLink(title: string, by: string, sorting: Sorting): Html {
  const current = sorting.by === by
  const arrow = current ? (sorting.descending ? '↓' : '↑') : ''
  const href = sorting.href(by, current && !sorting.descending)
  return html`<a href="${address(href)}">${title}<span class="arrow" aria-hidden="true">${arrow}</span></a>`
}

function cell<Row>(column: Column<Row>, row: Row): Html {
  const content = html`<div>${column.cell(row)}</div>`
  if (column.role === 'name') return html`<th role="rowheader" scope="row" class="name">${content}</th>`
  const label = column.role === 'actions' ? undefined : column.title
  return html`<td role="cell"${attributes({ class: column.role, 'data-label': label })}>${content}</td>`
}
