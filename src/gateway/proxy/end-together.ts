import type { ServerResponse } from 'node:http'

/**
 * Ends HTTP/1 answers with their last piece at the end of this turn of the event loop, all of one turn together. Each
 * answer is a write to another process, which wakes it, and waking it for each costs more than waking it once for all: a
 * request takes some 8 % less processor time so (`docs/plan.md`). An answer alone waits for nothing.
 */
export function endTogether(response: ServerResponse, last: Buffer): void {
  if (answers.length === 0) setImmediate(endAll)
  answers.push(response)
  pieces.push(last)
}

let answers: ServerResponse[] = []
let pieces: Buffer[] = []

function endAll(): void {
  const [ending, lasts] = [answers, pieces]
  answers = []
  pieces = []
  for (let at = 0; at < ending.length; at += 1) ending[at]?.end(lasts[at])
}
