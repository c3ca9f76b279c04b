import { type AnyRoute, lateRoutes, type Route, type RouteHead } from '#platform'
import * as credential from './credential-doors.ts'
import * as at from './doors.ts'
import type { Parts } from './parts.ts'

/** Everything this room answers over HTTP. */
export function identityRoutes(parts: Parts): readonly AnyRoute[] {
  const late = (doors: Readonly<Record<string, RouteHead>>, load: () => Promise<(parts: Parts) => readonly Route[]>) =>
    lateRoutes(doors, async () => (await load())(parts))
  const keyDoors = {
    ...credential.keySignInDoors,
    ...credential.keyProvingDoors,
    ...credential.keyCreationDoors,
    ...credential.keyApiDoors,
  }
  const passwordDoors = { ...credential.passwordDoors, ...credential.passwordApiDoors }
  return [
    ...late(at.signInDoors, async () => (await import('./routes/sign-in-routes.ts')).signInRoutes),
    ...late(keyDoors, async () => (await import('./keys/routes.ts')).keyRoutes),
    ...late(passwordDoors, async () => (await import('./passwords/routes.ts')).passwordRoutes),
    ...late(at.proveDoors, async () => (await import('./routes/prove-routes.ts')).proveRoutes),
    ...late(
      credential.certificateDoors,
      async () => (await import('./certificates/certificate-routes.ts')).certificateRoutes,
    ),
    ...late(at.credentialDoors, async () => (await import('./routes/credential-api.ts')).credentialApi),
    ...late(at.securityDoors, async () => (await import('./routes/security-pages.ts')).securityPages),
    ...late(credential.passkeyDoors, async () => (await import('./passkeys/passkey-routes.ts')).passkeyRoutes),
    ...late(
      credential.newPasskeyDoors,
      async () => (await import('./passkeys/new-passkey-routes.ts')).newPasskeyRoutes,
    ),
    ...late(credential.passkeyApiDoors, async () => (await import('./passkeys/api.ts')).passkeyApi),
    ...late(credential.codeDoors, async () => (await import('./one-time-codes/code-routes.ts')).codeRoutes),
    ...late(credential.codeApiDoors, async () => (await import('./one-time-codes/api.ts')).codeApi),
    ...late(credential.newCodeDoors, async () => (await import('./one-time-codes/new-code-routes.ts')).newCodeRoutes),
    ...late(at.secondDoors, async () => (await import('./routes/second-routes.ts')).secondRoutes),
    ...late(at.enrolDoors, async () => (await import('./routes/enrol-routes.ts')).enrolRoutes),
    ...late(at.setupDoors, async () => (await import('./routes/setup-routes.ts')).setupRoutes),
    ...late(at.accountApiDoors, async () => (await import('./routes/account-api.ts')).accountApi),
    ...late(at.ownApiDoors, async () => (await import('./routes/own-api.ts')).ownApi),
    ...late(at.sessionDoors, async () => (await import('./routes/session-api.ts')).sessionApi),
    ...late(at.accountDoors, async () => (await import('./routes/account-pages.ts')).accountPages),
    ...late(at.ownDoors, async () => (await import('./routes/own-pages.ts')).ownPages),
    ...late(at.invitationApiDoors, async () => (await import('./joining/invitation-api.ts')).invitationApi),
    ...late(at.invitationDoors, async () => (await import('./joining/invitation-pages.ts')).invitationPages),
    ...late(at.joinDoors, async () => (await import('./joining/join-pages.ts')).joinPages),
    ...late(at.recoveryDoors, async () => (await import('./recovery/recovery-pages.ts')).recoveryPages),
    ...late(at.linkDoors, async () => (await import('./recovery/link-routes.ts')).recoveryLinkRoutes),
    ...late(at.addressDoors, async () => (await import('./recovery/address-pages.ts')).addressPages),
    ...late(at.suspensionDoors, async () => (await import('./suspension/routes.ts')).suspensionRoutes),
  ]
}
