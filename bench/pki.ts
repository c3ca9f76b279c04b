/**
 * The certificate authority, in one run and each part beside its peers: certificates issued from requests, revocations with
 * lists and OCSP among a hundred thousand revoked, handshakes of clients that prove themselves by certificate. Ends with a
 * failure when a part does.
 *
 *     bin/runtime bench/pki.ts [--json]
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

for (const part of ['issuing', 'revocation', 'mutual-tls']) {
  const program = join(import.meta.dirname, 'pki', `${part}.ts`)
  const { status } = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
