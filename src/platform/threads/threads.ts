import { BroadcastChannel } from 'node:worker_threads'
import type { Log } from '../log.ts'

/** Another thread that says nothing for this long is left out, in milliseconds. */
const patience = 2_000

/**
 * The other threads of this process that have this database open and serve beside this one. What is true for all of them
 * stands in the database; here they are asked for what each knows by itself, such as what it has counted.
 */
export interface Threads {
  /** How many besides this one; 0 with `[listen] workers` 0. */
  readonly others: number
  /** What this thread answers, at once or by a promise. @throws TypeError for a question that has an answer already */
  answer(question: string, give: (about: unknown) => unknown): void
  /**
   * Asks all others, at once. Never rejects: one that has no answer is left out, and so, told in the log, is one that fails or
   * is silent for two seconds.
   *
   * @param about goes to each of them as a copy (`structuredClone`), and so does an answer
   */
  ask(question: string, about?: unknown): Promise<readonly unknown[]>
}

export interface RunningThreads extends Threads {
  /** Answers and asks nobody any more. Idempotent. */
  leave(): void
}

interface Asked {
  readonly kind: 'asked'
  readonly id: string
  readonly question: string
  readonly about: unknown
}

interface Answered {
  readonly kind: 'answered'
  readonly id: string
  /** Absent: it could not. */
  readonly answer?: { readonly value: unknown }
}

interface Waiting {
  readonly answers: unknown[]
  silent: number
  readonly done: () => void
}

/** This thread is the only one. */
export function noOtherThreads(): RunningThreads {
  const asked = new Set<string>()
  return {
    others: 0,
    answer: (question) => requireNew(asked, question),
    ask: () => Promise.resolve([]),
    leave: () => undefined,
  }
}

/**
 * @param channel the same for every thread of a server, and for nobody else
 * @param place this thread's, unlike the others'
 */
export function joinThreads(
  { channel, place, others }: { readonly channel: string; readonly place: number; readonly others: number },
  log: Pick<Log, 'warn'>,
): RunningThreads {
  const line = new BroadcastChannel(channel)
  line.unref()
  const known = new Set<string>()
  const answers = new Map<string, (about: unknown) => unknown>()
  const waiting = new Map<string, Waiting>()
  let count = 0

  let left = false
  const say = (message: Asked | Answered): void => {
    if (!left) line.postMessage(message)
  }
  const reply = async ({ id, question, about }: Asked): Promise<void> => {
    const give = answers.get(question)
    if (give === undefined) {
      // not this thread's to know, or not yet
      say({ kind: 'answered', id })
      return
    }
    try {
      const value = await give(about)
      say({ kind: 'answered', id, answer: { value } })
    } catch (error) {
      log.warn({ error, question }, 'another thread asked, and could not be answered')
      say({ kind: 'answered', id })
    }
  }
  const take = ({ id, answer }: Answered): void => {
    const asked = waiting.get(id)
    if (asked === undefined) return
    asked.silent -= 1
    if (answer !== undefined) asked.answers.push(answer.value)
    if (asked.silent === 0) asked.done()
  }
  line.onmessage = ({ data }: { data: unknown }) => {
    const message = data as Asked | Answered
    if (message.kind === 'asked') void reply(message)
    else take(message)
  }

  return {
    others,
    answer: (question, give) => {
      requireNew(known, question)
      answers.set(question, give)
    },
    ask: (question, about) =>
      new Promise((resolve) => {
        if (left) {
          resolve([])
          return
        }
        count += 1
        const id = `${place}/${count}`
        const done = (): void => {
          clearTimeout(timer)
          waiting.delete(id)
          if (asked.silent > 0) log.warn({ question, silent: asked.silent }, 'other threads did not answer in time')
          resolve(asked.answers)
        }
        const timer = setTimeout(done, patience)
        const asked: Waiting = { answers: [], silent: others, done }
        waiting.set(id, asked)
        say({ kind: 'asked', id, question, about })
      }),
    leave: () => {
      left = true
      line.close()
      for (const { done } of waiting.values()) done()
    },
  }
}

function requireNew(known: Set<string>, question: string): void {
  if (known.has(question)) throw new TypeError(`${question} has an answer already`)
  known.add(question)
}
