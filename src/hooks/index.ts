/** Webhooks: every event, signed, to addresses of choice. */
import { accessRoom } from '#access'
import { defineRoom } from '#platform'
import { hooksConfig } from './config.ts'
import { permissionTypes } from './contract.ts'
import { hooksErrors } from './errors.ts'
import { events } from './events.ts'
import { migrations } from './migrations/index.ts'
import { openHooks } from './open.ts'

export type { HooksFace } from './open.ts'

export const hooksRoom = defineRoom({
  name: 'hooks',
  config: hooksConfig,
  migrations,
  errors: hooksErrors,
  permissions: permissionTypes,
  events,
  needs: { access: accessRoom },
  open: async (kernel, { access }, config) => openHooks(kernel, access, config),
})
