import { type Html, html } from './html.ts'

/** Green allowed, red refused or broken, amber narrowed or expiring, blue information, grey inactive. */
export type Tone = 'good' | 'bad' | 'narrow' | 'info' | 'off'

const marks: Readonly<Record<Tone, string>> = { good: '✓', bad: '✕', narrow: '!', info: 'i', off: '–' }

/** A word with a mark; the colour only repeats what both say. */
export function badge(tone: Tone, word: string): Html {
  return html`<span class="badge ${tone}">${mark(tone)}${word}</span>`
}

/** The mark of a tone, for beside a word; a screen reader hears the word alone. */
export function mark(tone: Tone): Html {
  return html`<span class="mark ${tone}" aria-hidden="true">${marks[tone]}</span>`
}

const tones: Readonly<Record<string, Tone>> = {
  active: 'good',
  allowed: 'good',
  done: 'good',
  healthy: 'good',
  valid: 'good',
  broken: 'bad',
  failed: 'bad',
  refused: 'bad',
  revoked: 'bad',
  unreachable: 'bad',
  ending: 'narrow',
  expiring: 'narrow',
  limited: 'narrow',
  suspended: 'narrow',
  waiting: 'narrow',
  new: 'info',
  public: 'info',
}

/** The badge of a state by its everyday word (`active`, `disabled`, `expired`, …); words it does not know are grey. */
export function state(word: string): Html {
  return badge(tones[word.toLowerCase()] ?? 'off', word.charAt(0).toUpperCase() + word.slice(1))
}
