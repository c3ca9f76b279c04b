/** What tests of keys need: a directory of their own with `openssl` and `ssh-keygen`, as people have them. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { programMissing } from '#platform/testing'

/** Why tests that need the tools are skipped. */
export const toolsMissing =
  programMissing('openssl', 'openssl', 'version') || programMissing('ssh-keygen', 'openssh-client', '-?')

export interface Tools {
  readonly directory: string
  /** Runs a command of the shell in the directory; fails the test when it fails. Answers what it printed. */
  sh(command: string, input?: string): string
  write(name: string, text: string | Uint8Array): void
  read(name: string): string
}

export function keyTools(t: Pick<TestContext, 'after'>): Tools {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-keys-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return {
    directory,
    sh(command, input = '') {
      const options = { cwd: directory, input, env: { PATH: process.env['PATH'] ?? '', HOME: directory } }
      const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-e', '-c', command], options)
      assert.equal(status, 0, `${command}\n${stderr.toString()}`)
      return stdout.toString()
    },
    write: (name, text) => writeFileSync(join(directory, name), text, { mode: 0o600 }),
    read: (name) => readFileSync(join(directory, name), 'utf8'),
  }
}

export interface Terminal {
  readonly directory: string
  readonly env?: Readonly<Record<string, string>>
}

/** Why tests that need a terminal are skipped. */
export const terminalMissing = toolsMissing || programMissing('script', 'bsdutils')

export interface Question {
  readonly question: RegExp
  readonly line: string
}

/** What a person types: ahead, or when a question appears, one after the other. */
export interface Typed {
  readonly ahead?: readonly string[]
  readonly asked?: Question | readonly Question[]
}

/**
 * Runs commands of the shell on a terminal, as a person does. Answers what came on standard output; fails the test when a
 * command fails.
 */
export async function onTerminal(
  { directory, env = {} }: Terminal,
  command: string,
  { ahead = [], asked }: Typed = {},
): Promise<string> {
  const [step, output] = [join(directory, '.step'), join(directory, '.output')]
  writeFileSync(step, command)
  const child = spawn(
    'script',
    ['-qefc', `stty cols 120 rows 30; bash -o pipefail -e ${step} > ${output}`, '/dev/null'],
    {
      cwd: directory,
      env: { PATH: process.env['PATH'] ?? '', HOME: directory, TERM: 'dumb', SHELL: '/bin/bash', ...env },
    },
  )
  let seen = ''
  let told = ''
  const questions = [asked ?? []].flat()
  const hear = (chunk: Buffer): void => {
    told += chunk.toString()
    seen += chunk.toString()
    if (questions[0]?.question.test(seen) !== true) return
    seen = ''
    child.stdin.write(`${questions.shift()?.line}\r`)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  child.stdin.write(ahead.map((line) => `${line}\n`).join(''))
  const [code] = (await once(child, 'exit')) as [number]
  child.stdin.destroy()
  assert.equal(code, 0, `${command}\n${told}`)
  return readFileSync(output, 'utf8')
}

/** An answer to every question of OpenSSH: settings for the environment. */
export function askpass(directory: string, passphrase: string): Readonly<Record<string, string>> {
  const program = join(directory, 'askpass')
  writeFileSync(program, `#!/bin/sh\necho '${passphrase}'\n`, { mode: 0o755 })
  return { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0' }
}

/** Makes `name` (PEM) and `name.pub` (PEM SPKI), without a passphrase. */
export const opensslKeys = {
  'RSA-2048': (name: string) => `openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out ${name}`,
  'P-256': (name: string) => `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ${name}`,
  'P-384': (name: string) => `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out ${name}`,
  'P-521': (name: string) => `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out ${name}`,
  Ed25519: (name: string) => `openssl genpkey -algorithm ED25519 -out ${name}`,
} as const

/** Makes `name` and `name.pub` in OpenSSH's format, without a passphrase. */
export const sshKeys = {
  'RSA-2048': (name: string) => `ssh-keygen -q -t rsa -b 2048 -N '' -C 'a comment' -f ${name}`,
  'P-256': (name: string) => `ssh-keygen -q -t ecdsa -b 256 -N '' -f ${name}`,
  'P-384': (name: string) => `ssh-keygen -q -t ecdsa -b 384 -N '' -f ${name}`,
  'P-521': (name: string) => `ssh-keygen -q -t ecdsa -b 521 -N '' -f ${name}`,
  Ed25519: (name: string) => `ssh-keygen -q -t ed25519 -N '' -C 'sam@laptop' -f ${name}`,
} as const
