import { fstatSync, writeFileSync } from 'node:fs'
import { interrupted, notWritten, wrongUsage } from './failure.ts'
import { visibleJson } from './text.ts'

/** Prints a result: the answer as JSON with `--json`, otherwise what `text` makes of it. */
export function print(options: { readonly json?: boolean }, value: unknown, text: () => string): void {
  printText(`${options.json === true ? visibleJson(value) : text()}\n`)
}

/**
 * Writes a result as it is. Where stdout is a file that is done whole or not at all: Node's stream takes a write that a
 * full disk cut short for a whole one.
 *
 * @throws Failure `cli.not-written`
 */
export function printText(text: string): void {
  const { fd } = process.stdout
  if (!fstatSync(fd).isFile()) {
    process.stdout.write(text)
    return
  }
  try {
    writeFileSync(fd, text)
  } catch (error) {
    throw notWritten('Standard output', error)
  }
}

/** Says something beside the result, where it does not mix with it. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Bold on a terminal that wants colours (https://no-color.org), plain elsewhere. */
export function bold(text: string): string {
  return wantsColours() ? `\u001b[1m${text}\u001b[22m` : text
}

function wantsColours(): boolean {
  return process.stderr.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb'
}

const colours = { '+': 32, '-': 31, '~': 33, '!': 35 } as const

/** Colours a mark of a difference and what stands behind it; never where either stream goes to a file. */
export function painted(text: string, mark: keyof typeof colours): string {
  return wantsColours() && process.stdout.isTTY ? `\u001b[${colours[mark]}m${text}\u001b[39m` : text
}

/** Whether somebody is there to answer. Prompts are written to stderr, so that stdout holds results only. */
export function isInteractive(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** A text the person types. @throws Failure wrong usage without a terminal, naming the option to use instead */
export async function ask(question: string, instead: string): Promise<string> {
  requireTerminal(instead)
  const { text, isCancel } = await import('@clack/prompts')
  const answer = await text({
    message: question,
    output: process.stderr,
    validate: (value) => (value === undefined || value === '' ? 'Needed.' : undefined),
  })
  if (isCancel(answer)) throw interrupted()
  return answer
}

/** One of several. Only where `isInteractive`. */
export async function choose<Value extends string>(
  question: string,
  options: readonly { readonly value: Value; readonly label: string }[],
): Promise<Value> {
  const { select, isCancel } = await import('@clack/prompts')
  // the prompt's own type of options is a condition that is not resolved for a type parameter
  const answer = await select<string>({ message: question, options: [...options], output: process.stderr })
  if (isCancel(answer)) throw interrupted()
  const chosen = options.find(({ value }) => value === answer)
  if (chosen === undefined) throw new TypeError('an answer that was not offered')
  return chosen.value
}

/** A password, not echoed. `twice` when it is new. @throws Failure as `ask` */
export async function askPassword(question: string, twice: boolean, instead = '--password-stdin'): Promise<string> {
  requireTerminal(instead)
  const { password, isCancel } = await import('@clack/prompts')
  const typed = await password({ message: question, mask: '', output: process.stderr })
  if (isCancel(typed)) throw interrupted()
  if (!twice) return typed
  const again = await password({ message: 'The same again', mask: '', output: process.stderr })
  if (isCancel(again)) throw interrupted()
  if (again !== typed) throw wrongUsage('The two passwords differ. Nothing was sent.')
  return typed
}

/** The first line of stdin: a password or token that must not stand among the arguments. @throws Failure when there is none */
export async function readSecretLine(): Promise<string> {
  const [line] = await linesOfStdin(1)
  if (line === undefined) throw nothingCame()
  return line
}

/** As many lines of stdin as there are options that want one, in that order. @throws Failure naming whose is missing */
export async function readSecretLines(options: readonly string[]): Promise<readonly string[]> {
  const lines = await linesOfStdin(options.length)
  if (lines.length === 0) throw nothingCame()
  const missing = options[lines.length]
  if (missing === undefined) return lines
  throw wrongUsage(
    `On stdin there is no line for ${missing}: one for each is read, in the order ${options.join(', ')}.`,
  )
}

const nothingCame = () => wrongUsage('Nothing came on stdin: pass the secret as one line, for example from a file.')

/** The first lines of stdin that are there, at most `count`; ends at an empty one. */
async function linesOfStdin(count: number): Promise<readonly string[]> {
  let text = ''
  for await (const chunk of process.stdin) {
    text += String(chunk)
    if (text.split('\n').length > count || text.length > 64 * 1024) break
  }
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''))
  const end = lines.indexOf('')
  return lines.slice(0, end === -1 ? count : Math.min(end, count))
}

/**
 * Asks before something that hurts. `consequence` says what will happen and whether it can be undone; `--yes` answers.
 *
 * @throws Failure wrong usage without a terminal, `cli.interrupted` when the answer is no
 */
export async function confirm(consequence: string, options: { readonly yes?: boolean }): Promise<void> {
  if (options.yes === true) return
  requireTerminal('--yes')
  const { confirm: ask, isCancel } = await import('@clack/prompts')
  const answer = await ask({ message: consequence, initialValue: false, output: process.stderr })
  if (isCancel(answer) || !answer) throw interrupted()
}

function requireTerminal(instead: string): void {
  if (!isInteractive()) throw wrongUsage(`There is no terminal to ask on: use ${instead}.`)
}
