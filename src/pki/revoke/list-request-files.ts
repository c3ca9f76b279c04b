import type { ListRequest, ToList } from './offline-lists.ts'

/** A list lasts as long as one of a root that is made here. */
const days = 90

/** What `openssl ca -gencrl` works with, by file name; put into one folder beside the authority's certificate and key. */
export function listRequestFiles({ number, revoked }: ListRequest): Readonly<Record<string, string>> {
  return {
    'crl.cnf': configuration,
    'index.txt': revoked.map(indexLine).join(''),
    crlnumber: `${evenHex(number)}\n`,
  }
}

/** The command that signs, for a key in `key.pem` and the certificate in `authority.pem`. */
export const signingCommand = 'openssl ca -gencrl -config crl.cnf -cert authority.pem -keyfile key.pem -out list.pem'

const configuration = `[ca]
default_ca = authority

[authority]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = ${days}
crl_extensions = list

[list]
authorityKeyIdentifier = keyid:always
`

/** As openssl-ca(1) keeps its database: state, end, revocation with reason, serial number, file, name. */
function indexLine({ serial, revokedAt, reason, notAfter, name }: ToList): string {
  // it knows no word for the rest
  const known = reason === 'unspecified' || reason === 'privilegeWithdrawn' ? '' : `,${reason}`
  const upper = serial.toUpperCase()
  const subject = `/CN=${(name ?? upper).replaceAll(/[^A-Za-z0-9 .-]/g, '_')}`
  return `R\t${opensslTime(notAfter)}\t${opensslTime(revokedAt)}${known}\t${upper}\tunknown\t${subject}\n`
}

function opensslTime(at: number): string {
  const digits = new Date(at).toISOString().replaceAll(/\D/g, '').slice(0, 14)
  // UTCTime until 2049, as RFC 5280 §4.1.2.5 has it
  return `${digits < '2050' ? digits.slice(2) : digits}Z`
}

function evenHex(number: number): string {
  const hex = number.toString(16).toUpperCase()
  return hex.length % 2 === 0 ? hex : `0${hex}`
}
