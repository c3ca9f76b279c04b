import { types } from 'pg'

const oid = { bool: 16, bytea: 17, int8: 20, numeric: 1700 } as const

/** Values as SQLite gives them: whole numbers as numbers, truth as 0 or 1, bytes as Uint8Array. */
export const parsers = {
  getTypeParser: (id: number, format?: 'text' | 'binary'): ((value: string) => unknown) => {
    if (format !== 'binary') {
      switch (id) {
        case oid.bool:
          return (value) => (value === 't' ? 1 : 0)
        case oid.bytea:
          return bytes
        case oid.int8:
        case oid.numeric:
          return safeNumber
      }
    }
    return types.getTypeParser(id, format) as (value: string) => unknown
  },
}

/** @throws RangeError beyond 2^53, as node:sqlite does: a rounded number would be a wrong one */
function safeNumber(value: string): number {
  const number = Number(value)
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) throw new RangeError(`${value} is beyond 2^53`)
  return number
}

function bytes(value: string): Uint8Array {
  return new Uint8Array(Buffer.from(value.slice(2), 'hex'))
}
