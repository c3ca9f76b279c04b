import { hash } from 'node:crypto'

const form = /^gen_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})$/

/** `gen_` + 256 random bits + a checksum, which lets secret scanners and this server tell a token from noise. */
export function newTokenText(random: { bytes(length: number): Uint8Array }): string {
  const body = Buffer.from(random.bytes(32)).toString('base64url')
  return `gen_${body}${checksum(body)}`
}

/** Whether a text has the form and checksum of an enrolment token; says nothing about its existence. */
export function isTokenText(text: string): boolean {
  const match = form.exec(text)
  return match?.[1] !== undefined && checksum(match[1]) === match[2]
}

/** How a token is stored and looked up. A plain hash is enough: there are 256 bits behind it. */
export function hashOfToken(text: string): string {
  return hash('sha256', text, 'base64url')
}

function checksum(body: string): string {
  return hash('sha256', `gen:${body}`, 'base64url').slice(0, 6)
}
