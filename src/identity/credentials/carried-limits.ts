import { type Html, hidden, html } from '#platform/ui'
import type { LimitsForm } from './limits-form.ts'

/** Limits that were chosen and checked on the page before, carried along unseen. They are checked again when they arrive. */
export function carriedLimits(form: LimitsForm): Html {
  const { permissions, regions, confirmed, scope, morePermissions, allow, deny, lasts, until } = form
  const one = Object.entries({ scope, morePermissions, allow, deny, lasts, until })
  const several = Object.entries({ permissions, regions, confirmed })
  return html`${one.map(([name, value]) => (value === '' ? undefined : hidden(name, value)))}${several.map(
    ([name, values]) => values.map((value) => hidden(name, value)),
  )}`
}
