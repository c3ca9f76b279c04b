import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from 'node:tls'
import { programMissing } from '#platform/testing'
import { attend } from '../../src/cli/agent/agent.ts'
import { placeOf } from '../../src/cli/agent/installed.ts'
import { reloader } from '../../src/cli/agent/reload.ts'
import { Failure } from '../../src/cli/failure.ts'
import { runCommand } from '../product/command.ts'
import { freePort } from '../product/free-port.ts'
import { askLocally } from '../product/http.ts'
import { cleanUp, newDirectory, type Product, startProduct } from '../product/start.ts'

const missing = programMissing('openssl', 'openssl', 'version') || programMissing('curl', 'curl')
const day = 86_400_000

/** EST as any client speaks it: `curl` and `openssl`, against the product. */
describe('enrolment', { skip: missing }, () => {
  let product: Product
  let directory: string
  let consoleHost: string
  let certificateHost: string

  before(async () => {
    product = await startProduct()
    directory = newDirectory()
    consoleHost = new URL(product.origin).hostname
    certificateHost = `certificate.${consoleHost}`
    const { stdout } = await runCommand(product.directory, ['ca', '--pem'])
    writeFileSync(join(directory, 'ca.crt'), stdout)
  })
  after(cleanUp)

  function openssl(args: readonly string[], input?: string | Buffer): string {
    const { status, stdout, stderr } = spawnSync('openssl', args, { cwd: directory, input, encoding: 'utf8' })
    assert.equal(status, 0, `openssl ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  /** A new key and a request for it, in base64. */
  function newRequest(name: string, more: readonly string[] = []): string {
    const args = ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    const subject = more.includes('-subj') ? [] : ['-subj', '/']
    openssl([...args, ...subject, ...more, '-keyout', `${name}.key`, '-out', `${name}.csr`])
    return openssl(['req', '-in', `${name}.csr`, '-outform', 'PEM'])
      .split('\n')
      .filter((line) => !line.startsWith('-----'))
      .join('\n')
  }

  interface Curl {
    readonly status: number
    readonly body: string
    readonly headers: string
  }

  async function curl(host: string, path: string, args: readonly string[] = [], body?: string): Promise<Curl> {
    const given = body === undefined ? [] : ['-H', 'Content-Type: application/pkcs10', '--data-binary', '@-']
    const common = ['-sS', '-D', 'headers.txt', '--cacert', 'ca.crt', '-w', '\n%{http_code}']
    const url = `https://${host}:${product.port}${path}`
    const child = spawn('curl', [...common, '--resolve', `${host}:${product.port}:127.0.0.1`, ...given, ...args, url], {
      cwd: directory,
    })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(body)
    await once(child, 'close')
    const at = out.lastIndexOf('\n')
    const headers = readFileSync(join(directory, 'headers.txt'), 'utf8')
    return { status: Number(out.slice(at + 1)), body: out.slice(0, at), headers }
  }

  async function token(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await runCommand(product.directory, ['pki', 'enrol-tokens', 'create', ...args])
    assert.equal(code, 0, stderr)
    return stdout.trim()
  }

  /** The certificates of an answer, into `name.crt`; the one for `name.key` first. */
  function keep(name: string, answer: Curl): X509Certificate {
    assert.equal(answer.status, 200, answer.body)
    assert.match(answer.headers, /^content-type: application\/pkcs7-mime; smime-type=certs-only\r?$/im)
    writeFileSync(join(directory, 'answer.der'), Buffer.from(answer.body, 'base64'))
    const printed = openssl(['pkcs7', '-inform', 'DER', '-in', 'answer.der', '-print_certs'])
    const pems = printed.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    const key = createPrivateKey(readFileSync(join(directory, `${name}.key`), 'utf8'))
    const own = pems.map((pem) => new X509Certificate(pem)).find((one) => one.checkPrivateKey(key))
    assert.ok(own !== undefined, 'a certificate for the key')
    const others = pems.filter((pem) => new X509Certificate(pem).fingerprint256 !== own.fingerprint256)
    writeFileSync(join(directory, `${name}.crt`), [own.toString(), ...others].join('\n'))
    writeFileSync(join(directory, 'chain.crt'), others.join('\n'))
    return own
  }

  const enrol = (secret: string, request: string, label = ''): Promise<Curl> =>
    curl(consoleHost, `/.well-known/est${label}/simpleenroll`, ['-u', `device:${secret}`], request)
  const showing = (name: string): readonly string[] => ['--cert', `${name}.crt`, '--key', `${name}.key`]
  const reenrol = (name: string, request: string, label = ''): Promise<Curl> =>
    curl(certificateHost, `/.well-known/est${label}/simplereenroll`, showing(name), request)

  async function certificateId(serial: string): Promise<string> {
    const { json } = await askLocally(product, `/api/v1/certificates?q=${serial.toLowerCase()}`)
    const [found] = json['items'] as { id: string }[]
    assert.ok(found !== undefined)
    return found.id
  }

  async function revoke(serial: string): Promise<void> {
    const path = `/api/v1/certificates/${await certificateId(serial)}/revoke`
    const { status, text } = await askLocally(product, path, { method: 'POST', body: '{"reason":"keyCompromise"}' })
    assert.ok(status < 300, text)
  }

  test('from nothing to a certificate, its use, its renewal and its end', async () => {
    const authorities = await curl(consoleHost, '/.well-known/est/cacerts')
    assert.equal(authorities.status, 200)
    writeFileSync(join(directory, 'cacerts.der'), Buffer.from(authorities.body, 'base64'))
    const printed = openssl(['pkcs7', '-inform', 'DER', '-in', 'cacerts.der', '-print_certs'])
    assert.match(printed, /subject=.*Gatehouse root/)
    const [root] = readFileSync(join(directory, 'ca.crt'), 'utf8').match(/[A-Za-z0-9+/=]{64}/) ?? []
    assert.ok(printed.includes(root ?? '-'), 'the pinned root is among them')

    const secret = await token('--device', 'wm-42')
    const first = keep('wm', await enrol(secret, newRequest('wm')))
    assert.equal(first.subject, 'CN=wm-42')
    openssl(['verify', '-CAfile', 'ca.crt', '-untrusted', 'chain.crt', '-purpose', 'sslclient', 'wm.crt'])

    const stranger = await curl(certificateHost, '/api/v1/accounts')
    assert.equal(stranger.status, 401)
    const known = await curl(certificateHost, '/api/v1/accounts', showing('wm'))
    assert.equal(known.status, 403, 'it is known who asks, and they may not')

    newRequest('wm2')
    const renewed = keep('wm2', await reenrol('wm', newRequest('wm2')))
    assert.equal(renewed.subject, first.subject)
    assert.equal(renewed.subjectAltName, first.subjectAltName)
    assert.notEqual(renewed.serialNumber, first.serialNumber)
    assert.equal(
      (await curl(certificateHost, '/api/v1/accounts', showing('wm'))).status,
      403,
      'the old one still works',
    )
    assert.equal(
      (await curl(certificateHost, '/api/v1/accounts', showing('wm2'))).status,
      403,
      'and so does the new one',
    )

    await revoke(first.serialNumber)
    for (const name of ['wm', 'wm2']) {
      assert.equal((await curl(certificateHost, '/api/v1/accounts', showing(name))).status, 401, name)
      const refused = await reenrol(name, newRequest('wm3'))
      assert.equal(refused.status, 403, 'attack: a certificate renewed after it, or what it renewed, was revoked')
      assert.match(
        refused.body,
        /^This certificate is not renewed\n\nNothing was issued: the certificate was revoked\./,
      )
    }
  })

  test('attack (CVE-2026-39388): a certificate renews itself and no other, however valid the other is', async () => {
    const one = keep('one', await enrol(await token('--device', 'pump-1'), newRequest('one')))
    keep('two', await enrol(await token('--service', 'billing'), newRequest('two')))
    for (const subject of ['/CN=pump-2', '/CN=billing', '/CN=pump-1/O=Gatehouse']) {
      const refused = await reenrol('one', newRequest('other', ['-subj', subject]))
      assert.equal(refused.status, 422, `${subject} ${refused.body}`)
    }
    const uri = ['-addext', `subjectAltName=URI:spiffe://${consoleHost}/service/billing`]
    assert.equal((await reenrol('one', newRequest('other', uri))).status, 422)
    assert.equal((await reenrol('one', newRequest('other'), '/service')).status, 403, 'nor of another profile')
    const same = keep('other', await reenrol('one', newRequest('other', ['-subj', '/CN=pump-1']), '/device'))
    assert.equal(same.subject, one.subject)
  })

  test('a service whose role lets it fetches certificates of servers with its own, until that is revoked', async () => {
    const own = keep('proxy', await enrol(await token('--service', 'proxy'), newRequest('proxy')))
    const names = ['-addext', `subjectAltName=DNS:fetched.${consoleHost}`]
    const fetch = (): Promise<Curl> =>
      curl(certificateHost, '/.well-known/est/server/simpleenroll', showing('proxy'), newRequest('fetched', names))
    const without = await fetch()
    assert.equal(without.status, 403, 'attack: a certificate that proves who asks is no permission')
    assert.match(without.body, /certificate-profiles:issue:server/)

    const listed = await runCommand(product.directory, ['pki', 'holders', 'list', '--json'])
    const { items } = JSON.parse(listed.stdout) as { readonly items: readonly { id: string; name: string }[] }
    const holder = items.find(({ name }) => name === 'proxy') ?? assert.fail('no holder')
    const permission = ['--permission', 'certificate-profiles:issue:server']
    for (const args of [
      ['create', 'fetches', ...permission],
      ['grant', 'fetches', holder.id],
    ]) {
      const { code, stderr } = await runCommand(product.directory, ['roles', ...args])
      assert.equal(code, 0, stderr)
    }
    const fetched = keep('fetched', await fetch())
    assert.equal(fetched.subjectAltName, `DNS:fetched.${consoleHost}`)
    openssl(['verify', '-CAfile', 'ca.crt', '-untrusted', 'chain.crt', '-purpose', 'sslserver', 'fetched.crt'])

    await revoke(own.serialNumber)
    const after = await fetch()
    assert.equal(after.status, 403, 'attack: a certificate enrolled by one that was revoked')
    assert.match(after.body, /^Enrolment refused\n\nNothing was issued: the certificate was revoked\./)
  })

  test('attack: a certificate renewed after its holder was disabled', async () => {
    const body = JSON.stringify({ handle: 'grace', displayName: 'Grace', password: 'only for a test, long enough' })
    const made = await askLocally(product, '/api/v1/accounts', { method: 'POST', body })
    assert.equal(made.status, 201, made.text)
    keep('grace', await enrol(await token('--account', 'grace'), newRequest('grace')))
    const disabled = await runCommand(product.directory, ['accounts', 'disable', 'grace', '--yes'])
    assert.equal(disabled.code, 0, disabled.stderr)
    const refused = await reenrol('grace', newRequest('grace2'))
    assert.equal(refused.status, 403, refused.body)
  })

  test('attack: no certificate, a foreign one, and one that only looks the same', async () => {
    assert.equal((await curl(certificateHost, '/.well-known/est/simplereenroll', [], newRequest('none'))).status, 401)
    const newKey = ['-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'foreign.key']
    const same = ['-subj', '/CN=pump-1', '-addext', `subjectAltName=URI:spiffe://${consoleHost}/device/pump-1`]
    openssl(['req', '-x509', '-days', '1', '-out', 'foreign.crt', ...newKey, ...same])
    const refused = await reenrol('foreign', newRequest('other'))
    assert.equal(refused.status, 403)
    assert.match(refused.body, /was not issued here/)
  })

  test('attack: requests that ask for more, prove nothing, or never end', async () => {
    const secret = await token('--device', 'pump-9', '--uses', '3')
    const asked: readonly (readonly [string, readonly string[]])[] = [
      ['a certificate authority', ['-addext', 'basicConstraints=critical,CA:TRUE']],
      ['a host', ['-addext', `subjectAltName=DNS:${consoleHost}`]],
      ['a wildcard', ['-addext', 'subjectAltName=DNS:*.example.org']],
      ['an address', ['-addext', 'subjectAltName=IP:10.0.0.1']],
      ['code signing', ['-addext', 'extendedKeyUsage=codeSigning']],
      ['another name', ['-subj', '/CN=pump-8']],
    ]
    for (const [what, args] of asked) {
      const refused = await enrol(secret, newRequest('much', args))
      assert.equal(refused.status, 422, `${what}: ${refused.body}`)
      assert.match(refused.headers, /^content-type: text\/plain; charset=utf-8\r?$/im)
    }
    const altered = Buffer.from(newRequest('bad'), 'base64')
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1
    assert.equal((await enrol(secret, altered.toString('base64'))).status, 422, 'a wrong signature')
    assert.equal((await enrol(secret, 'MIIB')).status, 422)
    assert.equal((await enrol(secret, 'A'.repeat(10 * 1024 * 1024))).status, 413, '10 MB')
    const json = ['-u', `:${secret}`, '-H', 'Content-Type: application/json']
    assert.equal((await curl(consoleHost, '/.well-known/est/simpleenroll', json, newRequest('much'))).status, 415)
    assert.equal((await enrol(secret, newRequest('label'), '/service')).status, 403, 'a token of another profile')
    const weak = [
      'req',
      '-new',
      '-newkey',
      'rsa:1024',
      '-nodes',
      '-subj',
      '/',
      '-keyout',
      'weak.key',
      '-outform',
      'PEM',
    ]
    assert.equal((await enrol(secret, openssl(weak))).status, 422, 'a weak key')
    keep('label', await enrol(secret, newRequest('label'), '/device'))
    const refusals = async (): Promise<string> =>
      (await runCommand(product.directory, ['audit', 'list', '--outcome', 'refused', '--json'])).stdout
    const codes = ['pki.request-beyond-profile', 'pki.request-invalid', 'pki.enrolment-refused']
    // refusals are written within a second
    let listed = await refusals()
    for (let tries = 0; tries < 100 && !codes.every((code) => listed.includes(code)); tries++) {
      await pause(50)
      listed = await refusals()
    }
    for (const code of codes) assert.ok(listed.includes(code), `${code} is journalled`)
    assert.ok(!listed.includes(secret))
  })

  test('attributes of requests are told', async () => {
    for (const label of ['', '/device']) {
      const { status, body, headers } = await curl(consoleHost, `/.well-known/est${label}/csrattrs`)
      assert.equal(status, 200)
      assert.match(headers, /^content-type: application\/csrattrs\r?$/im)
      writeFileSync(join(directory, 'attributes.der'), Buffer.from(body, 'base64'))
      assert.match(openssl(['asn1parse', '-inform', 'DER', '-in', 'attributes.der']), /prime256v1/)
    }
    assert.equal(
      (await curl(consoleHost, '/.well-known/est/nothing/csrattrs')).status,
      200,
      'strangers learn of no profile',
    )
  })

  describe('gatehouse pki agent', () => {
    const agent = (place: string, ...args: readonly string[]) => {
      const files = [
        '--cert',
        join(place, 'tls.crt'),
        '--key',
        join(place, 'tls.key'),
        '--ca',
        join(directory, 'ca.crt'),
      ]
      return runCommand(product.directory, ['pki', 'agent', '--once', '--server', product.origin, ...files, ...args])
    }

    test('fetches with a token, does nothing while nothing is due, renews, and has its program told', async () => {
      const place = newDirectory()
      const missed = await agent(place)
      assert.equal(missed.code, 1)
      assert.match(missed.stderr, /cli\.agent-no-token/)
      writeFileSync(join(place, 'token'), await token('--service', 'shop', '--host', `shop.${consoleHost}`))
      const fetching = ['--token-file', join(place, 'token'), '--name', 'shop', '--json']
      const fetched = await agent(place, ...fetching, '--', 'touch', join(place, 'told'))
      assert.equal(fetched.code, 0, fetched.stderr)
      const line = JSON.parse(fetched.stdout) as Record<string, unknown>
      assert.deepEqual([line['did'], line['reloaded']], ['enrolled', true])
      readFileSync(join(place, 'told'))
      const idle = await agent(place, '--json')
      assert.equal((JSON.parse(idle.stdout) as Record<string, unknown>)['did'], 'nothing')

      const before = readFileSync(join(place, 'tls.crt'), 'utf8')
      const parts = {
        place: placeOf(join(place, 'tls.crt'), join(place, 'tls.key')),
        server: { origin: new URL(product.origin), ca: readFileSync(join(directory, 'ca.crt'), 'utf8') },
        token: () => Promise.resolve(undefined),
        name: 'shop',
        now: () => Date.now() + 80 * day,
      }
      const broken = { ...parts, reload: reloader({ command: ['false'] }) }
      await assert.rejects(
        attend(broken),
        (error) => error instanceof Failure && error.details.code === 'cli.agent-reload',
      )
      const renewed = readFileSync(join(place, 'tls.crt'), 'utf8')
      assert.notEqual(renewed, before, 'it is renewed all the same')
      const told = await attend({ ...parts, now: Date.now, reload: reloader({ command: ['true'] }) })
      assert.deepEqual([told.did, told.reloaded], ['nothing', true], 'and its program is told in the next round')
      assert.equal(told.certificate.subjectAltName, new X509Certificate(before).subjectAltName)
      assert.ok(told.certificate.checkPrivateKey(createPrivateKey(readFileSync(join(place, 'tls.key'), 'utf8'))))

      await revoke(told.certificate.serialNumber)
      await assert.rejects(
        attend({ ...parts, now: () => Date.now() + 89 * day, reload: undefined }),
        (error) => error instanceof Failure && error.details.code === 'pki.renewal-refused',
      )
      assert.equal(readFileSync(join(place, 'tls.crt'), 'utf8'), renewed, 'what was there stays')
    })

    test('a name that is not the token’s is refused, and takes no use', async () => {
      const place = newDirectory()
      writeFileSync(join(place, 'token'), await token('--device', 'wm-7'))
      const refused = await agent(place, '--token-file', join(place, 'token'), '--name', 'wm-8')
      assert.equal(refused.code, 1)
      assert.match(refused.stderr, /pki\.request-beyond-profile/)
      assert.equal((await agent(place, '--token-file', join(place, 'token'), '--name', 'wm-7')).code, 0)
    })

    test('a server that is not the one that was pinned is sent nothing', async () => {
      const place = newDirectory()
      const wrong = `${'ab:'.repeat(31)}ab`
      const args = ['pki', 'agent', '--server', product.origin, '--once', '--ca', wrong]
      const files = ['--cert', join(place, 'tls.crt'), '--key', join(place, 'tls.key')]
      const refused = await runCommand(product.directory, [...args, ...files])
      assert.equal(refused.code, 69)
      assert.match(refused.stderr, /cli\.not-trusted/)
    })

    test('nginx serves the new certificate after the renewal', {
      skip: programMissing('nginx', 'nginx', '-v'),
    }, async (t) => {
      const place = newDirectory()
      mkdirSync(join(place, 'logs'))
      const host = `web.${consoleHost}`
      writeFileSync(join(place, 'token'), await token('--service', 'web', '--host', host))
      assert.equal((await agent(place, '--token-file', join(place, 'token'))).code, 0)
      const port = await freePort()
      const configuration = `daemon off; pid nginx.pid; error_log stderr;
        events { worker_connections 16; }
        http { access_log off; client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp;
          scgi_temp_path tmp; server { listen 127.0.0.1:${port} ssl; ssl_certificate tls.crt; ssl_certificate_key tls.key;
          return 200; } }`
      writeFileSync(join(place, 'nginx.conf'), configuration)
      const nginx = spawn('nginx', ['-p', place, '-c', 'nginx.conf'], { stdio: 'ignore' })
      t.after(() => void nginx.kill())
      const first = await servedSerial(port, host)
      const round = await attend({
        place: placeOf(join(place, 'tls.crt'), join(place, 'tls.key')),
        server: { origin: new URL(product.origin), ca: readFileSync(join(directory, 'ca.crt'), 'utf8') },
        token: () => Promise.resolve(undefined),
        name: undefined,
        reload: reloader({ command: [], pidFile: join(place, 'nginx.pid') }),
        now: () => Date.now() + 80 * day,
      })
      assert.equal(round.did, 'renewed')
      const wanted = round.certificate.serialNumber
      assert.notEqual(wanted, first)
      let served = first
      for (let tries = 0; tries < 600 && served !== wanted; tries += 1) {
        await pause(50)
        served = await servedSerial(port, host)
      }
      assert.equal(served, wanted)
    })

    /** The serial number of what a TLS server shows; it may still be starting. */
    async function servedSerial(port: number, servername: string): Promise<string> {
      const ca = readFileSync(join(directory, 'ca.crt'), 'utf8')
      for (let tries = 0; ; tries += 1) {
        const socket = connect({ host: '127.0.0.1', port, servername, ca })
        try {
          await once(socket, 'secureConnect')
          return socket.getPeerX509Certificate()?.serialNumber ?? ''
        } catch (error) {
          if (tries === 600) throw error
          await pause(50)
        } finally {
          socket.destroy()
        }
      }
    }
  })
})
