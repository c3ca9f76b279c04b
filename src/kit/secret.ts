import { inspect } from 'node:util'

const values = new WeakMap<Secret, string>()

/** A text that must not be printed: its string, JSON and inspect forms are redacted. `reveal` is the one way out. */
export class Secret {
  constructor(value: string) {
    values.set(this, value)
  }

  /** The text itself. Call it where it is used, never to pass it on. */
  reveal(): string {
    return values.get(this) ?? ''
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
