import type { FieldFault, StateFault, StatePath } from '#platform'
import { fail } from './errors.ts'

/** Told at most; who corrects these is told of the next. */
const mostTold = 200

/** A JSON pointer (RFC 6901) into the file. */
export function pointer(path: StatePath): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Gathers what is wrong, so that all of it is told at once. */
export class Faults {
  readonly #all: FieldFault[] = []

  /** No more will be told: what is looked for from now on is looked for in vain. */
  get full(): boolean {
    return this.#all.length === mostTold
  }

  add(path: StatePath, message: string): void {
    const field = pointer(path)
    if (this.#all.some((fault) => fault.field === field && fault.message === message)) return
    if (this.#all.length < mostTold) this.#all.push({ field, message })
  }

  addAll(base: StatePath, faults: readonly StateFault[]): void {
    for (const { at, message } of faults) this.add([...base, ...at], message)
  }

  /** @throws GateError `state.faults` with all of them, when there are any */
  throwIfAny(): void {
    if (this.#all.length > 0) throw fail('state.faults', { faults: this.#all })
  }
}
