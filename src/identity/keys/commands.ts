import type { KeyKind } from './public-keys.ts'

/** What people type to make and use keys, as pages show it. Every command here is run by a test. */

export interface ShownCommand {
  readonly title: string
  readonly command: string
}

/** What signs: with which program, or with a secret instead of a key. */
export type Signer = 'ssh' | 'openssl' | 'openssl-ed25519' | 'secret'

/**
 * How a challenge is answered.
 *
 * @param signers those that can be at hand; at sign-in all, since nobody is told who has what
 */
export function answerCommands(
  text: string,
  signers: readonly Signer[],
  kinds: readonly KeyKind[] = [],
): readonly ShownCommand[] {
  const line = `printf %s ${quoted(text)}`
  const shown: Readonly<Record<Signer, ShownCommand>> = {
    ssh: {
      title: 'With a key of OpenSSH, in a file or in the agent',
      command: `${line} | ssh-keygen -q -Y sign -n gatehouse -f ${sshFile(kinds)}`,
    },
    openssl: {
      title: 'With an RSA or ECDSA key in a PEM file',
      command: `${line} | openssl dgst -sha256 -sign private.pem | openssl base64`,
    },
    // it reads the size of what it signs, so a pipe will not do
    'openssl-ed25519': {
      title: 'With an Ed25519 key in a PEM file',
      command: `${line} > challenge.txt; openssl pkeyutl -sign -rawin -inkey private.pem -in challenge.txt | openssl base64`,
    },
    secret: {
      title: 'With a shared secret in a file',
      command: `${line} | openssl dgst -sha256 -hmac "$(cat secret.txt)"`,
    },
  }
  return signers.map((signer) => shown[signer])
}

/** The signers for a key of one kind: a key may be kept by either program. */
export function signersOf(kind: KeyKind): readonly Signer[] {
  return kind === 'Ed25519' ? ['ssh', 'openssl-ed25519'] : ['ssh', 'openssl']
}

export const allSigners: readonly Signer[] = ['ssh', 'openssl', 'openssl-ed25519', 'secret']

/** Signs what is on the clipboard and puts the answer there. */
export const clipboardCommand: ShownCommand = {
  title: 'What is on the clipboard (X11), with an RSA or ECDSA key',
  command: 'xsel -bo | openssl dgst -sha256 -sign private.pem | openssl base64 | xsel -bi',
}

/** How a key is made; the second of each prints what is pasted. */
export const makingCommands: readonly ShownCommand[] = [
  {
    title: 'With OpenSSH; it asks for a passphrase',
    command: 'ssh-keygen -t ed25519 -f ~/.ssh/id_ed25519\ncat ~/.ssh/id_ed25519.pub',
  },
  {
    title: 'With OpenSSL; it asks for a passphrase',
    command: 'openssl genpkey -algorithm ed25519 -aes256 -out private.pem\nopenssl pkey -in private.pem -pubout',
  },
]

function sshFile(kinds: readonly KeyKind[]): string {
  const [kind = 'Ed25519'] = kinds
  if (kind === 'Ed25519') return '~/.ssh/id_ed25519'
  return kind.startsWith('RSA') ? '~/.ssh/id_rsa' : '~/.ssh/id_ecdsa'
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
