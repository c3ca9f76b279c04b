import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { addPerson, adminPassword, identityRooms, startSetUpNode } from '#identity/testing'
import { type Route, wholeRoute } from '#platform'
import { eachDialect, type OpenDatabase, type TestAnswer } from '#platform/testing'
import { rooms } from '../src/app.ts'
import { type FormField, formsOf, linksIn, type PageForm, untouched } from './product/forms.ts'

/** The same junk in every run. */
const seed = 20261123
const password = 'quiet lanterns over the harbour'

/** What no browser lets a person type, and what they might. */
const junk = [
  '',
  '   ',
  'a\0b',
  'a\u0007\u001b[31mb',
  'a\u202eb',
  'a\r\nb',
  '\r\n'.repeat(300),
  '-1',
  '1e999',
  '99999999999999999999',
  '0001-01-01',
  '9999-12-31T23:59',
  '__proto__',
  '../../etc/passwd',
  '/\\evil.example',
  'javascript:hit()',
  "' OR 1=1 --",
  '%',
  '{}',
  '*',
  '@',
  '😀'.repeat(120),
  '\ud800',
  'x'.repeat(9_000),
]
/** Not encoded as any browser would: these go into addresses and bodies as they are. */
const raw = [
  '%',
  '%00',
  '%ff=%fe',
  '=&&=',
  '__proto__=x&constructor=y',
  '%E0%A4%A',
  '&'.repeat(400),
  'x'.repeat(10_000),
]
const ids = [
  '%00',
  '%ff',
  '%2f',
  "'",
  '%',
  '__proto__',
  '%E2%80%AE',
  '%ED%A0%80',
  '-1',
  `acc_${'0'.repeat(32)}`,
  'x'.repeat(4_000),
]

/** A few of a list, other ones each time it is asked, and the same in every run. */
function sampler(): <T>(all: readonly T[], count: number) => readonly T[] {
  let asked = 0
  return (all, count) => {
    asked += 1
    return (
      fc.sample(fc.shuffledSubarray([...all], { minLength: count, maxLength: count }), {
        seed: seed + asked,
        numRuns: 1,
      })[0] ?? []
    )
  }
}

