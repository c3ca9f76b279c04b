import { X509Certificate } from 'node:crypto'
import { fetchRootCommand, rootAuthority, trustSteps } from '#pki/contract'
import { connect } from '../client.ts'
import type { TargetOptions } from '../target.ts'
import { print } from '../terminal.ts'
import { facts, time } from '../text.ts'

/** Prints the root of the local certificate authority, over a connection that is trusted already. */
export async function showAuthority(options: TargetOptions & { readonly pem?: boolean }): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', '/api/v1/certificate-authorities/root', rootAuthority)
  // recomputed from what is printed: the two must not be able to differ
  const fingerprint = new X509Certificate(data.pem).fingerprint256.toLowerCase()
  if (options.pem === true) {
    print({}, undefined, () => data.pem.trimEnd())
    return
  }
  const origin = client.name.startsWith('https://') ? client.name : data.origin
  const steps = trustSteps(origin).map(({ system, text, command }) =>
    [`${system}: ${text}`, ...(command === undefined ? [] : command.split('\n').map((line) => `  $ ${line}`))].join(
      '\n',
    ),
  )
  print(options, { ...(raw as object), fingerprint }, () =>
    [
      data.pem.trimEnd(),
      '',
      facts([
        ['Name', data.name],
        ['SHA-256', fingerprint],
        ['Valid until', time(data.notAfter)],
      ]),
      '',
      'To trust it, fetch it, compare the fingerprint with the one above, then add it where you need it:',
      '',
      ...fetchRootCommand(origin)
        .split('\n')
        .map((line) => `  $ ${line}`),
      '',
      steps.join('\n\n'),
    ].join('\n'),
  )
}
