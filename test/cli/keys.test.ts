import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { toolsMissing } from '../../src/identity/keys/testing.ts'
import { newPlace } from './gatehouse.ts'

// what succeeds is test/docs/keys.test.ts: every login that docs/keys.md shows

test('gatehouse login says what is wrong with a key before it sends anything', { skip: toolsMissing }, async (t) => {
  const place = newPlace(t)
  const sh = (command: string) => {
    const { status, stderr } = spawnSync('bash', ['-e', '-c', command], { cwd: place.directory })
    assert.equal(status, 0, stderr.toString())
  }
  sh('openssl genpkey -algorithm ed25519 -aes256 -pass pass:right -out encrypted.pem')
  sh('openssl genpkey -algorithm X25519 -out exchange.pem; ssh-keygen -q -t ed25519 -N "" -f key')
  writeFileSync(join(place.directory, 'words'), 'no key at all\n')
  const cases: readonly (readonly [readonly string[], string, RegExp])[] = [
    [['--key', 'nowhere'], '', /nowhere cannot be read \(ENOENT\)/],
    [['--key', 'words'], '', /words is no private key: neither PEM nor of OpenSSH/],
    [['--key', 'exchange.pem'], '', /Keys of this kind \(x25519\) cannot be used/],
    [['--key', 'encrypted.pem', '--passphrase-stdin'], 'wrong\n', /The passphrase does not open encrypted\.pem/],
    [['--key', 'encrypted.pem'], '', /There is no terminal to ask on: use --passphrase-stdin/],
    [['--key', 'key', '--passphrase-stdin'], 'x\n', /ssh-keygen asks for the passphrase of its own/],
    [['--key', 'encrypted.pem', '--agent'], '', /--key names the \.pub file of a key in it/],
    [['--key', 'key', '--token-stdin'], 'x\n', /--token-stdin keeps a token that is there already/],
    [['--token-stdin', '--password-stdin'], 'x\ny\n', /--token-stdin keeps a token that is there already/],
    [['--passphrase-stdin'], 'x\n', /is for the key that --key names/],
    [['--password-stdin', '--shared-secret-stdin'], 'x\n', /On stdin there is no line for --shared-secret-stdin/],
    [['--password-stdin', '--shared-secret-stdin'], '', /Nothing came on stdin/],
  ]
  for (const [args, stdin, sentence] of cases) {
    await t.test(args.join(' '), async () => {
      const options = ['login', 'https://gatehouse.localhost:1', '--handle', 'sam', ...args]
      const { code, stderr } = await place.run(options, { stdin })
      assert.equal(code, 2, stderr)
      assert.match(stderr, sentence)
      assert.doesNotMatch(stderr, /PRIVATE KEY|at \w+ \(/)
    })
  }
})
