import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { allSigners, answerCommands, clipboardCommand, makingCommands, signersOf } from './commands.ts'
import { readMac, verifyMac } from './macs.ts'
import { readPublicKey } from './public-keys.ts'
import { createVerifyingKeys, keyMaterial, readSignedAnswer, verifyAnswer } from './signatures.ts'
import { askpass, keyTools, onTerminal, opensslKeys, sshKeys, terminalMissing, toolsMissing } from './testing.ts'

const text = 'gatehouse sign-in at https://gatehouse.example:8443 as sam until 2030-01-01T00:00:00Z nonce Zm9v'
const verifying = createVerifyingKeys()

function proves(publicKey: string, pasted: string): boolean {
  const answer = readSignedAnswer(pasted)
  return answer !== undefined && verifyAnswer(answer, verifying(keyMaterial(readPublicKey(publicKey))), text)
}

test('every command that a page shows for answering is accepted', { skip: toolsMissing }, async (t) => {
  const tools = keyTools(t)
  mkdirSync(join(tools.directory, '.ssh'))
  for (const [kind, file] of [
    ['Ed25519', 'id_ed25519'],
    ['P-256', 'id_ecdsa'],
    ['RSA-2048', 'id_rsa'],
  ] as const) {
    await t.test(`OpenSSH, ${kind}`, () => {
      tools.sh(sshKeys[kind](`.ssh/${file}`))
      const [shown] = answerCommands(text, signersOf(kind), [kind])
      assert.ok(proves(tools.read(`.ssh/${file}.pub`), tools.sh(shown?.command ?? '')))
    })
  }
  for (const [kind, make] of Object.entries(opensslKeys)) {
    await t.test(`OpenSSL, ${kind}`, () => {
      const publicKey = tools.sh(`${make('private.pem')} && openssl pkey -in private.pem -pubout`)
      const [, shown] = answerCommands(text, signersOf(kind as keyof typeof opensslKeys))
      assert.ok(proves(publicKey, tools.sh(shown?.command ?? '')))
      if (kind === 'Ed25519') return
      // stands for the clipboard, of which a machine without a screen has none
      tools.write(
        'xsel',
        `#!/bin/sh\ncase $1 in -bo) cat clipboard;; -bi) cat > answer && mv answer clipboard;; *) exit 1;; esac\n`,
      )
      tools.write('clipboard', text)
      tools.sh(`chmod +x xsel; export PATH=.:$PATH; ${clipboardCommand.command}`)
      assert.ok(proves(publicKey, tools.read('clipboard')))
    })
  }
  await t.test('shared secret', () => {
    tools.write('secret.txt', 'gss_of-a-test\n')
    const shown = answerCommands(text, allSigners).at(-1)
    const answer = readMac(tools.sh(shown?.command ?? ''))
    assert.ok(answer && verifyMac(answer, 'gss_of-a-test', text))
  })
  await t.test('all of them are shown where it must not be told who has what', () => {
    assert.equal(answerCommands(text, allSigners).length, 4)
  })
})

test('every command that a page shows for making a key makes one', { skip: terminalMissing }, async (t) => {
  const { directory } = keyTools(t)
  const passphrase = 'a passphrase of a test'
  mkdirSync(join(directory, '.ssh'))
  for (const { title, command } of makingCommands) {
    await t.test(title, async () => {
      const typed = { ahead: [passphrase, passphrase, passphrase] }
      const printed = await onTerminal({ directory, env: askpass(directory, passphrase) }, command, typed)
      const publicKey = printed.slice(Math.max(printed.indexOf('-----BEGIN'), printed.indexOf('\nssh-') + 1))
      assert.equal(readPublicKey(publicKey).kind, 'Ed25519')
    })
  }
  assert.match(readFileSync(join(directory, 'private.pem'), 'utf8'), /ENCRYPTED/)
})
