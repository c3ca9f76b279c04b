import { settingsGroup } from './group.ts'

/** What the app is told. */
export const requestSettings = settingsGroup({}, {})
