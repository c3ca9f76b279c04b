import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../product/command.ts'
import { askLocally } from '../product/http.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

const rounds = 3
const writers = 16

describe('kill -9 under a stream of writes', () => {
  after(cleanUp)

  test('loses no acknowledged one, and the journal still verifies', async () => {
    let product = await startProduct({ environment: { GATEHOUSE_LOG_LEVEL: 'error' } })
    const acknowledged: string[] = []
    for (let round = 0; round < rounds; round += 1) {
      await writeUntilKilled(product, round, acknowledged)
      product = await startProduct({ directory: product.directory, environment: { GATEHOUSE_LOG_LEVEL: 'error' } })
      const kept = new Set(await networkNames(product))
      const lost = acknowledged.filter((name) => !kept.has(name))
      assert.deepEqual(
        lost,
        [],
        `round ${round}: ${lost.length} of ${acknowledged.length} acknowledged writes are gone`,
      )
    }
    assert.ok(acknowledged.length >= rounds * writers, `only ${acknowledged.length} writes were acknowledged`)
    const verified = await runCommand(product.directory, ['audit', 'verify'])
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  })
})

async function writeUntilKilled(product: Product, round: number, acknowledged: string[]): Promise<void> {
  let killed = false
  let refused: string | undefined
  const write = async (writer: number): Promise<void> => {
    for (let count = 0; !killed; count += 1) {
      const name = `net-${round}-${writer}-${count}`
      const body = JSON.stringify({ name, title: name, cidrs: ['192.0.2.0/24'] })
      const answer = await askLocally(product, '/api/v1/networks', { method: 'POST', body }).catch(() => undefined)
      if (answer === undefined) return
      if (answer.status !== 201) refused ??= `${answer.status} ${answer.text}`
      if (refused !== undefined) return
      acknowledged.push(name)
    }
  }
  const writing = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  const enough = acknowledged.length + 4 * writers
  while (acknowledged.length < enough && refused === undefined) await sleep(5)
  await product.stop('SIGKILL')
  killed = true
  await writing
  assert.equal(refused, undefined)
}

async function networkNames(product: Product): Promise<string[]> {
  const names: string[] = []
  let cursor: string | undefined
  do {
    const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const { json } = await askLocally(product, `/api/v1/networks?limit=200${query}`)
    for (const item of json['items'] as { name: string }[]) names.push(item.name)
    cursor = (json['next'] as string | null) ?? undefined
  } while (cursor !== undefined)
  return names
}
