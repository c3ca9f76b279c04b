/** What tests of keys need: a directory of their own with `openssl` and `ssh-keygen`, as people have them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
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
