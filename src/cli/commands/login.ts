import { accountBody } from '#identity/contract'
import { clientOf } from '../client.ts'
import { readCredentials, type StoredServer, writeCredentials } from '../credentials.ts'
import { exitCodes, Failure, wrongUsage } from '../failure.ts'
import { chooseKey, withSecret } from '../signers.ts'
import { parseOrigin, type TargetOptions } from '../target.ts'
import { confirm, isInteractive, note, print, readSecretLines } from '../terminal.ts'
import { time, visible } from '../text.ts'
import { establishTrust } from '../trust.ts'
import { type Proofs, type SignedIn, signIn } from './sign-in.ts'

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

type Proof = Omit<SignedIn, 'tokenId'> & { readonly tokenId?: string }

/** Signs in over HTTPS, once it is known that the server is the one that is meant, and stores the token it gives. */
export async function login(url: string | undefined, options: LoginOptions): Promise<void> {
  const secrets = await secretsOf(options)
  // judged before the server is asked for anything
  const proofs: Proofs = {
    password: secrets.password,
    key: await chooseKey({ ...options, passphrase: secrets.passphrase }),
    secret: secrets.sharedSecret === undefined ? undefined : withSecret(secrets.sharedSecret),
    code: options.code,
  }
  const stored = readCredentials()
  const origin = parseOrigin(
    url ?? process.env['GATEHOUSE_URL'] ?? stored.current ?? 'https://gatehouse.localhost:8443',
  )
  const ca = await trusted(origin, stored.servers[origin.origin], options)
  const stranger = clientOf({ endpoint: { kind: 'https', origin, ca }, token: undefined, name: origin.origin })
  const { expiresAt, ...kept }: Proof =
    secrets.token === undefined
      ? await signIn(stranger, options.handle, proofs)
      : await givenToken(origin, ca, secrets.token)
  const entry: StoredServer = { ...kept, ...(ca === undefined ? {} : { ca }) }
  // read again: another login may have finished while this one waited for a person
  const latest = readCredentials()
  try {
    writeCredentials({ ...latest, current: origin.origin, servers: { ...latest.servers, [origin.origin]: entry } })
  } catch (error) {
    // a token that nobody has must not stay valid; one that was given is somebody's
    if (kept.tokenId === undefined || !(error instanceof Failure)) throw error
    const failure = await revoke(origin.origin, entry)
    if (failure !== undefined) throw stillValid(origin.origin, entry, failure)
    const detail = `${error.details.detail} The token that was made was revoked again.`
    throw new Failure({ ...error.details, title: 'Signed in, but the token could not be kept', detail })
  }
  const result = { server: origin.origin, handle: kept.handle, expiresAt }
  print(options, result, () => {
    const until = expiresAt === null ? '' : ` until ${time(expiresAt)}`
    return `Signed in to ${origin.origin} as ${visible(kept.handle)}${until}.`
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
  const failure = await revoke(origin, entry)
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

/** What stood in the way, if anything. */
async function revoke(origin: string, { ca, token }: StoredServer): Promise<Failure | undefined> {
  try {
    const endpoint = { kind: 'https', origin: new URL(origin), ca } as const
    await clientOf({ endpoint, token, name: origin }).send('POST', '/api/v1/sign-out')
    return undefined
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return error
  }
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

type FromStdin = 'token' | 'password' | 'sharedSecret' | 'passphrase'

/**
 * The secrets that come on stdin, each on a line of its own, in the order in which help names them. @throws Failure wrong
 * usage for what does not go together, before anything is read
 */
async function secretsOf(options: LoginOptions): Promise<Readonly<Partial<Record<FromStdin, string>>>> {
  const named = fromStdin.filter(({ key }) => options[`${key}Stdin`] === true)
  const usesKey = options.key !== undefined || options.agent === true
  if (options.tokenStdin === true && (named.length > 1 || usesKey || options.code !== undefined)) {
    throw wrongUsage('--token-stdin keeps a token that is there already: nothing is proved with it.')
  }
  if (options.passphraseStdin === true && options.key === undefined) {
    throw wrongUsage('--passphrase-stdin is for the key that --key names.')
  }
  const lines = named.length === 0 ? [] : await readSecretLines(named.map(({ option }) => option))
  return Object.fromEntries(named.map(({ key }, at) => [key, lines[at]]))
}

const fromStdin = [
  { key: 'token', option: '--token-stdin' },
  { key: 'password', option: '--password-stdin' },
  { key: 'sharedSecret', option: '--shared-secret-stdin' },
  { key: 'passphrase', option: '--passphrase-stdin' },
] as const

async function givenToken(origin: URL, ca: string | undefined, token: string): Promise<Proof> {
  const client = clientOf({ endpoint: { kind: 'https', origin, ca }, token, name: origin.origin })
  const { data } = await client.call('GET', '/api/v1/me', accountBody)
  return { token, handle: data.handle, expiresAt: null }
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
