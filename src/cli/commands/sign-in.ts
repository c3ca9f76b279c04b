import { hostname } from 'node:os'
import { z } from 'zod'
import {
  accountBody,
  challenge,
  challengeBody,
  createdToken,
  halfSignIn,
  keySignInBody,
  secondChallengeBody,
  secondFactorBody,
  secondKeyBody,
  signInBody,
} from '#identity/contract'
import type { Client } from '../client.ts'
import { exitCodes, Failure } from '../failure.ts'
import { judged } from '../input.ts'
import { chooseKey, type Signer, withSecret } from '../signers.ts'
import { ask, askPassword, choose, isInteractive } from '../terminal.ts'
import { visible } from '../text.ts'

/** What the options gave to prove oneself with. */
export interface Proofs {
  readonly password?: string | undefined
  readonly key?: Signer | undefined
  readonly secret?: Signer | undefined
  readonly code?: string | undefined
}

export interface SignedIn {
  readonly token: string
  readonly tokenId: string
  readonly handle: string
  readonly expiresAt: string | null
}

/** A token, or a half sign-in that waits for another factor. */
const opened = z.union([createdToken, halfSignIn])
type Opened = z.infer<typeof opened>
type Half = z.infer<typeof halfSignIn>

interface SigningIn {
  readonly client: Client
  readonly handle: string
  readonly label: string
  readonly proofs: Proofs
}

/**
 * Proves what the server asks for: first the password, key or shared secret that was given, then of the rest what may
 * follow. What was not given is asked for on a terminal.
 *
 * @throws Failure `cli.another-factor` where more is asked for than was given and nobody is there to ask
 */
export async function signIn(client: Client, named: string | undefined, proofs: Proofs): Promise<SignedIn> {
  const handle = named ?? (await ask('Handle', '--handle'))
  const label = `gatehouse login on ${hostname()}`.slice(0, 100)
  const signing: SigningIn = { client, handle, label, proofs }
  const begun = await begin(signing)
  const { token, secret } = await complete(signing, begun.answer, begun.by)
  return { token: secret, tokenId: token.id, handle: await ownSpelling(client, secret), expiresAt: token.expiresAt }
}

type Kind = 'password' | 'key' | 'shared-secret' | 'code'

async function begin(signing: SigningIn): Promise<{ readonly answer: Opened; readonly by: Kind }> {
  const { password, key, secret } = signing.proofs
  // a password can only begin, so it does; of the others either may follow
  if (password !== undefined) return { answer: await byPassword(signing, password), by: 'password' }
  if (key !== undefined) return { answer: await byChallenge(signing, key), by: 'key' }
  if (secret !== undefined) return { answer: await byChallenge(signing, secret), by: 'shared-secret' }
  return { answer: await byPassword(signing, await askPassword('Password', false)), by: 'password' }
}

async function complete(signing: SigningIn, begun: Opened, by: Kind) {
  let answer = begun
  const used = new Set<Kind>([by])
  while ('signIn' in answer) {
    const further = await findFurther(signing, answer, used)
    if (further === undefined) {
      // a key that only follows: begun with the password, it does
      used.clear()
      used.add('password')
      answer = await byPassword(signing, await askPassword('Password', false))
      continue
    }
    used.add(further.kind)
    answer = await further.prove(answer.signIn)
  }
  return answer
}

interface Further {
  readonly kind: Kind
  readonly prove: (signIn: string) => Promise<Opened>
}

/** What goes on with a half sign-in; `undefined`: it is to begin again, with a password. @throws Failure */
async function findFurther(signing: SigningIn, half: Half, used: ReadonlySet<Kind>): Promise<Further | undefined> {
  const possible = half.phishingResistant ? [] : kindsIn(half).filter((kind) => !used.has(kind))
  const { key, secret, code } = signing.proofs
  const given = { key, 'shared-secret': secret, code, password: undefined }
  const known = possible.find((kind) => given[kind] !== undefined)
  const kind = known ?? (isInteractive() ? await chosenOf(possible) : undefined)
  if (kind === 'code') {
    const typed = code ?? (await ask('Code of the second factor', '--code'))
    return { kind, prove: (waiting) => byCode(signing, waiting, typed) }
  }
  if (kind === 'key' || kind === 'shared-secret') {
    const signer = given[kind] ?? (await askedSigner(kind))
    return { kind, prove: (waiting) => bySecondChallenge(signing, waiting, signer) }
  }
  if (!half.phishingResistant && isInteractive() && !used.has('password')) return undefined
  throw anotherFactor(half, possible, used)
}

/** What this program can prove of it. */
function kindsIn({ ways }: Half): readonly Kind[] {
  const kinds = ways.map((way) => (way === 'totp' || way === 'recovery-codes' ? 'code' : way))
  return [...new Set(kinds)].filter((kind) => kind === 'key' || kind === 'shared-secret' || kind === 'code')
}

