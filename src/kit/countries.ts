/**
 * ISO 3166-1 alpha-2, and `XK` for Kosovo, which has no code of its own there but stands in every database of
 * addresses.
 */
const codes = new Set(
  [
    'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ',
    'CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR',
    'GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP',
    'KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT',
    'MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW',
    'SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG',
    'UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW',
  ].flatMap((line) => line.split(' ')),
)

/** Whether a text is the code of a country, in capitals. */
export function isCountry(text: string): boolean {
  return codes.has(text)
}

/** Every code, sorted. */
export const countryCodes: readonly string[] = [...codes].toSorted()

let names: Intl.DisplayNames | undefined

/** The country's English name; the text itself where it is the code of none. */
export function countryName(code: string): string {
  if (!codes.has(code)) return code
  names ??= new Intl.DisplayNames('en', { type: 'region' })
  return names.of(code) ?? code
}

/** The countries' names, in the order of the English alphabet: what a field for them suggests. */
export function countryNames(): readonly string[] {
  return countryCodes.map(countryName).toSorted((one, other) => one.localeCompare(other, 'en'))
}

/** Countries as they were typed, with commas between, by English name or code in any case; those without a code are none. */
export function countriesIn(text: string): readonly { readonly text: string; readonly code: string | undefined }[] {
  const typed = text.split(/[,;\n]/).flatMap((part) => part.trim() || [])
  if (typed.length === 0) return []
  const known = new Map(countryCodes.flatMap((code) => [code, countryName(code)].map((by) => [by.toLowerCase(), code])))
  return typed.map((part) => ({ text: part, code: known.get(part.toLowerCase()) }))
}
