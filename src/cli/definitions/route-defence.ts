import type { Command } from 'commander'
import { several } from './command.ts'

/** What create and update say about a route's answers and limits. */
export function defenceShape(command: Command): Command {
  return command
    .option('--preset <preset>', 'safe headers where the app sets none: compatible, strict, or auto')
    .option(
      '--answer-header <header>',
      "'Name: value' on every answer of the app (repeatable); in place of all there were",
      several,
    )
    .option('--no-answer-header', 'sets none')
    .option('--hide-header <name>', 'never reaches the browser (repeatable); in place of all there were', several)
    .option('--no-hide-header', 'takes none away')
    .option('--cookie-domain <how>', "own: the app's cookies stay with its host; keep: they may name a Domain")
    .option(
      '--cors-origin <origin>',
      'pages of this origin may read answers (repeatable): https://shop.example.org',
      several,
    )
    .option('--cors-method <method>', 'with --cors-origin: what they may do (repeatable)', several)
    .option('--cors-header <name>', 'with --cors-origin: a request header they may send (repeatable)', several)
    .option('--cors-expose <name>', 'with --cors-origin: an answer header they may read (repeatable)', several)
    .option('--cors-credentials', 'with --cors-origin: they act as whoever looks at them')
    .option('--cors-max-age <duration>', 'with --cors-origin: how long browsers need not ask again: 10m')
    .option('--no-cors', 'the app speaks for itself about other origins')
    .option('--max-body <size>', 'the longest body of a request: 10MB')
    .option('--no-max-body', 'takes any')
    .option('--max-headers <size>', 'all headers of a request together: 8kB')
    .option('--no-max-headers', 'takes as much as Gatehouse reads')
    .option('--rate <count/time>', 'how often it may be used: 600/1m')
    .option('--no-rate', 'as often as anybody likes')
    .option('--rate-burst <count>', 'with --rate: how many may come at once after a pause')
    .option('--rate-by <whom>', 'with --rate: principal (strangers by address) or address')
}
