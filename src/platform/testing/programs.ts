import { spawnSync } from 'node:child_process'
import { requireAll } from './required.ts'

/**
 * For a test's `skip`: why it cannot run without a program that is not on this machine, or false. Where everything is
 * required it is always false, so that the test fails at its first call instead.
 *
 * @param probe arguments that make the program answer and end
 */
export function programMissing(program: string, debianPackage: string, probe = '--version'): string | false {
  if (requireAll() || spawnSync(program, [probe], { stdio: 'ignore' }).error === undefined) return false
  return `needs ${program} (Debian package ${debianPackage})`
}
