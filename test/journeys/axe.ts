import axe from 'axe-core'
import type { Page } from 'playwright-core'

interface Violation {
  readonly id: string
  readonly help: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

/** What axe-core finds on the page as it stands: WCAG 2.2 A and AA, and its best practices. One line each. */
export function findViolations(page: Page): Promise<readonly string[]> {
  return run(page, 'document', {})
}

/** Only what depends on colours, in what stands between the frame's parts. */
export function findFaintColours(page: Page): Promise<readonly string[]> {
  return run(page, '"main"', { runOnly: ['color-contrast', 'link-in-text-block'] })
}

async function run(page: Page, context: string, more: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  // what a click leads to may still be arriving
  await page.waitForLoadState()
  // evaluated from outside the page, so the page's content security policy stays as it is
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(axe.source)
  const options = JSON.stringify({ resultTypes: ['violations'], preload: false, iframes: false, ...more })
  const violations = (await page.evaluate(
    `axe.run(${context}, ${options}).then(({ violations }) => violations)`,
  )) as readonly Violation[]
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.html} ${node.failureSummary ?? ''}`),
  )
}
