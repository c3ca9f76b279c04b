import { hostname } from 'node:os'
import { z } from 'zod'
import {
  accountBody,
  challenge,
  challengeBody,
  createdToken,
  halfSignIn,
  keySignInBody,
  secondFactorBody,
  signInBody,
} from '#identity/contract'
import { type Client, clientOf } from '../client.ts'
import { readCredentials, type StoredServer, writeCredentials } from '../credentials.ts'
import { exitCodes, Failure, wrongUsage } from '../failure.ts'
import { judged } from '../input.ts'
import { chooseSigner, type Signer } from '../signers.ts'
import { parseOrigin, type TargetOptions } from '../target.ts'
import { ask, askPassword, confirm, isInteractive, note, print, readSecretLine } from '../terminal.ts'
import { time, visible } from '../text.ts'
import { establishTrust } from '../trust.ts'

export interface LoginOptions {
  readonly json?: boolean
  readonly handle?: string
  readonly passwordStdin?: boolean
  readonly tokenStdin?: boolean
  readonly key?: string
  readonly agent?: boolean
  readonly passphraseStdin?: boolean
  readonly sharedSecretStdin?: boolean
  readonly code?: string
  readonly caFingerprint?: string
}

/** Signs in over HTTPS, once it is known that the server is the one that is meant, and stores the token it gives. */
export async function login(url: string | undefined, options: LoginOptions): Promise<void> {
  requireOneWay(options)
  // judged before the server is asked for anything
  const signer = await chooseSigner(options)
  const stored = readCredentials()
  const origin = parseOrigin(
    url ?? process.env['GATEHOUSE_URL'] ?? stored.current ?? 'https://gatehouse.localhost:8443',
  )
  const ca = await trusted(origin, stored.servers[origin.origin], options)
  const stranger = clientOf({ endpoint: { kind: 'https', origin, ca }, token: undefined, name: origin.origin })
  const proof = options.tokenStdin === true ? await givenToken(origin, ca) : await signIn(stranger, options, signer)
  const entry: StoredServer = { ...proof.entry, ...(ca === undefined ? {} : { ca }) }
  // read again: another login may have finished while this one waited for a person
  const latest = readCredentials()
  writeCredentials({ ...latest, current: origin.origin, servers: { ...latest.servers, [origin.origin]: entry } })
  const result = { server: origin.origin, handle: proof.entry.handle ?? null, expiresAt: proof.expiresAt }
  print(options, result, () => {
    const until = proof.expiresAt === null ? '' : ` until ${time(proof.expiresAt)}`
    return `Signed in to ${origin.origin} as ${visible(proof.entry.handle ?? '?')}${until}.`
  })
}

/** Revokes the stored token and forgets it; what cannot be reached or was ended already is forgotten all the same. */
export async function logout(options: TargetOptions): Promise<void> {
  const stored = readCredentials()
  const named = options.url ?? process.env['GATEHOUSE_URL'] ?? stored.current
  const origin = named === undefined ? undefined : parseOrigin(named).origin
  const entry = origin === undefined ? undefined : stored.servers[origin]
  if (origin === undefined || entry === undefined) {
    print(options, { server: origin ?? null, revoked: false }, () => 'Not signed in; there is nothing to forget.')
    return
  }
  let failure: Failure | undefined
  try {
    const endpoint = { kind: 'https', origin: new URL(origin), ca: entry.ca } as const
    await clientOf({ endpoint, token: entry.token, name: origin }).send('POST', '/api/v1/sign-out')
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    failure = error
  }
  const { [origin]: _, ...servers } = stored.servers
  writeCredentials({
    version: 1,
    servers,
    ...(stored.current === origin || stored.current === undefined ? {} : { current: stored.current }),
  })
  const ended = failure === undefined || failure.details.code === 'identity.token-refused'
  print(options, { server: origin, revoked: ended }, () => `Signed out of ${origin}.`)
  if (!ended && failure !== undefined) throw stillValid(origin, entry, failure)
}

function trusted(origin: URL, known: StoredServer | undefined, options: LoginOptions): Promise<string | undefined> {
  if (options.caFingerprint === undefined && known?.ca !== undefined) return Promise.resolve(known.ca)
  return establishTrust(origin, options.caFingerprint, async (fingerprint) => {
    if (!isInteractive()) return false
    note(
      `First contact with ${origin.origin}. Its certificate authority has the SHA-256 fingerprint\n\n  ${fingerprint}\n`,
    )
    await confirm('Is this what the server printed when it started (or "gatehouse ca" prints there)?', {})
    return true
  })
}

interface Proof {
  readonly entry: StoredServer
  readonly expiresAt: string | null
}

