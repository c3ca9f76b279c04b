import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { Agent } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { runCommand } from '../product/command.ts'
import { type Answer, ask, askLocally, signInCookie } from '../product/http.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

const password = 'granite harbour willow 7'
const workers = 2
/** Each on a connection of its own: that all of them reach one thread of two happens once in 16 million runs. */
const tries = 25
const environment = {
  GATEHOUSE_LISTEN_WORKERS: String(workers),
  GATEHOUSE_LOG_LEVEL: 'info',
  GATEHOUSE_LOG_ACCESS: 'true',
}

describe('worker threads on one SQLite database', () => {
  let product: Product
  let app: ReturnType<typeof createServer>
  let upstream: string
  let bearer: Readonly<Record<string, string>>

  before(async () => {
    app = createServer((_, response) => response.end('the app'))
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
    upstream = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
    product = await startProduct({ environment })
    const setup = ['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin']
    const made = await runCommand(product.directory, setup, `${password}\n`)
    assert.equal(made.code, 0, made.stderr)
    const cookie = await signInCookie(product, 'ada', password)
    const headers = { cookie, origin: product.origin, 'content-type': 'application/json' }
    const body = JSON.stringify({ label: 'test', permissions: ['*'], expiresAt: null })
    const token = await ask(product, '/api/v1/tokens', { method: 'POST', headers, body })
    assert.equal(token.status, 201, token.text)
    bearer = { authorization: `Bearer ${String(token.json['secret'])}` }
  })
  after(async () => {
    await cleanUp()
    app.close()
  })

  const many = (asked: () => Promise<Answer>): Promise<readonly Answer[]> =>
    Promise.all(Array.from({ length: tries }, asked))
  const statuses = async (asked: () => Promise<Answer>): Promise<readonly number[]> => [
    ...new Set((await many(asked)).map(({ status }) => status)),
  ]
  const addRoute = async (name: string, settings: Readonly<Record<string, unknown>> = {}): Promise<void> => {
    const access = { kind: 'public', reason: 'a test' }
    const body = JSON.stringify({ name, host: `${name}.localhost`, upstreams: [upstream], access, ...settings })
    const made = await askLocally(product, '/api/v1/routes', { method: 'POST', body })
    assert.equal(made.status, 201, made.text)
  }
  const threadsInLog = (route: string): ReadonlySet<unknown> =>
    new Set(
      linesOf(product)
        .filter((line) => line['message'] === 'passed' && line['route'] === route)
        .map((line) => line['thread']),
    )

  test('what one thread changes holds in all of them with the answer to it: a route, a session, a disabled account', async () => {
    // made through the main thread, asked of the workers
    await addRoute('app')
    assert.deepEqual(await statuses(() => ask(product, '/', { host: 'app.localhost' })), [200])
    // a worker's own change, asked of them all
    const cookie = await signInCookie(product, 'ada', password)
    const me = () => ask(product, '/api/v1/me', { headers: { cookie } })
    assert.deepEqual(await statuses(me), [200])
    const out = await ask(product, '/api/v1/sign-out', { method: 'POST', headers: { cookie, origin: product.origin } })
    assert.ok(out.status < 300, out.text)
    assert.deepEqual(await statuses(me), [401])

    const create = ['accounts', 'create', 'bob', '--display-name', 'Bob', '--password-stdin']
    assert.equal((await runCommand(product.directory, create, `${password}\n`)).code, 0)
    const bob = await signInCookie(product, 'bob', password)
    const bobAsks = () => ask(product, '/api/v1/me', { headers: { cookie: bob } })
    assert.deepEqual(await statuses(bobAsks), [200])
    assert.equal((await runCommand(product.directory, ['accounts', 'disable', 'bob', '--yes'])).code, 0)
    assert.ok(!(await statuses(bobAsks)).includes(200))

    const removed = await askLocally(product, '/api/v1/routes/app', { method: 'DELETE' })
    assert.ok(removed.status < 300, removed.text)
    const gone = await Promise.allSettled(
      Array.from({ length: tries }, () => ask(product, '/', { host: 'app.localhost' })),
    )
    assert.ok(gone.every((each) => each.status === 'rejected' || each.value.status !== 200))
  })

  test('a revoked certificate is refused at the next request on kept connections of all of them', async (t) => {
    await addRoute('things', { access: { kind: 'signed-in' }, authenticators: ['certificate'] })
    const body = JSON.stringify({ profile: 'person', account: 'ada', newKey: true })
    const issued = await askLocally(product, '/api/v1/certificates', { method: 'POST', body })
    assert.equal(issued.status, 201, issued.text)
    const { id, privateKey: key, chain: cert } = issued.json as Readonly<Record<string, string>>
    const agents = Array.from({ length: tries }, () => new Agent({ keepAlive: true, maxSockets: 1, key, cert }))
    t.after(() => {
      for (const agent of agents) agent.destroy()
    })
    const asked = async () => {
      const answers = agents.map((agent) => ask(product, '/', { host: 'things.localhost', agent }))
      return (await Promise.all(answers)).map(({ status, keptConnection }) => ({ status, keptConnection }))
    }
    assert.deepEqual(await asked(), Array(tries).fill({ status: 200, keptConnection: false }))
    while (threadsInLog('things').size < workers) await new Promise((resolve) => setTimeout(resolve, 20))

    // through the main thread, which serves nothing of TLS
    const revoke = { method: 'POST', body: JSON.stringify({ reason: 'keyCompromise' }) }
    const revoked = await askLocally(product, `/api/v1/certificates/${id}/revoke`, revoke)
    assert.equal(revoked.status, 200, revoked.text)
    assert.deepEqual(await asked(), Array(tries).fill({ status: 401, keptConnection: true }))
  })

  test('each of them serves; what they counted is told as one, and a limit holds over all of them', async () => {
    await addRoute('counted')
    assert.deepEqual(await statuses(() => ask(product, '/', { host: 'counted.localhost' })), [200])
    // lines come at most a tenth of a second late
    while (threadsInLog('counted').size < workers) await new Promise((resolve) => setTimeout(resolve, 20))
    assert.deepEqual(threadsInLog('counted'), new Set([1, 2]))

    for (const asked of [
      () => ask(product, '/api/v1/routes/counted/traffic', { headers: bearer }),
      () => askLocally(product, '/api/v1/routes/counted/traffic'),
    ]) {
      const { answers } = (await asked()).json as { readonly answers: readonly { ending: string; count: number }[] }
      assert.equal(answers.find(({ ending }) => ending === '2xx')?.count, tries)
    }
    const { text } = await askLocally(product, '/metrics')
    assert.match(text, new RegExp(`gatehouse_gateway_answers_total\\{route="counted",answer="2xx"\\} ${tries}\\n`))
    assert.match(text, new RegExp(`gatehouse_gateway_answer_seconds_count\\{route="counted"\\} ${tries}\\n`))
    assert.match(text, /^process_resident_memory_bytes \d+$/m)
    assert.match(text, /^nodejs_eventloop_lag_seconds /m)

    await addRoute('limited', { limits: { rate: { requests: 1, perSeconds: 3_600, burst: 4, by: 'address' } } })
    let allowed = 0
    for (let round = 0; round < 4; round += 1) {
      allowed += (await many(() => ask(product, '/', { host: 'limited.localhost' }))).filter(
        ({ status }) => status === 200,
      ).length
      await new Promise((resolve) => setTimeout(resolve, 600))
    }
    // a bucket for the one that hears of the others' uses late, and never again
    assert.ok(allowed >= 4 && allowed <= 4 * workers, String(allowed))
  })

  test('a client resumes its TLS session at whichever thread it comes back to', async () => {
    const first = await handshake(product)
    assert.equal(first.resumed, false)
    const again = await Promise.all(Array.from({ length: tries }, () => handshake(product, first.session)))
    assert.ok(again.every(({ resumed }) => resumed))
  })

  test('all of them read the configuration again; a second server gets no share of the port', async () => {
    const reloaded = await askLocally(product, '/api/v1/configuration/reload', { method: 'POST' })
    assert.equal(reloaded.status, 200, reloaded.text)
    const readAgain = () => linesOf(product).filter(({ message }) => message === 'the configuration was read again')
    while (readAgain().length < workers + 1) await new Promise((resolve) => setTimeout(resolve, 20))
    const other = startProduct({ environment: { ...environment, GATEHOUSE_LISTEN_HTTPS: `127.0.0.1:${product.port}` } })
    await assert.rejects(other, /another program listens there/)
  })

  test('nothing in all this was worth a warning', () => {
    const warnings = linesOf(product).filter(({ level }) => level === 'warn' || level === 'error')
    assert.deepEqual(warnings, [])
  })

  test('writes of all threads at once are all kept, also by kill -9, and the journal verifies', async () => {
    const acknowledged: string[] = []
    let refused: string | undefined
    const write = async (writer: number): Promise<void> => {
      for (let count = 0; refused === undefined; count += 1) {
        const name = `net-${writer}-${count}`
        const body = JSON.stringify({ name, title: name, cidrs: ['192.0.2.0/24'] })
        const headers = { ...bearer, 'content-type': 'application/json' }
        const local = writer % 3 === 0
        const asked = { method: 'POST', body }
        const answer = await (local
          ? askLocally(product, '/api/v1/networks', asked)
          : ask(product, '/api/v1/networks', { ...asked, headers })
        ).catch(() => undefined)
        if (answer === undefined) return
        if (answer.status === 201) acknowledged.push(name)
        else refused ??= `${answer.status} ${answer.text}`
      }
    }
    const writing = Promise.all(Array.from({ length: 12 }, (_, writer) => write(writer)))
    while (acknowledged.length < 150 && refused === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    await product.stop('SIGKILL')
    await writing
    assert.equal(refused, undefined)
    product = await startProduct({ directory: product.directory, environment })
    for (const name of acknowledged) {
      assert.equal((await askLocally(product, `/api/v1/networks/${name}`)).status, 200, name)
    }
    const verified = await runCommand(product.directory, ['audit', 'verify'])
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  })

  test('a stop lets what is in flight end in all of them', async () => {
    const slow = createServer((_, response) => setTimeout(() => response.end('late'), 700))
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
    await addRoute('slow', { upstreams: [`http://127.0.0.1:${(slow.address() as AddressInfo).port}`] })
    let arrived = 0
    slow.on('request', () => {
      arrived += 1
    })
    const answers = many(() => ask(product, '/', { host: 'slow.localhost' }))
    while (arrived < tries) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.equal(await product.stop(), 0)
    assert.ok((await answers).every(({ status, text }) => status === 200 && text === 'late'))
    slow.close()
  })
})

function linesOf(product: Product): readonly Readonly<Record<string, unknown>>[] {
  return product
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

function handshake(
  product: Product,
  session?: Buffer,
): Promise<{ readonly resumed: boolean; readonly session: Buffer }> {
  return new Promise((resolve, reject) => {
    const servername = new URL(product.origin).hostname
    const socket = connect({
      host: '127.0.0.1',
      port: product.port,
      servername,
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.2',
      ...(session === undefined ? {} : { session }),
    })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      resolve({ resumed: socket.isSessionReused(), session: socket.getSession() ?? Buffer.alloc(0) })
      socket.end()
    })
  })
}
