import { createHash, hash } from 'node:crypto'

const tokenBytes = 32
const checksumLength = 6

/** 256 random bits as base64url: the value of a session cookie or a link. */
export function newSecretText(random: { bytes(length: number): Uint8Array }): string {
  return Buffer.from(random.bytes(tokenBytes)).toString('base64url')
}

/** How a token is stored and looked up. A plain hash is enough: there are 256 bits behind it. */
export function hashOfToken(token: string): string {
  return hash('sha256', token, 'base64url')
}

/** `gat_` + 256 random bits + a checksum, which lets secret scanners and this server tell a token from noise. */
export function newApiToken(random: { bytes(length: number): Uint8Array }): string {
  const body = newSecretText(random)
  return `gat_${body}${checksum(body)}`
}

/** Whether a text has the form and checksum of an API token; says nothing about its existence. */
export function isApiToken(text: string): boolean {
  const match = /^gat_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})$/.exec(text)
  return match?.[1] !== undefined && checksum(match[1]) === match[2]
}

/** Whether a text has the form of a session's token, or a link's. */
export function isSessionToken(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text)
}

function checksum(body: string): string {
  return createHash('sha256').update(`gat:${body}`).digest('base64url').slice(0, checksumLength)
}
