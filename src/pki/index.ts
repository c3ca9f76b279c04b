import { accessRoom } from '#access'
import { defineRoom } from '#platform'
import { pkiConfig } from './config.ts'
import { enrolErrors } from './enrol/errors.ts'
import { enrolEvents } from './enrol/events.ts'
import { pkiErrors } from './errors.ts'
import { events } from './events.ts'
import { migrations } from './migrations/index.ts'
import { openPki } from './open.ts'
import { permissionTypes } from './permissions.ts'

export type { Authority, ClientProof, ClientRefusal, PkiFace } from './face.ts'

/** The local certificate authority: one root, a certificate for every host served. */
export const pkiRoom = defineRoom({
  name: 'pki',
  config: pkiConfig,
  migrations,
  errors: { ...pkiErrors, ...enrolErrors },
  events: { ...events, ...enrolEvents },
  permissions: permissionTypes,
  needs: { access: accessRoom },
  open: openPki,
})
