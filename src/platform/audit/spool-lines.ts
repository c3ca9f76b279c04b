import { timingSafeEqual } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Keyring } from '../keyring/keyring.ts'
import type { Batch } from './batch-store.ts'

/** A batch as it waits in a file, or what there was no room for. */
export interface Spooled extends Batch {
  readonly dropped?: Dropped
}

export interface Dropped {
  readonly refusals: number
  readonly uses: number
}

/** No line that this code writes is longer, in bytes. */
export const longestLine = 16 * 1_048_576
const blockSize = 1_048_576

/**
 * Lines `<MAC> <JSON>`. Each MAC covers the one before, the first the writer, so that a line cannot be altered, left
 * out, moved or brought from another file; only an end can be cut off.
 */
export interface SpoolLine {
  readonly spooled: Spooled
  /** What the next line's MAC covers. */
  readonly link: string
}

/** What the first line's MAC covers. */
export function firstLink(writer: string): string {
  return `gatehouse-spool-1 ${writer}`
}

export function makeLine(
  keyring: Pick<Keyring, 'mac'>,
  previous: string,
  spooled: Spooled,
): { readonly bytes: Buffer; readonly link: string } {
  const json = JSON.stringify(spooled)
  const link = macOf(keyring, previous, json)
  return { bytes: Buffer.from(`${link} ${json}\n`), link }
}

/** A line without its end; `undefined` for what `makeLine` did not make for this place. */
export function verifyLine(keyring: Pick<Keyring, 'mac'>, previous: string, line: string): SpoolLine | undefined {
  const space = line.indexOf(' ')
  const json = line.slice(space + 1)
  const link = macOf(keyring, previous, json)
  const [given, right] = [Buffer.from(line.slice(0, Math.max(space, 0))), Buffer.from(link)]
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
  return { spooled: JSON.parse(json) as Spooled, link }
}

function macOf(keyring: Pick<Keyring, 'mac'>, previous: string, json: string): string {
  return Buffer.from(keyring.mac('platform.journal-spool', `${previous} ${json}`)).toString('base64url')
}

/** The lines of a file, and last what stands behind the last line's end, if anything; nothing longer than a line may be. */
export async function* linesIn(path: string): AsyncGenerator<{ readonly text: string; readonly whole: boolean }> {
  const file = await open(path, 'r')
  try {
    let rest = Buffer.alloc(0)
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(blockSize))
      if (bytesRead === 0) break
      let from = 0
      const block = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
      for (let end = block.indexOf(10); end !== -1; end = block.indexOf(10, from)) {
        yield { text: block.toString('utf8', from, end), whole: true }
        from = end + 1
      }
      rest = block.subarray(from)
      if (rest.length > longestLine) break
    }
    if (rest.length > 0) yield { text: rest.toString('utf8', 0, 1_024), whole: false }
  } finally {
    await file.close()
  }
}
