import type { Page } from 'playwright-core'
import type { Product } from './start.ts'

export const password = 'only for a test, long enough'

/**
 * Sets the product up in a browser, as a person does; the page is then signed in as the administrator `ada`. The link
 * works once; `look` sees the page it leads to.
 */
export async function setUp(page: Page, product: Product, look?: () => Promise<unknown>): Promise<void> {
  await page.goto(product.setupLink ?? '')
  await look?.()
  await page.getByLabel('Handle').fill('ada')
  await page.getByLabel('Name', { exact: true }).fill('Ada Lovelace')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password, again').fill(password)
  await page.getByRole('button', { name: /create the administrator/i }).click()
  await page.waitForURL(`${product.origin}/`)
}
