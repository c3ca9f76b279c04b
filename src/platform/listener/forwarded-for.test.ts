import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseCidr } from '#kit'
import { clientBehind } from './forwarded-for.ts'
import {
  ask,
  exchange,
  exchangePlain,
  get,
  openHttp2,
  openTls,
  readAll,
  startListener,
  statusOf,
} from './listener-fixture.ts'

const trusted = ['127.0.0.0/8', '10.0.0.0/8', '2001:db8:aaaa::/48'].flatMap((text) => parseCidr(text) ?? [])

describe('X-Forwarded-For of trusted proxies', () => {
  test('attack 3: read from the right, past trusted proxies; what the client wrote is not looked at', () => {
    const cases: Record<string, string> = {
      '198.51.100.7': '198.51.100.7',
      '203.0.113.9, 198.51.100.7': '198.51.100.7',
      'junk, , "><script>, 198.51.100.7, 10.0.0.1': '198.51.100.7',
      '127.0.0.1, 198.51.100.7, 10.0.0.1, 10.0.0.2': '198.51.100.7',
      // one list, however many headers it came in: Node joins them
      '203.0.113.9,198.51.100.7': '198.51.100.7',
      // everybody in it is a proxy: the leftmost began it
      '10.0.0.9, 10.0.0.1': '10.0.0.9',
      '\t198.51.100.7 ': '198.51.100.7',
    }
    for (const [header, client] of Object.entries(cases)) assert.equal(clientBehind(header, trusted), client, header)
  })

  test('attack 12: every way of writing an address is that address', () => {
    const cases: Record<string, string> = {
      '::ffff:198.51.100.7': '198.51.100.7',
      '::FFFF:c633:6407': '198.51.100.7',
      '0:0:0:0:0:ffff:198.51.100.7': '198.51.100.7',
      '2001:DB8:0:0::0001': '2001:db8::1',
      '[2001:db8::1]': '2001:db8::1',
      '[2001:db8::1]:50123': '2001:db8::1',
      '198.51.100.7:50123': '198.51.100.7',
      '198.51.100.7, ::ffff:10.0.0.1': '198.51.100.7',
      '198.51.100.7, [2001:db8:aaaa::1]:443': '198.51.100.7',
    }
    for (const [header, client] of Object.entries(cases)) assert.equal(clientBehind(header, trusted), client, header)
  })

  test('attack 4: what cannot be read is nobody’s address', () => {
    const unreadable = [
      undefined,
      '',
      ' ',
      ',',
      '198.51.100.7,',
      '198.51.100.7, ',
      '198.51.100.7, unknown',
      '198.51.100.7, _hidden',
      '198.51.100.7, unknown, 10.0.0.1',
      'client.example.org',
      '198.51.100',
      '198.51.100.07',
      '0xc6336407',
      '3325256711',
      '198.51.100.7/32',
      '198.51.100.7:',
      '[2001:db8::1]:',
      '198.51.100.7:123456',
      '198.51.100.7 10.0.0.1',
      '[198.51.100.7]',
      '[2001:db8::1',
      '[2001:db8::1]x',
      'fe80::1%eth0',
      '[fe80::1%25eth0]',
      'for=198.51.100.7',
      '"198.51.100.7"',
      `${'198.51.100.7, '.repeat(200)}10.0.0.1`,
      Array.from({ length: 21 }, () => '10.0.0.1').join(','),
    ]
    for (const header of unreadable) assert.equal(clientBehind(header, trusted), undefined, String(header))
  })
})

