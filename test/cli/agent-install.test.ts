import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { programMissing } from '#platform/testing'
import {
  finishInstall,
  install,
  isReloadDue,
  noteReloaded,
  type Place,
  pendingKey,
  placeOf,
  readInstalled,
} from '../../src/cli/agent/installed.ts'
import { Failure } from '../../src/cli/failure.ts'

function newPlace(t: TestContext): Place {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-agent-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return placeOf(join(directory, 'tls.crt'), join(directory, 'tls.key'))
}

/** Self-signed, for the pending key, by `openssl`: what stands in a certificate is no affair of these files. */
function certificateFor(place: Place, name: string): string {
  pendingKey(place)
  const args = ['req', '-x509', '-new', '-key', join(place.store, 'pending.key'), '-subj', `/CN=${name}`, '-days', '1']
  const { stdout, status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout
}

/** The name in the certificate, when the two files belong together; `nothing` when there is no certificate. */
function pairAt({ cert, key }: Place): string {
  if (!existsSync(cert)) return 'nothing'
  const certificate = new X509Certificate(readFileSync(cert, 'utf8'))
  assert.ok(
    certificate.checkPrivateKey(createPrivateKey(readFileSync(key, 'utf8'))),
    'key and certificate belong together',
  )
  return certificate.subject
}

describe('certificate and key on disk', { skip: programMissing('openssl', 'openssl', 'version') }, () => {
  test('both change at once; the key is for its owner alone; the former pair is kept beside', (t) => {
    const place = newPlace(t)
    for (const [at, name] of [
      [1_000, 'one'],
      [2_000, 'two'],
      [3_000, 'three'],
    ] as const) {
      install(place, certificateFor(place, name), at)
      assert.equal(pairAt(place), `CN=${name}`)
      assert.equal(readInstalled(place)?.since, at)
    }
    assert.equal(statSync(place.key).mode & 0o777, 0o600)
    assert.equal(statSync(place.cert).mode & 0o777, 0o644)
    assert.ok(existsSync(join(place.store, 'v2000')) && !existsSync(join(place.store, 'v1000')))
    assert.ok(!existsSync(join(place.store, 'pending.key')))
  })

  test('two at the same instant, as by a clock set back: the pair in use is not touched', (t) => {
    const place = newPlace(t)
    for (const name of ['one', 'two', 'three']) {
      install(place, certificateFor(place, name), 1_000)
      assert.equal(pairAt(place), `CN=${name}`)
    }
  })

  test('the pending key stays the same until it is used', (t) => {
    const place = newPlace(t)
    const [first, second] = [pendingKey(place), pendingKey(place)]
    assert.ok(first.publicKey.equals(second.publicKey))
    assert.equal(statSync(join(place.store, 'pending.key')).mode & 0o777, 0o600)
  })

  test('a reload is due from before the new pair is seen until it was noted', (t) => {
    const place = newPlace(t)
    assert.ok(!isReloadDue(place))
    install(place, certificateFor(place, 'one'), 1_000)
    assert.ok(isReloadDue(place))
    noteReloaded(place)
    assert.ok(!isReloadDue(place))
  })

  for (const which of ['cert', 'key'] as const) {
    test(`a ${which} that others put there is never replaced`, (t) => {
      const place = newPlace(t)
      writeFileSync(place[which], 'mine')
      assert.throws(
        () => readInstalled(place),
        (error) => error instanceof Failure && error.details.code === 'cli.agent-files',
      )
      assert.equal(readFileSync(place[which], 'utf8'), 'mine')
    })
  }

  test('attack: a directory others may write to, or a link to one, is not believed: its key could be theirs', (t) => {
    const place = newPlace(t)
    pendingKey(place)
    chmodSync(place.store, 0o777)
    const refused = (error: unknown) => error instanceof Failure && error.details.code === 'cli.agent-files'
    assert.throws(() => readInstalled(place), refused)
    const other = newPlace(t)
    symlinkSync(place.store, other.store)
    assert.throws(() => readInstalled(other), refused)
  })

  test('killed at every call of the file system: old pair or new pair, never a mixture, and the next run finishes', (t) => {
    const fixture = join(import.meta.dirname, 'kill-install-fixture.ts')
    const outcomes = new Set<string>()
    for (const first of [true, false]) {
      for (let step = 0; ; step += first ? 2 : 3) {
        const place = newPlace(t)
        if (!first) install(place, certificateFor(place, 'old'), 1_000)
        const certPem = certificateFor(place, 'new')
        const args = [fixture, place.cert, place.key, String(step)]
        const { status, signal, stderr } = spawnSync(process.execPath, args, { input: certPem, encoding: 'utf8' })
        assert.ok(status === 0 || signal === 'SIGKILL', stderr)
        const found = pairAt(place)
        outcomes.add(found)
        assert.ok([first ? 'nothing' : 'CN=old', 'CN=new'].includes(found), `${found} at step ${step}`)
        finishInstall(place)
        const after = readInstalled(place)
        assert.equal(after === undefined, !existsSync(place.cert))
        if (after !== undefined) assert.ok(lstatSync(place.key).isSymbolicLink())
        pairAt(place)
        if (after === undefined || after.certificate.subject !== 'CN=new') {
          install(place, certificateFor(place, 'new'), Date.now())
        }
        assert.equal(pairAt(place), 'CN=new')
        if (status === 0) break
      }
    }
    assert.deepEqual([...outcomes].toSorted(), ['CN=new', 'CN=old', 'nothing'])
  })
})
