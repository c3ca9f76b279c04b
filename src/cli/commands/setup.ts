import { setupBody, setupDone } from '#identity/contract'
import { connect } from '../client.ts'
import { judged } from '../input.ts'
import { ask, askPassword, note, print, readSecretLine } from '../terminal.ts'
import { visible } from '../text.ts'

export interface SetupOptions {
  readonly data?: string
  readonly json?: boolean
  readonly handle?: string
  readonly displayName?: string
  readonly passwordStdin?: boolean
}

/** Makes the first administrator over the admin socket, where being the machine's owner is the proof. */
export async function setup(options: SetupOptions): Promise<void> {
  // the socket and nothing else: a server that somebody signed in to before is not the one to be set up
  const client = await connect({ ...options, data: options.data ?? process.env['GATEHOUSE_DATA'] ?? './data' })
  if (options.handle === undefined) note('This makes the first administrator of Gatehouse, who may do everything.')
  const handle = options.handle ?? (await ask('Handle, to sign in with', '--handle'))
  const displayName =
    options.displayName ??
    (options.handle === undefined ? await ask('Name, as people see it', '--display-name') : handle)
  const password = options.passwordStdin === true ? await readSecretLine() : await askPassword('Password', true)
  const body = judged(setupBody, { handle, displayName, password })
  const { data, raw } = await client.call('POST', '/api/v1/setup', setupDone, { body })
  print(
    options,
    raw,
    () =>
      `${visible(data.account.handle)} is the first administrator. Sign in on the console, or with "gatehouse login".`,
  )
}
