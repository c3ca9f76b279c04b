import type { AccessFace } from '#access'
import type { MailFace } from '#mail'
import type { Kernel } from '#platform'
import type { KeptCertificates } from './certificates/kept-elsewhere.ts'
import type { IdentityConfig } from './config.ts'
import type { PasswordHasher } from './password-hash.ts'
import type { BreachedPasswords } from './passwords/breached.ts'
import type { StandIns } from './passwords/stand-ins.ts'

/** What the use-cases of this room work with; assembled once in `open`. */
export interface Parts {
  readonly kernel: Kernel
  readonly access: AccessFace
  readonly mail: MailFace
  readonly config: IdentityConfig
  readonly hasher: PasswordHasher
  readonly breached: BreachedPasswords
  readonly certificates: KeptCertificates
  readonly standIns: StandIns
}
