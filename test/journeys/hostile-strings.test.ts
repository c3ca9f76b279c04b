import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { crawl } from '../pages/crawl.ts'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { type Answer, ask, signInCookie } from '../product/http.ts'
import { password, setUp } from '../product/set-up.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

/** At most 80 characters, so that titles take them. `hit` is what a script that ran would call. */
const hostile = [
  `"'><script>hit()</script><img src=x onerror=hit()>`,
  '</title></textarea></script></style><svg onload=hit()>',
  `javascript:hit()//" onfocus=hit() autofocus x="<base href=//evil.example/>`,
  '<link rel=stylesheet href=https://evil.example/x>',
]

interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}

describe('hostile strings in every field, looked at in a browser', { skip: browserMissing() }, () => {
  let product: Product
  let browser: Browser
  let page: Page
  let cookie: string
  const effects: string[] = []

  before(async () => {
    product = await startProduct()
    browser = await openBrowser()
    page = await watched()
    await setUp(page, product)
    cookie = await signInCookie(product, 'ada', password)
  })

  after(async () => {
    await browser.close()
    await cleanUp()
  })

  /** A page on which every effect of a hostile string is noted: script, dialog, request elsewhere, what the CSP stopped. */
  async function watched(): Promise<Page> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const watchedPage = await context.newPage()
    const note = (effect: string) => effects.push(`${watchedPage.url()} ${effect}`)
    watchedPage.on('dialog', (dialog) => {
      note('opened a dialog')
      void dialog.dismiss()
    })
    watchedPage.on('request', (request) => {
      if (!request.url().startsWith(`${product.origin}/`)) note(`asked ${request.url()}`)
    })
    await watchedPage.exposeFunction('hit', () => note('ran a script'))
    await watchedPage.exposeFunction('stopped', (what: string) => note(`had the CSP stop ${what}`))
    await watchedPage.addInitScript(
      `addEventListener('securitypolicyviolation', (event) => stopped(event.violatedDirective + ' ' + event.blockedURI))`,
    )
    return watchedPage
  }

  function call(method: string, path: string, body?: unknown): Promise<Answer> {
    return ask(product, path, {
      method,
      headers: {
        cookie,
        origin: product.origin,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }

  async function create(path: string, body: unknown): Promise<Answer> {
    const answer = await call('POST', path, body)
    assert.equal(answer.status, 201, `${path} ${answer.text}`)
    return answer
  }

  /** An account asks for what it lacks, in hostile words; the administrator finds the request. */
  async function asks(handle: string, reason: string): Promise<void> {
    const theirs = await signInCookie(product, handle, password)
    const answer = await ask(product, '/api/v1/access-requests', {
      method: 'POST',
      headers: { cookie: theirs, origin: product.origin, 'content-type': 'application/json' },
      body: JSON.stringify({ permission: 'accounts:read', reason }),
    })
    assert.equal(answer.status, 201, answer.text)
  }

  test('attack 25: the watch sees a script, a request and a dialog where nothing escapes them', async () => {
    const open = await watched()
    await open.setContent(`<p>${hostile.join('</p><p>')}</p><img src=x onerror="alert(1)">`)
    await open.waitForLoadState('networkidle')
    // each is told by the browser when it gets there
    const end = performance.now() + 30_000
    for (const effect of ['ran a script', 'asked', 'opened a dialog']) {
      while (!effects.some((seen) => seen.includes(effect))) {
        assert.ok(performance.now() < end, effect)
        await open.waitForTimeout(20)
      }
    }
    await open.close()
    effects.length = 0
  })

  test('attack 25: everything that keeps prose keeps it as it was written', async () => {
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
    for (const [index, text] of hostile.entries()) {
      const name = `h${index}`
      const account = await create('/api/v1/accounts', { handle: name, displayName: text, password })
      await create('/api/v1/roles', { name, title: text, description: text, permissions: ['audit:read'] })
      await create('/api/v1/groups', { name, title: text, description: text })
      await call('POST', `/api/v1/groups/${name}/add-member`, { kind: 'principal', id: idOf(account) })
      await create('/api/v1/networks', { name, title: text, cidrs: ['192.0.2.0/24'] })
      await create('/api/v1/tokens', { label: text, permissions: ['audit:read'], expiresAt: inAnHour })
      await create('/api/v1/grants', { grantee: idOf(account), permissions: ['audit:read'], note: text })
      await create('/api/v1/routes', {
        name,
        host: `${name}.localhost`,
        upstreams: ['http://127.0.0.1:9'],
        access: { kind: 'public', reason: text },
      })
      await create('/api/v1/policies', { name, title: text, text: policyWith(text), state: 'off', reason: text })
      await asks(name, text)
      const kept = await call('GET', `/api/v1/roles/${name}`)
      assert.equal(kept.json['title'], text)
    }
  })

  test('attack 25: every text field of every operation, path and query takes them or refuses; none fails', async () => {
    const { json } = await call('GET', '/api/v1/openapi.json')
    const paths = json['paths'] as Readonly<Record<string, Readonly<Record<string, Operation>>>>
    let asked = 0
    for (const [template, operations] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const schema = operation.requestBody?.content['application/json']?.schema
        // without anything of the caller's in it there is nothing to be hostile in; some would end the session
        if (schema === undefined && (operation.parameters ?? []).length === 0) continue
        const text = hostile[asked % hostile.length] ?? ''
        const query = new URLSearchParams(
          (operation.parameters ?? []).flatMap((one) => (one.in === 'query' ? [[one.name, text]] : [])),
        )
        const path = template.replaceAll(/\{\w+\}/g, encodeURIComponent(text))
        const body = schema === undefined ? undefined : filled(schema, text)
        const answer = await call(method.toUpperCase(), query.size === 0 ? path : `${path}?${query}`, body)
        asked += 1
        assert.ok(answer.status < 500, `${method} ${template} ${answer.status} ${answer.text}`)
        assert.equal(answer.headers['x-content-type-options'], 'nosniff', template)
        assert.doesNotMatch(String(answer.headers['content-type']), /html/, template)
      }
    }
    assert.ok(asked > 40, `${asked} operations`)
  })

  test('attack 25: no page runs, asks, opens or has the CSP stop anything', { timeout: 600_000 }, async () => {
    const text = hostile.map(encodeURIComponent)
    const starts = [
      '/',
      '/sign-in',
      '/errors',
      '/account/tokens/new',
      ...text.flatMap((one) => [`/search?q=${one}`, `/journal?who=${one}&what=${one}`, `/accounts?q=${one}`]),
      ...['/roles', '/groups', '/networks', '/routes', '/certificates', '/why'].map((path) => `${path}?q=${text[0]}`),
      ...['/roles', '/groups', '/networks', '/routes', '/accounts', '/journal', '/errors', '/nowhere'].map(
        (path) => `${path}/${text[0]}`,
      ),
    ]
    const seen = new Set<string>()
    for (const start of starts) {
      await page.goto(product.origin + start)
      seen.add(start)
    }
    const stops = await crawl(page, product.origin, ['/', '/accounts', '/roles', '/requests'], async () => {})
    assert.ok(stops.length > 40, `${stops.length} pages`)
    const kinds = [
      '/roles/h0/edit',
      '/groups/h1',
      '/networks/h2/delete',
      '/routes/h3',
      '/policies/h3/edit',
      '/requests',
    ]
    for (const kind of kinds) {
      assert.ok(
        stops.some((stop) => stop.kind === kind),
        `${kind} among ${stops.map((stop) => stop.kind).join(' ')}`,
      )
    }
    assert.deepEqual(effects, [])
  })

  test('attack 25: the search box shows what it finds as text', async () => {
    await page.goto(`${product.origin}/`)
    // at once: typed slowly, the answer to the first letter would be drawn and then be replaced
    await page.getByRole('combobox', { name: 'Search everything' }).fill('h1')
    const found = page.getByRole('option').filter({ hasText: '<svg onload=hit()>' })
    // the account, the group, the role and the network
    await found.nth(3).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/(accounts|groups|roles|networks|routes)\//)
    assert.deepEqual(effects, [])
  })
})

/** Cedar that fits, with the text in a comment and in a string. */
function policyWith(text: string): string {
  return `// ${text}\nforbid (principal, action, resource) when { principal.id == ${JSON.stringify(text)} };\n`
}

/** `{ account: { id } }` of an account just made. */
function idOf({ json }: Answer): unknown {
  return (json['account'] as { readonly id: unknown }).id
}

/** A body after its schema in which every text is the hostile one. */
function filled(schema: Schema, text: string): unknown {
  const one = schema.anyOf?.[0] ?? schema.oneOf?.[0]
  if (one !== undefined) return filled(one, text)
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return schema.enum[0]
  if (schema.properties !== undefined) {
    return Object.fromEntries(Object.entries(schema.properties).map(([name, inner]) => [name, filled(inner, text)]))
  }
  if (schema.items !== undefined) return [filled(schema.items, text)]
  return schema.type === 'integer' || schema.type === 'number' ? 1 : schema.type === 'boolean' ? true : text
}