describe('a listener behind a proxy', () => {
  const proxied = (t: Parameters<typeof startListener>[0]) =>
    startListener(
      t,
      {},
      (listener) => {
        listener.otherHosts((request, response) => {
          response.end(`app ${listener.addressOf(request)}`)
        })
      },
      '127.0.0.1:0',
      ['127.0.0.1'],
    )

  test('tells the client’s address on every request of a connection that several share', async (t) => {
    const fixture = await proxied(t)
    const request = (address: string, end: string) =>
      `GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: ${address}\r\nConnection: ${end}\r\n\r\n`
    const both = request('198.51.100.7', 'keep-alive') + request('203.0.113.9', 'close')
    const answer = await exchange(fixture, both)
    assert.match(answer, /GET \/ 198\.51\.100\.7[\s\S]*GET \/ 203\.0\.113\.9/)
    const session = openHttp2(t, fixture)
    const [one, other] = await Promise.all([
      ask(session, { 'x-forwarded-for': '198.51.100.7' }),
      ask(session, { 'x-forwarded-for': '2001:db8::1' }),
    ])
    assert.match(one.body, / 198\.51\.100\.7$/)
    assert.match(other.body, / 2001:db8::1$/)
  })

  test('several headers are one list, read from the right', async (t) => {
    const fixture = await proxied(t)
    const extra = 'X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-For: 198.51.100.7\r\nForwarded: for=203.0.113.9\r\n'
    assert.match(await exchange(fixture, get('a.test', '/', extra)), / 198\.51\.100\.7$/)
  })

  test('attack 4: without a readable header nothing is served, to apps’ hosts and WebSockets neither', async (t) => {
    const fixture = await proxied(t)
    for (const extra of [
      '',
      'X-Forwarded-For: \r\n',
      'X-Forwarded-For: unknown\r\n',
      'X-Forwarded-For: 1.2.3.4,\r\n',
    ]) {
      for (const host of ['a.test', 'b.test']) {
        const answer = await exchange(fixture, get(host, '/', extra), { serverName: host })
        assert.equal(statusOf(answer), 400, `${host} ${extra}`)
        assert.ok(answer.includes('platform.bad-forwarded-for'))
      }
    }
    const upgrade = 'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    assert.equal(statusOf(await exchange(fixture, upgrade)), 400)
    assert.equal((await ask(openHttp2(t, fixture), { 'x-forwarded-for': 'unknown' })).status, 400)
    assert.match(await fixture.metrics.text(), /refused_total\{code="platform.bad-forwarded-for"\} \d+/)
  })

  test('a balancer’s own question after health needs no client, at Gatehouse’s own hosts alone', async (t) => {
    const fixture = await proxied(t)
    assert.equal(statusOf(await exchange(fixture, get('a.test', '/healthz'))), 200)
    assert.equal(statusOf(await exchange(fixture, get('a.test', '/healthz?x'))), 400)
    assert.equal(statusOf(await exchange(fixture, get('a.test', '/healthz', 'X-Forwarded-For: x\r\n'))), 400)
    assert.equal(statusOf(await exchange(fixture, get('b.test', '/healthz'), { serverName: 'b.test' })), 400)
  })

  test('attack 3: from anybody else the header means nothing', async (t) => {
    const fixture = await startListener(t, {}, () => undefined, '127.0.0.1:0', ['127.0.0.2', '10.0.0.0/8'])
    assert.match(await exchange(fixture, get('a.test', '/', 'X-Forwarded-For: 10.0.0.1\r\n')), / 127\.0\.0\.1$/)
    assert.match(await exchange(fixture, get('a.test', '/', 'X-Forwarded-For: unknown\r\n')), / 127\.0\.0\.1$/)
  })

  test('a trusted proxy brings everybody, so its connections are not counted as one network’s', async (t) => {
    const limits = { connectionsPerNetwork: 1 }
    const held = async (trustedProxies: readonly string[]) => {
      const fixture = await startListener(t, limits, () => undefined, '127.0.0.1:0', trustedProxies)
      const open = openTls(fixture)
      await new Promise((resolve) => open.once('secureConnect', resolve))
      const answer = await exchange(fixture, get('a.test', '/', 'X-Forwarded-For: 198.51.100.7\r\n'))
      open.destroy()
      return statusOf(answer)
    }
    assert.equal(await held([]), 0)
    assert.equal(await held(['127.0.0.1/32']), 200, 'a /32 holds itself')
    assert.equal(await held(['::ffff:127.0.0.1']), 200)
  })

  test('plain HTTP, where nothing is judged by address, redirects as ever', async (t) => {
    const fixture = await proxied(t)
    assert.equal(statusOf(await exchangePlain(fixture, get('a.test'))), 308)
    const socket = openTls(fixture)
    assert.equal(statusOf(await readAll(socket, get('a.test', '/', 'X-Forwarded-For: 198.51.100.7\r\n'))), 200)
  })
})
