import type { PermissionType } from '#platform'

/** The permission type this room answers for. */
export const certificatePermissions: PermissionType = {
  type: 'certificates',
  actions: { read: 'See the certificates Gatehouse has issued' },
  ids: 'exact',
}
