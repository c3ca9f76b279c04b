import { settingsGroup } from './group.ts'

/** How several addresses of an app share the work. */
export const balanceSettings = settingsGroup({}, {})
