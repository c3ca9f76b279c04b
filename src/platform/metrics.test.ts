import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { createMetrics } from './metrics.ts'

test('exposes what was counted, with the process beside it', async () => {
  const metrics = createMetrics()
  const requests = metrics.counter('gatehouse_requests_total', 'Requests by door', ['door'])
  const open = metrics.gauge('gatehouse_connections', 'Open connections')
  const seconds = metrics.histogram('gatehouse_request_seconds', 'Time of a request', [0.01, 0.1], ['door'])
  requests.inc({ door: 'api' }, 2)
  open.set(3)
  seconds.observe({ door: 'api' }, 0.05)
  const text = await metrics.text()
  for (const line of [
    '# TYPE gatehouse_requests_total counter',
    'gatehouse_requests_total{door="api"} 2',
    'gatehouse_connections 3',
    'gatehouse_request_seconds_bucket{le="0.1",door="api"} 1',
  ]) {
    assert.ok(text.includes(line), line)
  }
  assert.match(text, /^process_resident_memory_bytes \d+/m)
  assert.match(await metrics.text(), /^nodejs_eventloop_lag_seconds /m)
})

test('a name without the prefix, or taken, is a bug', () => {
  const metrics = createMetrics()
  metrics.counter('gatehouse_a_total', 'a')
  assert.throws(() => metrics.counter('requests_total', 'no prefix'), TypeError)
  assert.throws(() => metrics.gauge('gatehouse_', 'no name'), TypeError)
  assert.throws(() => metrics.gauge('gatehouse_a_total', 'taken'), TypeError)
  assert.doesNotThrow(() => createMetrics().counter('gatehouse_a_total', 'another registry'))
})

test('nothing keeps the process alive, before or after a scrape', () => {
  const program = `
    import { createMetrics } from ${JSON.stringify(new URL('metrics.ts', import.meta.url).href)}
    process.stdout.write(String((await createMetrics().text()).length > 0))`
  const ran = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(ran.stdout, 'true')
  assert.equal(ran.status, 0)
})
