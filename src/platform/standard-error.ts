import { write, writeSync } from 'node:fs'

/** Lines are written together: a system call a line would cost more than most requests. */
const gatheredLength = 65_536
const flushEveryMs = 100
/** What may wait, in bytes, to be written; beyond it lines are dropped and counted. */
const mostWaiting = 16_777_216
/** Somebody who reads slowly is asked again after so many milliseconds; at the exit so often at most. */
const pauseMs = 10
const lastAttempts = 200

interface Piece {
  readonly bytes: Buffer
  readonly lines: number
}

/**
 * Standard error for the lines of a log. Of our own: sonic-boom, which `pino.destination` is, ends the process when a file
 * refuses (a full disk), and at the exit tries that again for ever, without a turn of the event loop, so that it never ends.
 *
 * What is refused waits and is tried again ten times a second; when nobody can read any more (EPIPE) it is thrown away.
 * Never throws.
 */
export class StandardError {
  readonly #waiting: Piece[] = []
  #waitingBytes = 0
  #gathered: string[] = []
  #length = 0
  #dropped = 0
  #isWriting = false
  #pause: NodeJS.Timeout | undefined
  #isEnding = false
  #isClosed = false

  constructor() {
    setInterval(() => this.#handOn(), flushEveryMs).unref()
    process.prependListener('exit', () => this.#end())
  }

  /** A whole line, with its newline. */
  write(line: string): void {
    this.#gathered.push(line)
    this.#length += line.length
    if (this.#isEnding) this.#end()
    else if (this.#length >= gatheredLength) this.#handOn()
  }

  #handOn(): void {
    this.#take()
    this.#writeNext()
  }

  #take(): void {
    if (this.#length === 0 || this.#isClosed) return
    const piece = { bytes: Buffer.from(this.#gathered.join('')), lines: this.#gathered.length }
    this.#gathered = []
    this.#length = 0
    if (this.#waitingBytes + piece.bytes.length > mostWaiting) this.#dropped += piece.lines
    else this.#add(piece)
  }

  #add(piece: Piece): void {
    this.#waiting.push(piece)
    this.#waitingBytes += piece.bytes.length
  }

  #writeNext(): void {
    const [piece] = this.#waiting
    if (piece === undefined || this.#isWriting || this.#pause !== undefined || this.#isEnding) return
    this.#isWriting = true
    write(2, piece.bytes, (error, written) => {
      this.#isWriting = false
      if (error !== null) return this.#refused(error)
      this.#wrote(piece, written)
      this.#writeNext()
    })
  }

  #refused(error: Error): void {
    if (isGone(error)) this.#close()
    // a reader who is behind; a full disk is asked again with the next lines
    if (codeOf(error) !== 'EAGAIN') return
    this.#pause = setTimeout(() => {
      this.#pause = undefined
      this.#writeNext()
    }, pauseMs).unref()
  }

  #wrote(piece: Piece, written: number): void {
    this.#waitingBytes -= written
    if (written < piece.bytes.length) this.#waiting[0] = { ...piece, bytes: piece.bytes.subarray(written) }
    else this.#waiting.shift()
    // everything that waited is written: there is room to say what is missing
    if (this.#waiting.length === 0 && this.#dropped > 0) this.#addLoss()
  }

  #addLoss(): void {
    this.#add({ bytes: Buffer.from(lossLine(this.#dropped)), lines: 0 })
    this.#dropped = 0
  }

  /** Nothing asynchronous happens any more; what is being written is in the hands of a thread that ends it. */
  #end(): void {
    const inHand = this.#isWriting && !this.#isEnding ? 1 : 0
    this.#isEnding = true
    this.#take()
    if (this.#dropped > 0) this.#addLoss()
    const rest = Buffer.concat(
      this.#waiting
        .splice(0)
        .slice(inHand)
        .map(({ bytes }) => bytes),
    )
    this.#waitingBytes = 0
    if (!this.#isClosed) writeAtOnce(rest)
  }

  #close(): void {
    this.#isClosed = true
    this.#waiting.length = 0
    this.#waitingBytes = 0
  }
}

function writeAtOnce(bytes: Buffer): void {
  let attempt = 0
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(2, bytes, at)
      attempt = 0
    } catch (error) {
      attempt += 1
      // a full disk, or nobody reads any more: and there is nobody to tell
      if (codeOf(error) !== 'EAGAIN' || attempt === lastAttempts) return
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
    }
  }
}

function isGone(error: Error): boolean {
  return ['EPIPE', 'EBADF'].includes(String(codeOf(error)))
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function lossLine(lines: number): string {
  const message = 'log lines were dropped: standard error was not read in time'
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), lines, message })}\n`
}
