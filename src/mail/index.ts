/** Mail: queued with the change that causes it, sent after the commit. */
import { accessRoom } from '#access'
import { defineRoom } from '#platform'
import { mailConfig } from './config.ts'
import { mailPermissions } from './contract.ts'
import { mailErrors } from './errors.ts'
import { events } from './events.ts'
import { mailQueue } from './migrations/0001-mail.ts'
import { openMailRoom } from './open.ts'

export { addressFault, foldAddress } from './address.ts'
export type { MailFace, NewMail } from './face.ts'

export const mailRoom = defineRoom({
  name: 'mail',
  config: mailConfig,
  migrations: [mailQueue],
  errors: mailErrors,
  permissions: mailPermissions,
  events,
  needs: { access: accessRoom },
  open: async (kernel, _needs, config) => openMailRoom(kernel, config),
})
