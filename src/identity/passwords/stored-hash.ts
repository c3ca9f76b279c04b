/**
 * Password hashes as they are stored: argon2id in PHC form, made here, and bcrypt (`$2a$`, `$2b$`, `$2y$`) brought from
 * elsewhere.
 */
export type StoredHash = ArgonHash | BcryptHash

export interface ArgonHash {
  readonly kind: 'argon2id'
  readonly memoryCost: number
  readonly timeCost: number
  readonly parallelism: number
  readonly salt: Buffer
  readonly digest: Buffer
}

export interface BcryptHash {
  readonly kind: 'bcrypt'
  readonly text: string
}

/** Costs that are computed at most: one more doubles the time, and 14 takes one to two seconds. */
export const bcryptCosts = { least: 4, most: 14 } as const

const base64 = '[A-Za-z0-9+/]+'
const argonForm = new RegExp(
  `^\\$argon2id\\$v=19\\$m=(\\d{1,6}),t=(\\d{1,2}),p=(\\d{1,2})\\$(${base64})\\$(${base64})$`,
)
const bcryptForm = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

/** `undefined` for whatever no sign-in can be checked against. */
export function readStoredHash(text: string): StoredHash | undefined {
  if (bcryptHashFault(text) === undefined) return { kind: 'bcrypt', text }
  const [, memory, time, lanes, salt, digest] = argonForm.exec(text) ?? []
  if (salt === undefined || digest === undefined) return undefined
  return {
    kind: 'argon2id',
    memoryCost: Number(memory),
    timeCost: Number(time),
    parallelism: Number(lanes),
    salt: Buffer.from(salt, 'base64'),
    digest: Buffer.from(digest, 'base64'),
  }
}

/** One sentence on what keeps a text from being taken as a hash from elsewhere; `undefined` for a bcrypt hash. */
export function bcryptHashFault(text: string): string | undefined {
  const cost = bcryptForm.exec(text)?.[1]
  if (cost === undefined) return 'Send a bcrypt hash: 60 characters that begin with $2a$, $2b$ or $2y$.'
  const { least, most } = bcryptCosts
  return Number(cost) < least || Number(cost) > most
    ? `Send a bcrypt hash of cost ${least} to ${most}; this one is of cost ${Number(cost)}.`
    : undefined
}

export function argonText({ memoryCost, timeCost, parallelism, salt, digest }: Omit<ArgonHash, 'kind'>): string {
  const unpadded = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${unpadded(salt)}$${unpadded(digest)}`
}