eachDialect((_, open) => {
  test('no page fails for junk in its address, and none leads elsewhere', async (t) => {
    const { ask, pages, pageRoutes, some } = await world(t, open)
    let asked = 0
    const look = async (path: string) => {
      const answer = await ask('GET', path)
      asked += 1
      const { location } = answer.headers
      assert.match(location ?? '/', /^\/(?![/\\])/, `${path} leads to ${location}`)
      return answer
    }
    for (const { path, query } of pageRoutes.filter(({ method }) => method === 'GET')) {
      // an endless answer
      if (path.endsWith('/events')) continue
      const at = pages.get(path)?.replace(/\?.*/, '') ?? path.replaceAll(/\{\w+\}/g, 'nothing')
      for (const text of some(raw, 1)) await look(`${at}?${text}`)
      for (const name of [...namesOf(query), 'unknown']) {
        for (const value of some(junk, 2)) await look(`${at}?${new URLSearchParams([[name, value]])}`)
        await look(`${at}?${name}=a&${name}=b`)
      }
      if (!path.includes('{')) continue
      for (const id of some(ids, 2)) {
        const { status } = await look(path.replaceAll(/\{\w+\}/g, id))
        // longer than any permission can name: refused before anything is looked for
        assert.ok([400, 403, 404].includes(status), `${path} with ${id.slice(0, 40)}: ${status}`)
      }
    }
    assert.ok(asked > 400, `${asked} addresses`)
  })

  test('what is typed into a form and refused comes back in it, and a password never', async (t) => {
    const { ask, forms } = await world(t, open)
    const lost: string[] = []
    let refused = 0
    for (const [page, action] of forms) {
      // who signs in may have typed a password in the place of a handle: nothing of that comes back
      if (action.startsWith('/sign-in')) continue
      const names = new Set((await formAt(ask, page, action))?.fields.map(({ name }) => name))
      for (const name of names) {
        // as it is now: what was taken before may have changed the page
        const form = await formAt(ask, page, action)
        const field = form?.fields.find((one) => one.name === name)
        if (form === undefined || field === undefined || isKept(field)) continue
        const typed = typedInto(field.kind, field.longest)
        const answer = await ask('POST', action, [
          ...untouched(form).filter(([other]) => other !== name),
          [name, typed],
        ])
        if (answer.status < 400) continue
        refused += 1
        const where = `${action}, ${name}: ${answer.status}`
        if (field.kind === 'password') {
          assert.ok(!answer.text.includes(typed), `${where} holds the password`)
          continue
        }
        // a name typed to confirm is typed anew, a private key is a secret, and what is gone by now has no form
        if (name === 'confirm' || name === 'key' || [404, 409].includes(answer.status)) continue
        const again = formsOf(answer.text).flatMap(({ fields }) => fields.filter((one) => one.name === name))
        // blanks around a line may go, and what parts a list may be another mark
        if (!again.some(({ value }) => bare(value) === bare(typed))) lost.push(`${where} ${mainOf(answer)}`)
        if (!/aria-invalid="true"|class="notice/.test(answer.text))
          lost.push(`${where} says nothing: ${mainOf(answer)}`)
      }
    }
    assert.deepEqual(lost, [])
    assert.ok(refused > 60, `${refused} refused`)
  })

  test('no form fails for junk in its body, and none is taken from elsewhere', async (t) => {
    const { ask, forms, pageRoutes, some } = await world(t, open)
    let asked = 0
    const send = async (path: string, body: string, headers = {}) => {
      asked += 1
      return ask('POST', path, body, headers)
    }
    for (const [page, action] of forms) {
      const form = await formAt(ask, page, action)
      if (form === undefined) continue
      const sent = untouched(form)
      const body = encoded(sent)
      for (const origin of ['https://evil.example', 'null']) {
        assert.equal((await send(action, body, { origin })).status, 403, `${action} from ${origin}`)
      }
      for (const text of some(raw, 1)) await send(action, text)
      await send(action, encoded([...sent, ['unknown', 'x']]))
      for (const name of new Set(form.fields.map((field) => field.name))) {
        const others = sent.filter(([other]) => other !== name)
        const bodies: readonly Pairs[] = [
          others,
          [...others, [name, 'a'], [name, 'b']],
          ...junk.map((value): Pairs => [...others, [name, value]]),
        ]
        for (const pairs of some(bodies, 1)) await send(action, encoded(pairs))
      }
    }
    // those whose forms nobody has on their pages now: of a sign-in half done, a link, a script
    for (const { method, path, body } of pageRoutes) {
      if (method !== 'POST') continue
      const at = path.replaceAll(/\{\w+\}/g, 'nothing')
      for (const text of ['', 'unknown=x', ...some(raw, 1)]) await send(at, text)
      const names = namesOf(body)
      for (const value of some(junk, 2)) await send(at, encoded(names.map((name) => [name, value])))
    }
    assert.ok(asked > 400, `${asked} bodies`)
  })
})

type Node = Awaited<ReturnType<typeof startSetUpNode>>
type Pairs = readonly (readonly [string, string])[]
type Ask = (method: string, path: string, body?: string | Pairs, headers?: object) => Promise<TestAnswer>

/** Every page an administrator reaches in a house with one of everything. Asking fails the test where the server fails. */
async function world(t: TestContext, open: OpenDatabase) {
  const node = await startSetUpNode(t, open, { rooms: rooms.filter((room) => !identityRooms.includes(room)) })
  await furnish(node)
  const pageRoutes: Route[] = []
  for (const route of node.house.contributions.routes)
    if (route.door === 'browser') pageRoutes.push(await wholeRoute(route))
  const ask = asking(node)
  const { pages, forms } = await walk(ask, pageRoutes)
  const { json } = await node.admin.get('/api/v1/credentials')
  const wayIn = (json['items'] as readonly { id: string; kind: string }[]).find(({ kind }) => kind === 'password')?.id
  assert.ok(wayIn)
  // without it nobody could ask on
  return { ask, pageRoutes, pages, forms: forms.filter(([, action]) => !action.includes(wayIn)), some: sampler() }
}

function asking(node: Node): Ask {
  const { admin, log } = node
  let read = 0
  return async (method, path, body, headers = {}) => {
    const cookie = () => [...admin.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const text = body === undefined || typeof body === 'string' ? body : encoded(body)
    const about = { method, path, address: '192.0.2.1', ...(text === undefined ? {} : { body: text }) }
    const answer = await node.call({ ...about, headers: { 'user-agent': 'Test/1', cookie: cookie(), ...headers } })
    const what = `${method} ${path.slice(0, 200)} ${text?.slice(0, 200) ?? ''}: ${answer.status}`
    assert.ok(answer.status < 500, `${what} ${mainOf(answer)}`)
    assert.doesNotMatch(answer.text, /node:internal|\.ts:\d+/, what)
    const errors = log.entries.slice(read).filter(({ level }) => level === 'error')
    read = log.entries.length
    assert.deepEqual(errors, [], what)
    // some of it signs out or ends the session
    if (answer.status === 401 || answer.headers.location?.startsWith('/sign-in')) {
      admin.cookies.clear()
      await admin.signIn('admin', adminPassword)
    }
    return answer
  }
}

/** Follows links, one page of a kind and of the things with pages of their own each, and collects forms that post. */
async function walk(ask: Ask, routes: readonly Route[]) {
  const pages = new Map<string, string>()
  const forms = new Map<string, string>()
  const seen = new Set<string>()
  const queue = ['/', '/sign-in', '/account', '/join', '/recover/ask', '/why?permission=routes:use:blog']
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    const path = at.replace(/\?.*/, '')
    const route = routes.find((one) => one.method === 'GET' && fits(one.path, path))
    if (route === undefined || route.path.startsWith('/errors/') || route.path.endsWith('/events')) continue
    const kind = `${route.path} ${/^\/(?:roles|groups|accounts|certificates|certificates\/profiles)\/([^/]+)/.exec(path)?.[1] ?? ''}`
    if (seen.size === seen.add(kind).size) continue
    pages.set(route.path, at)
    const { text } = await ask('GET', at)
    for (const { action, method } of formsOf(text)) if (method === 'post') forms.set(at, action)
    queue.push(...linksIn(text))
  }
  // what would take the others' ground away comes last
  const order = (action: string) =>
    Number(/sign-out|delete|revoke|end|disable|remove|take|cancel|reset|retire/.test(action))
  return { pages, forms: [...forms].toSorted(([, one], [, other]) => order(one) - order(other)) }
}

function fits(pattern: string, path: string): boolean {
  const [parts, others] = [pattern.split('/'), path.split('/')]
  return parts.length === others.length && parts.every((part, at) => part.startsWith('{') || part === others[at])
}

/** One of everything that has a page. */
async function furnish({ admin }: Node): Promise<void> {
  const make = async (path: string, body: Readonly<Record<string, unknown>>) => {
    const made = await admin.post(`/api/v1/${path}`, body)
    assert.ok(made.status < 300, `${path} ${made.text}`)
  }
  const bob = await addPerson(admin, 'bob', password)
  await admin.send('PUT', '/api/v1/joining', { mode: 'invitation' })
  await make('roles', { name: 'readers', title: 'Readers', permissions: ['networks:read'] })
  await make('roles/readers/give', { kind: 'principal', id: bob })
  await make('groups', { name: 'ops', title: 'Ops' })
  await make('groups/ops/add-member', { kind: 'principal', id: bob })
  await make('networks', { name: 'office', title: 'Office', cidrs: ['192.0.2.0/24'] })
  await make('tokens', { label: 'CI', permissions: ['*'], expiresAt: null })
  await make('shared-secrets', { label: 'Terminal' })
  await make('invitations', { roles: [], groups: [] })
  await make('certificates', { profile: 'person', account: bob, newKey: true })
  await make('enrolment-tokens', { profile: 'person', account: bob, label: 'Laptop' })
  await make('grants', { grantee: bob, permissions: ['networks:read'] })
  await make('certificate-holders', { kind: 'device', name: 'wm-43', title: 'A device' })
  await make('certificate-profiles', { name: 'internal', kind: 'server', title: 'I', days: 30, names: ['*.i.example'] })
  await make('routes', { name: 'blog', host: 'blog.localhost', upstreams: ['http://127.0.0.1:9'] })
  await make('webhooks', { name: 'siem', url: 'https://hook.example/', events: ['*'] })
  const text = 'forbid (principal, action, resource) when { principal.id == "nobody" };\n'
  await make('policies', { name: 'nobody', title: 'Nobody', text, state: 'off', reason: 'for a test' })
}

async function formAt(ask: Ask, page: string, action: string): Promise<PageForm | undefined> {
  return formsOf((await ask('GET', page)).text).find((form) => form.action === action)
}

/** Not typed into; what has no name is read by a script alone. */
function isKept({ kind, name }: FormField): boolean {
  return name === '' || ['hidden', 'select', 'checkbox', 'radio', 'file'].includes(kind)
}

/** What a person can type into a field of this kind, as much as it takes, and no form of ours has a use for. */
function typedInto(kind: string, longest = 200): string {
  if (kind === 'number') return '99999'
  if (kind === 'date') return '1999-12-31'
  if (kind === 'datetime-local') return '1999-12-31T23:59'
  const line = '“é” <b>& so on, '
  const text = kind === 'textarea' ? `${line}\n${line}\n` : line
  return text
    .repeat(Math.ceil(longest / text.length))
    .slice(0, Math.min(longest, 400))
    .trim()
}

function bare(text: string): string {
  return text.replaceAll(/[\s,]+/g, '')
}

function namesOf(schema: unknown): readonly string[] {
  const shape = (schema as { readonly shape?: object } | undefined)?.shape
  return shape === undefined ? [] : Object.keys(shape)
}

function encoded(pairs: Pairs): string {
  return new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString()
}

function mainOf({ text }: TestAnswer): string {
  return text
    .replace(/^.*<main/s, '')
    .replaceAll(/<[^>]+>|\s+/g, ' ')
    .slice(0, 300)
}