async function signIn(client: Client, options: LoginOptions, signer: Signer | undefined): Promise<Proof> {
  const handle = options.handle ?? (await ask('Handle', '--handle'))
  const label = `gatehouse login on ${hostname()}`.slice(0, 100)
  const answer =
    signer === undefined
      ? await byPassword(client, options, { handle, label })
      : await byChallenge(client, signer, { handle, label })
  const { token, secret } = 'signIn' in answer ? await second(client, answer.signIn, options, label) : answer
  const me = await whoIs(client, secret)
  return { entry: { token: secret, tokenId: token.id, handle: me ?? handle }, expiresAt: token.expiresAt }
}

/** A token, or a half sign-in that waits for the second factor. */
const opened = z.union([createdToken, halfSignIn])
type Opened = z.infer<typeof opened>
type Who = { readonly handle: string; readonly label: string }

async function byPassword(client: Client, options: LoginOptions, who: Who): Promise<Opened> {
  const password = options.passwordStdin === true ? await readSecretLine() : await askPassword('Password', false)
  const body = judged(signInBody, { ...who, password })
  return (await client.call('POST', '/api/v1/sign-in', opened, { body })).data
}

/** The server gives a line, which is signed here: the key stays where it is. */
async function byChallenge(client: Client, signer: Signer, { handle, label }: Who): Promise<Opened> {
  const asked = judged(challengeBody, { handle })
  const { data } = await client.call('POST', '/api/v1/sign-in/challenge', challenge, { body: asked })
  requireOwnChallenge(data.text, client.name)
  const body = judged(keySignInBody, { handle, nonce: data.nonce, answer: await signer(data.text), label })
  return (await client.call('POST', '/api/v1/sign-in/key', opened, { body })).data
}

/**
 * Signs nothing but a line for signing in to this very server: another server in its place could pass on a line of its
 * victim, or any other text. @throws Failure `cli.not-trusted`
 */
function requireOwnChallenge(text: string, origin: string): void {
  if (text.startsWith(`gatehouse sign-in at ${origin} as `) && /^[!-~]+(?: [!-~]+)*$/.test(text)) return
  throw new Failure({
    exit: exitCodes.unreachable,
    code: 'cli.not-trusted',
    title: 'The line to sign is for something else',
    detail: `${origin} asks to sign “${visible(text.slice(0, 200))}”. Nothing was signed. If the server is reached under another name than its own, use its own: it stands in that line.`,
  })
}

async function second(client: Client, waiting: string, options: LoginOptions, label: string) {
  const code = options.code ?? (await ask('Code of the second factor', '--code'))
  const body = judged(secondFactorBody, { signIn: waiting, code, label })
  return (await client.call('POST', '/api/v1/sign-in/second', createdToken, { body })).data
}

/** One way to sign in, and at most one secret from stdin. @throws Failure wrong usage */
function requireOneWay(options: LoginOptions): void {
  const fromStdin = [
    ['--password-stdin', options.passwordStdin],
    ['--token-stdin', options.tokenStdin],
    ['--shared-secret-stdin', options.sharedSecretStdin],
    ['--passphrase-stdin', options.passphraseStdin],
  ] as const
  const named = fromStdin.filter(([, wanted]) => wanted === true).map(([name]) => name)
  if (named.length > 1) throw wrongUsage(`Only one of ${named.join(' and ')} can be read from stdin.`)
  const [first] = named
  const usesKey = options.key !== undefined || options.agent === true
  if (usesKey && first !== undefined && first !== '--passphrase-stdin') {
    throw wrongUsage(`Sign in with a key or with ${first}, not with both.`)
  }
  if (first === '--passphrase-stdin' && options.key === undefined) {
    throw wrongUsage('--passphrase-stdin is for the key that --key names.')
  }
}

async function givenToken(origin: URL, ca: string | undefined): Promise<Proof> {
  const token = await readSecretLine()
  const client = clientOf({ endpoint: { kind: 'https', origin, ca }, token, name: origin.origin })
  const { data } = await client.call('GET', '/api/v1/me', accountBody)
  return { entry: { token, handle: data.handle }, expiresAt: null }
}

/** The account's own spelling of its handle, which may differ from what was typed. */
async function whoIs(client: Client, token: string): Promise<string | undefined> {
  const headers = { authorization: `Bearer ${token}` }
  const { data } = await client.call('GET', '/api/v1/me', accountBody, { headers })
  return data.handle
}

function stillValid(origin: string, entry: StoredServer, failure: Failure): Failure {
  const id = entry.tokenId === undefined ? '' : ` Its id is ${entry.tokenId}.`
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.token-not-revoked',
    title: 'The token was forgotten here, but not revoked',
    detail: `${origin}: ${failure.details.title}. Until it ends, whoever has a copy can still use it; revoke it on the console.${id}`,
  })
}
