import { spawn } from 'node:child_process'
import { createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { wrongUsage } from './failure.ts'
import { readText } from './input.ts'
import { askPassword } from './terminal.ts'

/** Answers a challenge, in the form that the server takes. */
export type Signer = (text: string) => Promise<string>

export interface KeyOptions {
  readonly key?: string
  readonly agent?: boolean
  /** Of a PEM key; absent: asked for where it is needed. */
  readonly passphrase?: string | undefined
}

/** The key that signs, as the options name it; `undefined` where they name none. @throws Failure wrong usage */
export function chooseKey(options: KeyOptions & { readonly key: string }): Promise<Signer>
export function chooseKey(options: KeyOptions): Promise<Signer | undefined>
export async function chooseKey(options: KeyOptions): Promise<Signer | undefined> {
  if (options.key !== undefined) return withFile(options.key, options)
  return options.agent === true ? withAgent() : undefined
}

/** A shared secret, which is never sent. */
export function withSecret(secret: string): Signer {
  return async (text) => createHmac('sha256', secret).update(text).digest('hex')
}

/** PEM is read here. OpenSSH's own files, and its agent, are left to `ssh-keygen`, which asks for passphrases itself. */
async function withFile(path: string, options: KeyOptions): Promise<Signer> {
  const content = readText(path)
  if (/BEGIN OPENSSH PRIVATE KEY/.test(content) || sshLine.test(content)) {
    if (options.passphrase !== undefined) {
      throw wrongUsage('--passphrase-stdin is for PEM keys; ssh-keygen asks for the passphrase of its own.')
    }
    return (text) => signWithSsh(path, text)
  }
  if (options.agent === true)
    throw wrongUsage(`With --agent, --key names the .pub file of a key in it; ${path} is none.`)
  return withPem(await openPem(path, content, options))
}

const sshLine = /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) \S+/m

/** @throws Failure wrong usage for what is no private key, or a passphrase that does not open it */
async function openPem(path: string, content: string, options: KeyOptions): Promise<KeyObject> {
  const isEncrypted = /^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(content)
  if (isEncrypted) {
    const passphrase = options.passphrase ?? (await askPassword(`Passphrase of ${path}`, false, '--passphrase-stdin'))
    return keyOf(content, passphrase, `The passphrase does not open ${path}, or the file is damaged. Nothing was sent.`)
  }
  return keyOf(content, undefined, `${path} is no private key: neither PEM nor of OpenSSH. Nothing was sent.`)
}

function keyOf(content: string, passphrase: string | undefined, fault: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(passphrase === undefined ? content : { key: content, passphrase })
  } catch {
    // what OpenSSL says of it names no file and helps nobody
    throw wrongUsage(fault)
  }
  if (['rsa', 'ec', 'ed25519'].includes(key.asymmetricKeyType ?? '')) return key
  throw wrongUsage(`Keys of this kind (${key.asymmetricKeyType}) cannot be used: RSA, ECDSA and Ed25519 can.`)
}

function withPem(key: KeyObject): Signer {
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  return async (text) => sign(digest, Buffer.from(text), key).toString('base64')
}

/** The one key in the agent, by its public half. */
function withAgent(): Signer {
  return async (text) => {
    const listed = await run('ssh-add', ['-L'], '')
    const lines = listed.split('\n').filter((line) => sshLine.test(line))
    const [line, ...others] = lines
    if (line === undefined)
      throw wrongUsage('There is no key in ssh-agent. Add one with ssh-add, or name a file with --key.')
    if (others.length > 0) {
      throw wrongUsage('There are several keys in ssh-agent: say which with --key and its .pub file.')
    }
    const directory = mkdtempSync(join(tmpdir(), 'gatehouse-'))
    try {
      const path = join(directory, 'key.pub')
      writeFileSync(path, `${line}\n`, { mode: 0o600 })
      return await signWithSsh(path, text)
    } finally {
      rmSync(directory, { recursive: true })
    }
  }
}

function signWithSsh(path: string, text: string): Promise<string> {
  return run('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'gatehouse', '-f', path], text)
}

/** Runs a program of OpenSSH; what it says, and asks, goes to the terminal. @throws Failure wrong usage when it fails */
async function run(program: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: withoutOwn(process.env) })
  const missing = `${program} could not be run. It comes with OpenSSH; a PEM key needs no other program.`
  const closed = once(child, 'close').catch(() => {
    throw wrongUsage(missing)
  })
  // one that ends early does not read it all
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [said, [code]] = await Promise.all([textOf(child.stdout), closed as Promise<[number | null]>])
  if (code !== 0) throw wrongUsage(`${program} failed, so nothing was signed. What it said stands above.`)
  return said
}

/** Without what is Gatehouse's alone: a token may stand there. */
function withoutOwn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GATEHOUSE_')))
}
