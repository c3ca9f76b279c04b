import { type TrafficView, trafficView } from '#gateway/contract'
import { connect } from '../client.ts'
import type { TargetOptions } from '../target.ts'
import { print } from '../terminal.ts'
import { facts, table, time } from '../text.ts'

export async function showTraffic(name: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const path = `/api/v1/routes/${encodeURIComponent(name)}/traffic`
  const { data, raw } = await client.call('GET', path, trafficView)
  print(options, raw, () => describe(data))
}

function describe({ route, since, lately, milliseconds, answers, refusals }: TrafficView): string {
  const ended = answers.filter(({ count }) => count > 0)
  const parts = [
    facts([
      ['Route', route],
      ['Since', time(since)],
      ...lately.map(({ seconds, passed, refused }): [string, string] => [
        `Last ${seconds} s`,
        `${passed} passed, ${refused} refused`,
      ]),
      [
        'Answers took',
        milliseconds === null
          ? undefined
          : `${milliseconds.half} ms in the middle, ${milliseconds.most} ms for 95 of 100, ${milliseconds.nearlyAll} ms for 99`,
      ],
    ]),
    ended.length === 0
      ? 'Nothing was handed to the app yet.'
      : table(
          ['ENDED', 'REQUESTS'],
          ended.map(({ ending, count }) => [ending, String(count)]),
        ),
    refusals.length === 0
      ? 'Nobody was refused.'
      : table(
          ['REFUSED', 'REQUESTS'],
          refusals.map(({ reason, count }) => [reason, String(count)]),
        ),
  ]
  return parts.join('\n\n')
}
