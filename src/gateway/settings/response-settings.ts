import { settingsGroup } from './group.ts'

/** What the client is told beside the app's own words. */
export const responseSettings = settingsGroup({}, {})
