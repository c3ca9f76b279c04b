import { type Html, html, type Renderable } from '#platform/ui'
import { pathOf } from '../operator/views/policies.ts'

/** What becomes of the policies in force that name what is to be deleted; one line each. */
export function namedBy(policies: readonly string[], becomes: string): readonly Renderable[] {
  return policies.map(
    (name): Html => html`The policy <a href="${pathOf(name)}">${name}</a> names it and stays in force: ${becomes}`,
  )
}

/** What the form carries, so that it deletes only with those policies that the page told of. */
export function knowing(policies: readonly string[]): { readonly policies: string } {
  return { policies: policies.join(' ') }
}
