import { hostname } from 'node:os'
import { accountBody, createdToken, signInBody } from '#identity/contract'
import { type Client, clientOf } from '../client.ts'
import { readCredentials, type StoredServer, writeCredentials } from '../credentials.ts'
import { exitCodes, Failure, wrongUsage } from '../failure.ts'
import { judged } from '../input.ts'
import { parseOrigin, type TargetOptions } from '../target.ts'
import { ask, askPassword, confirm, isInteractive, note, print, readSecretLine } from '../terminal.ts'
import { time, visible } from '../text.ts'
import { establishTrust } from '../trust.ts'

export interface LoginOptions {
  readonly json?: boolean
  readonly handle?: string
  readonly passwordStdin?: boolean
  readonly tokenStdin?: boolean
  readonly caFingerprint?: string
}

/** Signs in over HTTPS, once it is known that the server is the one that is meant, and stores the token it gives. */
export async function login(url: string | undefined, options: LoginOptions): Promise<void> {
  if (options.passwordStdin === true && options.tokenStdin === true) {
    throw wrongUsage('Only one of --password-stdin and --token-stdin can be read from stdin.')
  }
  const stored = readCredentials()
  const origin = parseOrigin(
    url ?? process.env['GATEHOUSE_URL'] ?? stored.current ?? 'https://gatehouse.localhost:8443',
  )
  const ca = await trusted(origin, stored.servers[origin.origin], options)
  const stranger = clientOf({ endpoint: { kind: 'https', origin, ca }, token: undefined, name: origin.origin })
  const proof = options.tokenStdin === true ? await givenToken(origin, ca) : await signIn(stranger, options)
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

async function signIn(client: Client, options: LoginOptions): Promise<Proof> {
  const handle = options.handle ?? (await ask('Handle', '--handle'))
  const password = options.passwordStdin === true ? await readSecretLine() : await askPassword('Password', false)
  const body = judged(signInBody, { handle, password, label: `gatehouse login on ${hostname()}`.slice(0, 100) })
  const { data } = await client.call('POST', '/api/v1/sign-in', createdToken, { body })
  const { id, expiresAt } = data.token
  const me = await whoIs(client, data.secret)
  return { entry: { token: data.secret, tokenId: id, handle: me ?? handle }, expiresAt }
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
