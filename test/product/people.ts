import type { Page } from 'playwright-core'
import { password } from './set-up.ts'

/** Where a console is reached. */
interface Place {
  readonly origin: string
}

/** Adds an account through the console's form, as the administrator signed in on the page. */
export async function addPerson(page: Page, product: Place, handle: string, name: string): Promise<void> {
  await page.goto(`${product.origin}/accounts/new`)
  await page.getByLabel('Handle').fill(handle)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.locator('[name=password]').fill(password)
  await page.locator('[name=passwordAgain]').fill(password)
  await page.locator('main').getByRole('button').last().click()
  await page.waitForURL(/\/accounts\/acc_/)
}

/** Signs in through the console's form. */
export async function signIn(page: Page, product: Place, handle: string): Promise<void> {
  await page.goto(`${product.origin}/sign-in`)
  await page.getByLabel('Handle').fill(handle)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: /^sign in/i }).click()
  await page.waitForURL(`${product.origin}/`)
}

/** Publishes an app through the console's form; the app itself need not run. */
export async function addRoute(page: Page, product: Place, name: string): Promise<void> {
  await page.goto(`${product.origin}/routes/new`)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Host').fill(`${name}.localhost`)
  await page.getByLabel('App', { exact: true }).fill('http://127.0.0.1:9')
  await page.getByRole('button', { name: 'Add the route' }).click()
  await page.waitForURL(/\/routes\/[a-z0-9-]+$/)
}

/** Creates a group through the console's form and puts somebody in. */
export async function addGroup(page: Page, product: Place, name: string): Promise<void> {
  await page.goto(`${product.origin}/groups/new`)
  await page.getByLabel('Title').fill(name)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByRole('button', { name: 'Create the group' }).click()
  await page.waitForURL(/\/groups\/[a-z0-9-]+$/)
  await page.getByRole('button', { name: 'Add to the group' }).click()
  await page.getByRole('link', { name: 'Remove…' }).waitFor()
}

/** Names a network, the one the browser comes from, through the console's form. */
export async function addNetwork(page: Page, product: Place, name: string): Promise<void> {
  await page.goto(`${product.origin}/networks/new`)
  await page.getByLabel('Title').fill(name)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Addresses').fill('127.0.0.0/8\n::1\n192.0.2.0/24')
  await page.getByRole('button', { name: 'Name the network' }).click()
  await page.waitForURL(/\/networks\/[a-z0-9-]+$/)
}

/** Makes an API token through the console's form, as wide as its maker. */
export async function addToken(page: Page, product: Place, label: string): Promise<void> {
  await page.goto(`${product.origin}/account/tokens/new`)
  await page.getByLabel('Label', { exact: true }).fill(label)
  await page.getByRole('button', { name: 'Create the token' }).click()
  await page.getByText('shown only now').waitFor()
}

/** Makes a webhook through the console's form; what it is to be told is refused, since nothing listens there. */
export async function addWebhook(page: Page, product: Place, name: string): Promise<void> {
  await page.goto(`${product.origin}/webhooks/new`)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Address').fill('https://127.0.0.1:9/hook')
  await page.getByRole('button', { name: 'Add the webhook' }).click()
  await page.getByText('shown this once').waitFor()
}

/** Makes an enrolment token through the console's form. */
export async function addEnrolmentToken(page: Page, product: Place, device: string): Promise<void> {
  await page.goto(`${product.origin}/enrolment-tokens/new`)
  await page.getByLabel('What it is for').fill(`The device ${device}`)
  await page.locator('[name=holder]').fill(device)
  await page.getByRole('button', { name: 'Make the token' }).click()
  await page.getByText('shown this once').waitFor()
}

/** A device with a certificate whose key was made here. */
export async function addDevice(page: Page, product: Place, name: string): Promise<void> {
  await page.goto(`${product.origin}/certificates/holders/new`)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Title').fill(`The device ${name}`)
  await page.getByRole('button', { name: 'Add it' }).click()
  await page.getByRole('heading', { name: 'What it may do' }).waitFor()
  await page.goto(`${product.origin}/certificates/new`)
  await page.locator('[name=profile]').selectOption('device')
  await page.locator('[name=holder]').fill(name)
  await page.locator('[name=newKey]').check()
  await page.locator('[name=handover]').selectOption('current')
  await page.getByRole('button', { name: 'Issue the certificate' }).click()
  await page.getByText('offered this once').waitFor()
}

/** A root whose key is elsewhere. @param pem its certificate @returns where its page is */
export async function addForeignRoot(page: Page, product: Place, pem: string): Promise<string> {
  await page.goto(`${product.origin}/certificate-authorities/import`)
  await page.locator('[name=certificate]').fill(pem)
  await page.getByRole('button', { name: /import/i }).click()
  await page.getByText('What to sign, and import it').waitFor()
  return new URL(page.url()).pathname
}

/** A certificate profile of the operator's own. */
export async function addCertificateProfile(page: Page, product: Place, name: string): Promise<void> {
  await page.goto(`${product.origin}/certificates/profiles/new`)
  await page.getByLabel('Title').fill(`Servers of ${name}`)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Host names it may carry').fill(`*.${name}.example.org`)
  await page.getByRole('button', { name: 'Make the profile' }).click()
  await page.waitForURL(`${product.origin}/certificates/profiles/${name}`)
}
