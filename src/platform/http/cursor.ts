import { timingSafeEqual } from 'node:crypto'
import type { Actor } from '#kit'
import type { Keyring } from '../keyring/keyring.ts'
import { failHttp } from './http-errors.ts'

/** The list a cursor belongs to: its name and every filter and order that shapes it. */
export type CursorQuery = readonly (string | number | boolean | null)[]

/** Where the next page begins: the sort key of the last row shown, the row's id last. */
export type CursorPosition = readonly (string | number)[]

const macBytes = 16
const longest = 1_024

/**
 * An opaque page token: the position and a MAC over position and query. It can be read by its holder (so no secret in a
 * position) but neither made nor moved to another list, filter, order or reader.
 */
export function encodeCursor(keyring: Keyring, reader: Actor, query: CursorQuery, position: CursorPosition): string {
  const text = JSON.stringify(position)
  return Buffer.concat([macOf(keyring, reader, query, text), Buffer.from(text)]).toString('base64url')
}

/**
 * The position of a token this installation made for this very reader and query; `undefined` for an absent token (the first page).
 * Nothing of a token is parsed before its MAC holds, so none reaches SQL otherwise.
 *
 * @throws GateError `platform.bad-cursor` (400) for a token that was altered, invented, or made for another query or reader
 */
export function decodeCursor(
  keyring: Keyring,
  reader: Actor,
  query: CursorQuery,
  token: string | undefined,
): CursorPosition | undefined {
  if (token === undefined) return undefined
  if (token.length > longest || !/^[A-Za-z0-9_-]+$/.test(token)) throw failHttp('platform.bad-cursor')
  const bytes = Buffer.from(token, 'base64url')
  const text = bytes.subarray(macBytes).toString()
  // re-encoding refuses the alias a lenient decoder would let through in the last character
  const canonical = bytes.length > macBytes && bytes.toString('base64url') === token
  if (!canonical || !timingSafeEqual(macOf(keyring, reader, query, text), bytes.subarray(0, macBytes))) {
    throw failHttp('platform.bad-cursor')
  }
  return JSON.parse(text) as CursorPosition
}

function macOf(keyring: Keyring, { principal }: Actor, query: CursorQuery, position: string): Buffer {
  // JSON of one nested list: no two of reader, query and position share a text
  const bound = JSON.stringify([principal.kind, principal.id, query, position])
  return Buffer.from(keyring.mac('page-cursor', bound)).subarray(0, macBytes)
}
