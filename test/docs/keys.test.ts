import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { askpass, keyTools, onTerminal, terminalMissing } from '../../src/identity/keys/testing.ts'
import { clipboardMissing, openClipboard } from '../product/clipboard.ts'
import { runCommand } from '../product/command.ts'
import { ask, askLocally, signInCookie } from '../product/http.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

const root = join(import.meta.dirname, '..', '..')
const password = 'quiet lanterns over the harbour'
const passphrase = 'a passphrase of a test'
const example = /gatehouse sign-in at https:\/\/gate\.example\.org as sam until \S+ nonce AAAA/

after(cleanUp)

test('every command of docs/keys.md does what it says, and what it signs signs in', {
  skip: terminalMissing,
}, async (t) => {
  const product = await startProduct()
  const house = await openHouse(product)
  const { directory } = keyTools(t)
  const clipboard = clipboardMissing ? undefined : await openClipboard(t)
  symlinkSync(join(root, 'bin', 'gatehouse'), join(directory, 'gatehouse'))
  const socket = join(directory, 'agent')
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(agent.stdout, 'data')
  t.after(() => agent.kill())
  const env = {
    ...askpass(directory, passphrase),
    PATH: `${directory}:${process.env['PATH'] ?? ''}`,
    SSH_AUTH_SOCK: socket,
    ...(clipboard === undefined ? {} : { DISPLAY: clipboard.display }),
  }
  // openssl reads what was typed ahead; a prompt of ours is answered when it stands there
  const ahead = [passphrase, passphrase, passphrase]
  const asked = { question: /Passphrase of private\.pem/, line: passphrase }
  const run = (command: string) =>
    onTerminal({ directory, env }, command, command.startsWith('gatehouse') ? { asked } : { ahead })
  await trust(product, directory)
  writeFileSync(join(directory, 'secret.txt'), `${await house.makeSecret()}\n`, { mode: 0o600 })
  writeFileSync(join(directory, 'password.txt'), `${password}\n`, { mode: 0o600 })

  const done: string[] = []
  for (const command of commandsOf('keys.md')) {
    const onClipboard = command.includes('xsel')
    await t.test(command, { skip: onClipboard && clipboardMissing }, async () => {
      const { text, nonce } = await house.challenge()
      if (onClipboard) await clipboard?.copy(text)
      if (command.startsWith('gatehouse login') && (command.match(/-stdin|--key|--agent/g) ?? []).length > 1) {
        await house.demandSecond()
      }
      const actual = command.replace(example, text).replaceAll(':8443', `:${product.port}`)
      const printed = await run(onClipboard ? `${actual}\n${untilTaken(text)}` : actual)
      await house.register(directory, run)
      if (command.includes('gatehouse login')) return assert.match(printed, /^Signed in to https:\S+ as sam until/)
      if (example.test(command)) done.push(text)
      const answer = onClipboard ? ((await clipboard?.pasteAfter(text)) ?? '') : printed
      const signs = /-sign |-Y sign|-hmac/.test(command)
      if (!signs) return undefined
      // Ed25519 is signed from the file that the command before wrote
      return command.includes('challenge.txt')
        ? house.signIn({ text: done.at(-1) ?? '', nonce: (done.at(-1) ?? '').split(' ').at(-1) ?? '' }, answer)
        : house.signIn({ text, nonce }, answer)
    })
  }
  const stored = join(directory, '.config', 'gatehouse', 'credentials.json')
  assert.equal(statSync(stored).mode & 0o777, 0o600)
  assert.match(readFileSync(join(directory, 'private.pem'), 'utf8'), /ENCRYPTED/, 'the renewed key has a passphrase')
})

/**
 * xsel goes into the background before it leaves its terminal: a person's stands on, and one that closed in between would take
 * it along.
 */
function untilTaken(former: string): string {
  return `for left in {1..500}; do [ "$(xsel -bo)" = '${former}' ] || break; done`
}

/** What stands behind `$` in the console blocks of a document. */
function commandsOf(document: string): readonly string[] {
  const text = readFileSync(join(root, 'docs', document), 'utf8')
  const blocks = [...text.matchAll(/```console\n(.*?)```/gs)].map(([, block]) => block ?? '')
  const commands = blocks.flatMap((block) => block.split(/^\$ /m).slice(1)).map((command) => command.trim())
  assert.equal(commands.length, 27)
  return commands
}

/** A first contact, as a person confirms it; what is stored then is the authority. */
async function trust(product: Product, directory: string): Promise<void> {
  const fingerprint = /((?:[0-9a-f]{2}:){31}[0-9a-f]{2})/.exec(product.output())?.[1] ?? ''
  const options = ['--handle', 'sam', '--password-stdin', '--ca-fingerprint', fingerprint]
  const { code, stderr } = await runCommand(directory, ['login', product.origin, ...options], password)
  assert.equal(code, 0, stderr)
}

interface Asked {
  readonly text: string
  readonly nonce: string
}

/** A Gatehouse whose administrator is sam. */
async function openHouse(product: Product) {
  const body = JSON.stringify({ handle: 'sam', displayName: 'Sam', password })
  assert.equal((await askLocally(product, '/api/v1/setup', { method: 'POST', body })).status, 201)
  const cookie = await signInCookie(product, 'sam', password)
  const post = (path: string, sent: unknown, headers = {}) =>
    ask(product, path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: product.origin, ...headers },
      body: JSON.stringify(sent),
    })
  const known = new Set<string>()
  const addKey = async (publicKey: string) => {
    const made = await post('/api/v1/keys', { label: 'docs', publicKey }, { cookie })
    assert.ok(made.status === 201 || made.json['code'] === 'identity.key-in-use', made.text)
  }
  return {
    async challenge(): Promise<Asked> {
      return (await post('/api/v1/sign-in/challenge', { handle: 'sam' })).json as unknown as Asked
    },
    async signIn({ nonce }: Asked, answer: string): Promise<void> {
      const opened = await post('/api/v1/sign-in/key', { handle: 'sam', nonce, answer, label: 'docs' })
      assert.equal(opened.status, 201, `${opened.text}\n${answer}`)
    },
    /** From now on one factor is half a sign-in. */
    async demandSecond(): Promise<void> {
      const begun = () => post('/api/v1/sign-in', { handle: 'sam', password, label: 'docs' })
      if ((await begun()).status === 202) return
      const made = await post('/api/v1/shared-secrets', { label: 'second', isSecond: true }, { cookie })
      assert.equal(made.status, 201, made.text)
      assert.equal((await begun()).status, 202)
    },
    async makeSecret(): Promise<string> {
      const made = await post('/api/v1/shared-secrets', { label: 'docs' }, { cookie })
      assert.equal(made.status, 201, made.text)
      return String(made.json['secret'])
    },
    /** Adds every key that the commands have made so far. */
    async register(directory: string, run: (command: string) => Promise<string>): Promise<void> {
      const printing = {
        'id_ed25519.pub': 'cat id_ed25519.pub',
        'private.pem': 'openssl pkey -in private.pem -pubout',
        'ecdsa.pem': 'openssl pkey -in ecdsa.pem -pubout',
        'ed25519.pem': 'openssl pkey -in ed25519.pem -pubout',
      }
      for (const [file, command] of Object.entries(printing)) {
        if (known.has(file) || !existsSync(join(directory, file))) continue
        known.add(file)
        await addKey(await run(command))
      }
    },
  }
}