const questions = {
  code: 'A code of the authenticator app, or a recovery code',
  key: 'A key',
  'shared-secret': 'A shared secret',
  password: 'The password',
} as const

async function chosenOf(kinds: readonly Kind[]): Promise<Kind | undefined> {
  if (kinds.length < 2) return kinds[0]
  return choose(
    'Another factor is asked for',
    kinds.map((kind) => ({ value: kind, label: questions[kind] })),
  )
}

async function askedSigner(kind: 'key' | 'shared-secret'): Promise<Signer> {
  if (kind === 'shared-secret') return withSecret(await askPassword('Shared secret', false, '--shared-secret-stdin'))
  const path = await ask('File of the key, or its .pub file with the key in ssh-agent', '--key')
  return chooseKey({ key: path })
}

async function byPassword({ client, handle, label }: SigningIn, password: string): Promise<Opened> {
  const body = judged(signInBody, { handle, label, password })
  return (await client.call('POST', '/api/v1/sign-in', opened, { body })).data
}

/** The server gives a line, which is signed here: the key stays where it is. */
async function byChallenge({ client, handle, label }: SigningIn, signer: Signer): Promise<Opened> {
  const asked = judged(challengeBody, { handle })
  const { data } = await client.call('POST', '/api/v1/sign-in/challenge', challenge, { body: asked })
  requireOwnChallenge(data.text, 'sign-in', client.name)
  const body = judged(keySignInBody, { handle, nonce: data.nonce, answer: await signer(data.text), label })
  return (await client.call('POST', '/api/v1/sign-in/key', opened, { body })).data
}

async function bySecondChallenge({ client, label }: SigningIn, waiting: string, signer: Signer): Promise<Opened> {
  const asked = judged(secondChallengeBody, { signIn: waiting })
  const { data } = await client.call('POST', '/api/v1/sign-in/second/challenge', challenge, { body: asked })
  requireOwnChallenge(data.text, 'second-factor', client.name)
  const body = judged(secondKeyBody, { signIn: waiting, nonce: data.nonce, answer: await signer(data.text), label })
  return (await client.call('POST', '/api/v1/sign-in/second/key', opened, { body })).data
}

async function byCode({ client, label }: SigningIn, waiting: string, code: string): Promise<Opened> {
  const body = judged(secondFactorBody, { signIn: waiting, code, label })
  return (await client.call('POST', '/api/v1/sign-in/second', opened, { body })).data
}

/**
 * Signs nothing but a line for signing in to this very server: another server in its place could pass on a line of its
 * victim, or any other text. @throws Failure `cli.not-trusted`
 */
function requireOwnChallenge(text: string, purpose: 'sign-in' | 'second-factor', origin: string): void {
  if (text.startsWith(`gatehouse ${purpose} at ${origin} as `) && /^[!-~]+(?: [!-~]+)*$/.test(text)) return
  throw new Failure({
    exit: exitCodes.unreachable,
    code: 'cli.not-trusted',
    title: 'The line to sign is for something else',
    detail: `${origin} asks to sign “${visible(text.slice(0, 200))}”. Nothing was signed. If the server is reached under another name than its own, use its own: it stands in that line.`,
  })
}

const optionsOf = {
  code: '--code',
  key: '--key or --agent',
  'shared-secret': '--shared-secret-stdin',
  password: '--password-stdin',
} as const

/** More is asked for than could be given here. */
function anotherFactor(half: Half, possible: readonly Kind[], used: ReadonlySet<Kind>): Failure {
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.another-factor',
    title: 'The server asks for another factor',
    detail: `What was given is right and not enough, so there is no token. ${whatWouldDo(half, possible, used)}`,
  })
}

const inBrowser =
  'sign in with a browser, make an API token at My account, and keep it here with gatehouse login --token-stdin.'

function whatWouldDo({ phishingResistant }: Half, possible: readonly Kind[], used: ReadonlySet<Kind>): string {
  if (phishingResistant) {
    return `A rule asks for a passkey or a client certificate, which work in a browser: ${inBrowser}`
  }
  if (possible.length > 0) {
    return `Give as well what the account has: ${possible.map((kind) => optionsOf[kind]).join(', or ')}.`
  }
  if (!used.has('password')) return 'Give the password as well, with --password-stdin: then the other may follow it.'
  return `The account has nothing that this command could prove: ${inBrowser}`
}

/** The account's own spelling of its handle, which may differ from what was typed. */
async function ownSpelling(client: Client, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` }
  return (await client.call('GET', '/api/v1/me', accountBody, { headers })).data.handle
}
