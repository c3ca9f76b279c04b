import { errorsOf } from '#platform'

export const consoleErrors = {
  'console.record-not-found': {
    status: 404,
    title: 'No such record',
    detail: 'The journal holds no record {id}. Records are never removed, so the address is wrong; look in the list.',
  },
  'console.code-not-found': {
    status: 404,
    title: 'No such error code',
    detail: 'This Gatehouse knows no error {code}. Another version may; the list holds those of this one.',
  },
  'console.asset-not-found': {
    status: 404,
    title: 'No such file',
    detail: 'This file is not of this version of Gatehouse. Load the page again.',
  },
  'console.no-contact': {
    status: 404,
    title: 'No contact is named',
    detail:
      'Whoever runs this Gatehouse has not said where to report security problems. The setting is [console] contact in gatehouse.toml.',
  },
} as const

/** Builds an error of the console by code. */
export const failConsole = errorsOf(consoleErrors)
