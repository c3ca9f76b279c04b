import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { runCommand } from '../product/command.ts'
import { type Answer, type Ask, ask, signInCookie } from '../product/http.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

const password = 'granite harbour willow 7'

interface Operation {
  readonly method: string
  readonly path: string
  readonly description: string
  readonly isPublic: boolean
  readonly hasCursor: boolean
}

interface Described {
  readonly description?: string
  readonly security?: readonly unknown[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
}

describe('every route of the API, from its own description', () => {
  let product: Product
  let operations: readonly Operation[]
  let ada: string
  let adasToken: string
  /** Things of Ada's that exist, by the word before their id in a path. */
  let adas: Readonly<Record<string, string>>
  const cookies = new Map<string, string>()

  const as = (handle: string): Ask => ({ headers: { cookie: cookies.get(handle) ?? '', origin: product.origin } })
  const sending = (asker: Ask, method: string, body: unknown = {}): Ask => {
    if (method === 'GET' || method === 'DELETE') return { ...asker, method }
    const headers = { ...asker.headers, 'content-type': 'application/json' }
    return { ...asker, method, headers, body: JSON.stringify(body) }
  }

  before(async () => {
    product = await startProduct({ environment: { GATEHOUSE_LOG_LEVEL: 'error' } })
    const setup = ['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin']
    const made = await runCommand(product.directory, setup, `${password}\n`)
    assert.equal(made.code, 0, made.stderr)
    cookies.set('ada', await signInCookie(product, 'ada', password))
    ada = ((await ask(product, '/api/v1/me', as('ada'))).json['id'] ?? '') as string
    assert.match(ada, /^acc_/)
    for (const handle of ['bob', 'carol']) {
      const account = { handle, displayName: handle, password }
      const created = await ask(product, '/api/v1/accounts', sending(as('ada'), 'POST', account))
      assert.equal(created.status, 201, created.text)
      const { id } = created.json['account'] as { readonly id: string }
      cookies.set(handle, await signInCookie(product, handle, password))
      if (handle === 'carol') {
        const give = sending(as('ada'), 'POST', { kind: 'principal', id })
        assert.equal((await ask(product, '/api/v1/roles/administrator/give', give)).status, 204)
      }
    }
    const token = { label: 'weak', permissions: ['metrics:read'], expiresAt: null }
    const answer = await ask(product, '/api/v1/tokens', sending(as('ada'), 'POST', token))
    adasToken = answer.json['secret'] as string
    assert.match(adasToken, /^gat_/, answer.text)
    const own = async (list: string): Promise<string> => {
      const { items } = (await ask(product, `/api/v1/${list}`, as('ada'))).json as { items: { readonly id: string }[] }
      return items[0]?.id ?? assert.fail(`Ada has no ${list}`)
    }
    adas = { accounts: ada, sessions: await own('sessions'), tokens: await own('tokens') }
    const { paths } = (await ask(product, '/api/v1/openapi.json', as('ada'))).json as {
      readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
    }
    operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { description = '', security, parameters = [] }]) => ({
        method: method.toUpperCase(),
        path,
        description,
        isPublic: security?.length === 0,
        hasCursor: parameters.some(({ name }) => name === 'cursor'),
      })),
    )
    assert.ok(operations.length > 50, `${operations.length} operations`)
  })
  after(cleanUp)

  /** The path with things of Ada's in it: accounts, and whatever else is named, by a name that exists where one does. */
  const filled = ({ path }: Operation): string =>
    path
      .replace(/\{role\}/, 'administrator')
      .replace(/(accounts|sessions|tokens)\/\{\w+\}/, (_, kind: string) => `${kind}/${adas[kind]}`)
      .replaceAll(/\{\w+\}/g, 'something')

  const guarded = () => operations.filter(({ isPublic }) => !isPublic)
  const needs = ({ description }: Operation) => description.startsWith('Needs the permission')

  function assertKeptOut(answer: Answer, operation: Operation): void {
    const at = `${operation.method} ${operation.path}: ${answer.status} ${answer.text.slice(0, 300)}`
    if (needs(operation)) assert.equal(answer.status, 403, at)
    // what is about the caller may answer, but not about Ada
    else assert.ok(!answer.text.includes(ada), at)
    assert.ok(answer.status < 500, at)
  }

  test('nobody at all is let in', async () => {
    for (const operation of guarded()) {
      const asker: Ask = { headers: { origin: product.origin } }
      const answer = await ask(product, filled(operation), sending(asker, operation.method))
      assert.equal(answer.status, 401, `${operation.method} ${operation.path}: ${answer.text}`)
    }
  })

  test('another person’s things are kept from somebody who may nothing', async () => {
    // what signs out or ends sessions would end the very session that asks
    const own = guarded().filter(({ path }) => !/sign-out|end-others|password/.test(path))
    for (const operation of own) {
      assertKeptOut(await ask(product, filled(operation), sending(as('bob'), operation.method)), operation)
    }
    // an answer may say no and have done it: Ada's session still serves her, and her token is still known, if too narrow
    const weak: Ask = { headers: { authorization: `Bearer ${adasToken}` } }
    assert.equal((await ask(product, '/api/v1/me', as('ada'))).status, 200)
    assert.equal((await ask(product, '/api/v1/me', weak)).status, 403)
  })

  test('a weaker credential of an administrator opens nothing it does not name', async () => {
    const weak: Ask = { headers: { authorization: `Bearer ${adasToken}` } }
    const needing = guarded().filter(needs)
    const holding = guarded().filter(({ description }) => description.startsWith('Holds'))
    // told by the words of their descriptions: were those written otherwise, none would be asked
    assert.ok(needing.length > 30 && holding.length >= 7, `${needing.length} and ${holding.length} operations`)
    for (const operation of needing) {
      const answer = await ask(product, filled(operation), sending(weak, operation.method))
      if (operation.description.includes('metrics:')) continue
      assert.equal(answer.status, 403, `${operation.method} ${operation.path}: ${answer.text}`)
    }
    for (const operation of holding) {
      const answer = await ask(product, filled(operation), sending(weak, operation.method))
      assert.equal(answer.status, 403, `${operation.method} ${operation.path}: ${answer.text}`)
    }
  })

  test('attack 34: cursors forged, of another list or of another person are refused by every list', async () => {
    const first = await ask(product, '/api/v1/audit-records?limit=1', as('ada'))
    const next = first.json['next'] as string
    assert.equal((await ask(product, `/api/v1/audit-records?limit=1&cursor=${next}`, as('ada'))).status, 200)
    const lists = operations.filter(({ hasCursor }) => hasCursor)
    assert.ok(lists.length >= 7, `${lists.length} lists`)
    for (const operation of lists) {
      const path = filled(operation)
      for (const cursor of [next, `${next.slice(0, -2)}AA`, 'AAAA', Buffer.alloc(64).toString('base64url')]) {
        const another = operation.path === '/api/v1/audit-records' && cursor === next ? 'carol' : 'ada'
        const answer = await ask(product, `${path}?cursor=${cursor}`, as(another))
        assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status} ${answer.text.slice(0, 200)}`)
      }
    }
  })
})
