import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Bytes of each SHA-256 that a list keeps: among 16,000 entries one strange text in 70 million is taken for listed. */
const width = 5

/** A set of texts, kept as sorted beginnings of their SHA-256: compact, and nobody has to read what people call their cats. */
export interface DigestList {
  readonly size: number
  has(text: string): boolean
}

/** Reads a list at its first use and keeps it: most processes of an installation never set a password. */
export function lazyDigestList(file: URL): () => DigestList {
  let kept: DigestList | undefined
  return () => {
    kept ??= digestList(readFileSync(file))
    return kept
  }
}

/** @throws TypeError for bytes that are no sorted list: half a list would let through what the other half refuses */
export function digestList(bytes: Buffer): DigestList {
  const size = bytes.length / width
  const at = (index: number) => bytes.subarray(index * width, (index + 1) * width)
  if (!Number.isInteger(size)) throw new TypeError('a list of common passwords is cut off')
  for (let index = 1; index < size; index += 1) {
    if (Buffer.compare(at(index - 1), at(index)) >= 0) throw new TypeError('a list of common passwords is out of order')
  }
  return {
    size,
    has(text) {
      const wanted = hash('sha256', text, 'buffer')
      let low = 0
      let high = size
      while (low < high) {
        const middle = (low + high) >>> 1
        const start = middle * width
        // in place: a dozen views of five bytes each took longer than comparing them
        const order = bytes.compare(wanted, 0, width, start, start + width)
        if (order === 0) return true
        if (order < 0) low = middle + 1
        else high = middle
      }
      return false
    },
  }
}
