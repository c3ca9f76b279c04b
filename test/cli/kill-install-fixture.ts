/**
 * Installs the certificate given on stdin for the pending key, and kills itself at a call of the file system. For tests:
 * `kill-install-fixture.ts CERT KEY STEP`. Exits with 0 when it got through first.
 */
import fs, { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const [cert = '', key = '', step = '0'] = process.argv.slice(2)
const certPem = readFileSync(0, 'utf8')
let left = Number(step)

for (const name of [
  'openSync',
  'writeSync',
  'fsyncSync',
  'renameSync',
  'symlinkSync',
  'mkdirSync',
  'rmSync',
] as const) {
  const real = fs[name] as (...args: readonly unknown[]) => unknown
  Object.assign(fs, {
    [name]: (...args: readonly unknown[]) => {
      if (left === 0) process.kill(process.pid, 'SIGKILL')
      left -= 1
      return real(...args)
    },
  })
}
syncBuiltinESMExports()

const { install, placeOf } = await import('../../src/cli/agent/installed.ts')
install(placeOf(cert, key), certPem, Date.now())
