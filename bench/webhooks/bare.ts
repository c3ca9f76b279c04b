import { createHmac } from 'node:crypto'
import { createInterface } from 'node:readline'
import { Pool } from 'undici'

/**
 * The peer: signs and posts the same bodies, four abreast as Gatehouse does while many wait, and keeps nothing: no queue,
 * no record of what became of them, nobody asked whether they may be read. Posts as many as each line of its input says.
 */
const [url = '', body = ''] = process.argv.slice(2)
const { origin, pathname } = new URL(url)
const pool = new Pool(origin, { connections: 4, pipelining: 1 })
const secret = Buffer.alloc(32, 7)

async function post(number: number): Promise<void> {
  const id = `evt_${String(number).padStart(32, '0')}`
  const timestamp = String(Math.floor(Date.now() / 1_000))
  const signature = `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'bench',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signature,
  }
  const answer = await pool.request({ method: 'POST', path: pathname, headers, body })
  await answer.body.dump()
}

process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  let next = 0
  const lane = async () => {
    while (next < Number(line)) {
      next += 1
      await post(next)
    }
  }
  await Promise.all([lane(), lane(), lane(), lane()])
}
await pool.close()
