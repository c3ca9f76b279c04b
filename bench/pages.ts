/**
 * How long the server takes for each page of the console and how much it sends at first load, with a few hundred things
 * of every kind, beside a bare Hono page of a usual size in the same run. One connection, one request after the other, in
 * turn; the time is what a client on the same machine sees, TLS included, from sending to the last byte.
 *
 *     bin/runtime bench/pages.ts [--json]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { askLocally, signInCookie } from '../test/product/http.ts'
import { cleanUp, type Product, startProduct } from '../test/product/start.ts'
import { quantile, rounded } from './machine/figures.ts'

const rounds = Number(process.env['BENCH_ROUNDS'] ?? 40)
const warmUp = 10
const things = 200
const password = 'a password for the bench'
const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })

interface Loaded {
  readonly ms: number
  /** Of the body as it crossed the wire. */
  readonly bytes: number
  readonly text: string
}

const product = await startProduct()
const peer = spawn(process.execPath, [join(import.meta.dirname, 'pages', 'bare.ts'), '12000'], { stdio: 'pipe' })
try {
  const [line] = (await once(peer.stdout, 'data')) as [Buffer]
  const bare = { name: 'bare Hono page', host: 'localhost', port: Number(line.toString()), path: '/' }
  const cookie = await fill(product)
  const host = new URL(product.origin).hostname
  const ours = (await pages()).map((path) => ({ name: path, host, port: product.port, path }))
  const targets = [bare, ...ours]
  const times = new Map<string, number[]>(targets.map(({ name }) => [name, []]))
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const target of targets) {
      const { ms } = await load(target, cookie)
      if (round >= 0) times.get(target.name)?.push(ms)
    }
  }
  const assets = await assetBytes(ours[0] ?? bare, cookie)
  const rows = []
  for (const target of targets) {
    const page = await load(target, cookie)
    const took = times.get(target.name) ?? []
    rows.push({
      name: target.name,
      p50Ms: rounded(quantile(took, 0.5), 100),
      p95Ms: rounded(quantile(took, 0.95), 100),
      pageKiB: rounded(page.bytes / 1024, 100),
      firstLoadKiB: rounded((page.bytes + (target === bare ? 0 : assets)) / 1024, 100),
    })
  }
  if (!process.argv.includes('--json')) console.table(Object.fromEntries(rows.map(({ name, ...row }) => [name, row])))
  console.log(JSON.stringify({ bench: 'pages', rounds, things, rows }))
} finally {
  agent.destroy()
  peer.kill()
  await cleanUp()
}

/** Some of everything, made on the admin socket; answers an administrator's session. */
async function fill(product: Product): Promise<string> {
  const create = async (path: string, body: unknown) => {
    const answer = await askLocally(product, `/api/v1/${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`)
    return answer.json
  }
  const made = await create('accounts', { handle: 'ada', displayName: 'Ada Lovelace', password })
  const { id } = made['account'] as { readonly id: string }
  await create('roles/administrator/give', { kind: 'principal', id })
  for (let index = 0; index < things; index += 1) {
    const name = `thing-${index}`
    const permissions = ['routes:read', 'audit:read', 'roles:read']
    await create('roles', { name, title: `Thing ${index}`, permissions })
    await create('groups', { name, title: `Thing ${index}` })
    await create('groups/thing-0/add-member', index === 0 ? { kind: 'principal', id } : { kind: 'group', id: name })
    await create('networks', { name, title: `Thing ${index}`, cidrs: ['192.0.2.0/24', '2001:db8::/32'] })
    await create('routes', { name, host: `${name}.localhost`, upstreams: ['http://127.0.0.1:9'] })
  }
  return signInCookie(product, 'ada', password)
}

/** The console's pages without parameters, as the API's description of pages would have them; and one of each thing. */
async function pages(): Promise<readonly string[]> {
  const one = ['/accounts', '/roles', '/groups', '/networks', '/routes', '/certificates', '/journal', '/search?q=thing']
  const inside = ['/roles/thing-7', '/groups/thing-0', '/networks/thing-7', '/routes/thing-7', '/roles/new']
  const rooms = ['/policies', '/grants', '/requests', '/webhooks', '/dead-events', '/mail', '/state', '/invitations']
  const keys = ['/certificate-authorities', '/certificates/profiles', '/certificates/holders', '/enrolment-tokens']
  const forms = ['/policies/new', '/policies/schema', '/routes/new', '/webhooks/new', '/accounts/new', '/grants/new']
  const own = ['/account', '/account/security', '/account/credentials/new/password', '/account/tokens/new']
  return ['/', ...one, ...inside, ...rooms, ...keys, ...forms, ...own, '/why?permission=routes:use:thing-7', '/errors']
}

/** What a browser that knows nothing fetches beside the page. */
async function assetBytes(target: Parameters<typeof load>[0], cookie: string): Promise<number> {
  const { text } = await load(target, cookie)
  const paths = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map((match) => match[1] ?? '')
  let bytes = 0
  for (const path of paths) bytes += (await load({ ...target, path }, cookie)).bytes
  return bytes
}

function load(
  { host, port, path }: { readonly host: string; readonly port: number; readonly path: string },
  cookie: string,
): Promise<Loaded> {
  const started = process.hrtime.bigint()
  return new Promise((resolve, reject) => {
    const headers = { host: `${host}:${port}`, cookie, 'accept-encoding': 'br' }
    request({ host: '127.0.0.1', port, servername: host, path, headers, agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode !== 200) reject(new Error(`${path}: ${response.statusCode}`))
        const body = Buffer.concat(chunks)
        const ms = Number(process.hrtime.bigint() - started) / 1e6
        resolve({ ms, bytes: body.length, text: body.toString() })
      })
    })
      .on('error', reject)
      .end()
  })
}
