import { fail } from '../platform-errors.ts'

/** What both engines take as a parameter. */
export type Bindable = string | number | bigint | Uint8Array | null

/**
 * One meaning of a parameter on both engines: booleans are 0 and 1, `undefined` is NULL.
 *
 * @throws TypeError for anything that has no column type: a Date, an object, a fraction that is not finite
 * @throws GateError `platform.text-not-storable` for a text with NUL, which PostgreSQL refuses
 */
export function bindable(value: unknown): Bindable {
  switch (typeof value) {
    case 'string':
      if (value.includes('\0')) throw fail('platform.text-not-storable')
      return value
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be stored`)
      return value
    case 'bigint':
      return value
    case 'boolean':
      return value ? 1 : 0
    case 'undefined':
      return null
    default:
      if (value === null || value instanceof Uint8Array) return value
      throw new TypeError(`a query parameter is ${Object.prototype.toString.call(value)}; stores turn it into a column`)
  }
}

export function bindableAll(values: readonly unknown[]): Bindable[] {
  return values.map(bindable)
}
