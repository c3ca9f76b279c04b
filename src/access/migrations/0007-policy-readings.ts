import type { Migration } from '#platform'

/** What Cedar read out of the rooms' policies, authenticated: the same texts need not be read again at every start. */
export const policyReadings: Migration = {
  id: '0007-policy-readings',
  statements: ({ text, json, time, strict }) => [
    `create table access_policy_readings (
      digest ${text} primary key, reading ${json} not null, mac ${text} not null, at ${time} not null
    ) ${strict}`,
  ],
}
