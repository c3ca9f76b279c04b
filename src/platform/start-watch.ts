/** How long a start may be at one thing without a word, in milliseconds. */
const patience = 2_000

/** Told each thing a start turns to; says on standard error, once each, what takes longer than two seconds. */
export interface StartWatch {
  readonly at: (work: string) => void
  end(): void
}

/** @param say takes a line with its newline */
export function watchStart(say: (line: string) => void, afterMs = patience): StartWatch {
  let timer: NodeJS.Timeout | undefined
  return {
    at: (work) => {
      clearTimeout(timer)
      timer = setTimeout(() => say(`gatehouse: still starting: ${work}\n`), afterMs)
    },
    end: () => clearTimeout(timer),
  }
}
