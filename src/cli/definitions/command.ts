import type { Command } from 'commander'

/** Words of a new command: what it does, and one line that shows it. */
export interface Words {
  readonly summary: string
  /** One or more command lines, without prompt. */
  readonly example: string
}

/** A group of commands about one kind of thing: `gatehouse accounts …`. */
export function group(parent: Command, name: string, summary: string): Command {
  return parent.command(name).description(summary).helpOption('-h, --help', 'prints this help').helpCommand(false)
}

/** One command that does something. All of them take `--json`. */
export function leaf(parent: Command, usage: string, { summary, example }: Words): Command {
  const lines = example.split('\n').map((line) => `  $ ${line}`)
  return parent
    .command(usage)
    .description(summary)
    .helpOption('-h, --help', 'prints this help')
    .option('--json', 'prints the result as JSON, and a failure as JSON on stderr')
    .addHelpText('after', `\nExample:\n${lines.join('\n')}`)
}

/** One command that talks to a server. */
export function remote(parent: Command, usage: string, words: Words): Command {
  return leaf(parent, usage, words)
    .option('--url <origin>', 'the server, for example https://gatehouse.localhost:8443')
    .option('--data <directory>', 'the data directory whose server is meant')
}

/** Collects an option that may be given several times; `--no-…` before it may have said none. */
export function several(value: string, before: readonly string[] | false | undefined): readonly string[] {
  return [...(before === false ? [] : (before ?? [])), value]
}
