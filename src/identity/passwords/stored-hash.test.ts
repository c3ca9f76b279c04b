import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Secret } from '#kit'
import { systemRandom } from '#platform'
import { createHasher, type HashQueue } from '../password-hash.ts'
import { bcryptHashFault, readStoredHash } from './stored-hash.ts'

const cost = { memoryCost: 64, timeCost: 1, parallelism: 1, outputLen: 32 }
const right = new Secret('correct horse battery')
/** Of crypt_blowfish's published vectors: the password is U*U. */
const vector = 'CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'

function queued<T>(work: (queue: HashQueue) => Promise<T>, random = systemRandom): Promise<T> {
  return createHasher({ lanes: 1, queue: 9, random, cost }).queued(work)
}

test('passwords beside one another share a salt, and each is found by one computation', async () => {
  await queued(async (queue) => {
    const first = await queue.hash(right)
    const second = await queue.hash(new Secret('another good password'), [first])
    const alone = await queue.hash(new Secret('another good password'))
    const saltOf = (text: string) => text.split('$')[4]
    assert.equal(saltOf(second), saltOf(first))
    assert.notEqual(saltOf(alone), saltOf(first))
    assert.equal(await queue.verify(right, [first, second]), 0)
    assert.equal(await queue.verify(new Secret('another good password'), [first, second]), 1)
    assert.equal(await queue.verify(new Secret('neither of them is it'), [first, second]), undefined)
    assert.equal(await queue.verify(right, []), undefined)
    assert.equal(queue.isOutdated(second, [first, second]), false)
    assert.equal(queue.isOutdated(alone, [first, alone]), true, 'its salt is not the one of the first')
    assert.equal(queue.isOutdated(first, [first, alone]), false)
  })
})

test('no more hashes are computed at once than there are lanes, however many wait', async (t) => {
  const library = createRequire(import.meta.url)('@node-rs/argon2') as {
    hashRaw: typeof import('@node-rs/argon2').hashRaw
  }
  const { hashRaw } = library
  t.after(() => Object.assign(library, { hashRaw }))
  let running = 0
  let most = 0
  library.hashRaw = async (...given) => {
    running += 1
    most = Math.max(most, running)
    return hashRaw(...given).finally(() => {
      running -= 1
    })
  }
  const hasher = createHasher({ lanes: 2, queue: 9, random: systemRandom, cost })
  await Promise.all(Array.from({ length: 8 }, () => hasher.queued((queue) => queue.hash(right))))
  assert.equal(most, 2)
})

test('hashes of former cost and from elsewhere are found, and made anew with the shared salt', async () => {
  const former = await createHasher({
    lanes: 1,
    queue: 9,
    random: systemRandom,
    cost: { ...cost, timeCost: 2 },
  }).queued((queue) => queue.hash(right))
  await queued(async (queue) => {
    const now = await queue.hash(new Secret('another good password'))
    const stored = [former, `$2y$05$${vector}`, now]
    assert.equal(await queue.verify(right, stored), 0)
    assert.equal(await queue.verify(new Secret('U*U'), stored), 1)
    assert.equal(await queue.verify(new Secret('another good password'), stored), 2)
    assert.equal(await queue.verify(new Secret('U*V'), stored), undefined)
    assert.deepEqual(
      stored.map((text) => queue.isOutdated(text, stored)),
      [true, true, false],
    )
    assert.equal((await queue.hash(right, stored)).split('$')[4], now.split('$')[4])
  })
})

test('what was stored before this reads the same: argon2id as the library writes it', async () => {
  const written = '$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$'
  const { hash } = await import('@node-rs/argon2')
  const salt = Buffer.from('0123456789abcdef')
  const phc = await hash('Zürich ist schön', { ...cost, algorithm: 2, version: 1, salt })
  assert.ok(phc.startsWith(written), phc)
  await queued(async (queue) => {
    assert.equal(await queue.verify(new Secret('Zu\u0308rich ist scho\u0308n'), [phc]), 0)
    assert.equal(queue.isOutdated(phc, [phc]), false)
  })
})

test('what cannot be read matches nothing, the empty password included', async () => {
  await queued(async (queue) => {
    const broken = [
      '',
      'crd_0193',
      '$argon2id$v=19$m=64,t=1,p=1$MDEy$',
      '$argon2id$v=16$m=64,t=1,p=1$MDEy$MDEy',
      '$2b$05$short',
      '$1$salt$x',
    ]
    for (const text of broken) {
      assert.equal(readStoredHash(text), undefined, text)
      assert.equal(await queue.verify(new Secret(''), [text]), undefined, text)
      assert.equal(queue.isOutdated(text, [text]), true)
    }
    const long = await queue.hash(new Secret(''))
    assert.equal(
      await queue.verify(new Secret('x'.repeat(5_000)), [long]),
      undefined,
      'too long is not hashed as empty',
    )
  })
})

test('bcrypt: three prefixes, a bounded cost, 72 bytes, and the password as typed', async () => {
  for (const version of ['2a', '2b', '2y']) assert.equal(bcryptHashFault(`$${version}$05$${vector}`), undefined)
  const faults: readonly (readonly [string, RegExp])[] = [
    [`$2x$05$${vector}`, /bcrypt/],
    [`$2b$03$${vector}`, /cost 4 to 14; this one is of cost 3/],
    [`$2b$15$${vector}`, /this one is of cost 15/],
    [`$2b$31$${vector}`, /this one is of cost 31/],
    [`$2b$05$${vector} `, /60 characters/],
    [`$2b$05$${vector.slice(1)}`, /60 characters/],
    ['', /60 characters/],
    [`$2b$05$${'é'.repeat(53)}`, /60 characters/],
  ]
  for (const [text, message] of faults) assert.match(bcryptHashFault(text) ?? '', message, text)
  const { hashSync } = await import('@node-rs/bcrypt')
  await queued(async (queue) => {
    const long = hashSync('x'.repeat(72), 4)
    assert.equal(await queue.verify(new Secret('x'.repeat(200)), [long]), 0, 'bcrypt never saw more than 72 bytes')
    assert.equal(await queue.verify(new Secret('x'.repeat(71)), [long]), undefined)
    const decomposed = hashSync('Zu\u0308rich', 4)
    assert.equal(await queue.verify(new Secret('Zu\u0308rich'), [decomposed]), 0)
    const empty = hashSync('', 4)
    assert.equal(
      await queue.verify(new Secret('x'.repeat(5_000)), [empty]),
      undefined,
      'too long is not hashed as empty',
    )
  })
})

test('the bcrypt library is loaded with the first hash from elsewhere', async () => {
  const { spawnSync } = await import('node:child_process')
  const script = `
    import { createHasher } from './src/identity/password-hash.ts'
    import { Secret } from '#kit'
    import { systemRandom } from '#platform'
    const q = createHasher({ lanes: 1, queue: 1, random: systemRandom, cost: ${JSON.stringify(cost)} })
    await q.queued((queue) => queue.verify(new Secret('x'), []))
    console.log(process.report.getReport().sharedObjects.filter((name) => name.includes('bcrypt')).length)`
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.equal(ran.stdout.trim(), '0', ran.stderr)
})
