/** What a decision takes for granted about time and place, the same for every question. */
export interface Bearings {
  /** IANA name of the time zone policies are told the time in. */
  readonly zone: string
  /** ISO 3166-1 alpha-2 of the country an address is in; `undefined` when that is unknown. Must not wait. */
  readonly regionOf: (address: string | undefined) => string | undefined
  /** Another number whenever an address may be in another country than before. */
  readonly regionsVersion: () => number
}
