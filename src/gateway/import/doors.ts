import { doors } from '#platform'

/** Who may have rules of other gates turned into routes; what does it is loaded with the first who asks. */
export const importDoors = doors('api', {
  'POST /api/v1/route-imports/oathkeeper': {
    access: { permission: 'routes:create' },
    summary: "Turn Ory Oathkeeper's access rules into routes; nothing is changed",
  },
})
