import { settingsGroup } from './group.ts'

/** How much and how often. */
export const limitSettings = settingsGroup({}, {})
