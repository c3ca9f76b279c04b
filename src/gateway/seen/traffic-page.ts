import type { AuditRecord } from '#platform'
import { command, emptyState, facts, type Html, html, pageHeader, refreshed, table, time } from '#platform/ui'
import type { GatewayRoute } from '../routing/table.ts'
import { routeTabs } from '../views/route-tabs.ts'
import type { TrafficView } from './contract.ts'

export interface TrafficPageOptions {
  readonly route: GatewayRoute
  readonly traffic: TrafficView
  /** Newest first; `undefined` for who may not read the journal. */
  readonly refusals: readonly AuditRecord[] | undefined
  readonly now: number
}

/** What passes through a route now, and what is refused. */
export function trafficPage({ route, traffic, refusals, now }: TrafficPageOptions): Html {
  const { name } = route
  return html`${pageHeader({
    title: `Traffic of ${name}`,
    trail: [
      { text: 'Routes', href: '/routes' },
      { text: name, href: `/routes/${name}` },
    ],
    lead: html`Counted by the node that answers here, since ${time(Date.parse(traffic.since), now)}.`,
  })}${routeTabs(name, '/traffic')}${refreshed(
    `/routes/${name}/traffic`,
    html`${latelyText(traffic)}${answers(traffic)}${refused(traffic)}${recent(refusals, now)}`,
  )}
${command(`gatehouse routes traffic ${name}`, 'The same in a terminal')}`
}

function latelyText({ lately, milliseconds }: TrafficView): Html {
  return html`<section aria-labelledby="now"><h2 id="now">Now</h2>${facts([
    ...lately.map(({ seconds, passed, refused: not }) => ({
      term: `In ${spanText(seconds)}`,
      value: `${rateText(passed, seconds)} passed, ${rateText(not, seconds)} refused`,
    })),
    {
      term: 'Answers took',
      value:
        milliseconds === null
          ? undefined
          : `${milliseconds.half} ms in the middle, ${milliseconds.most} ms for 95 of 100, ${milliseconds.nearlyAll} ms for 99`,
    },
  ])}</section>`
}

function answers({ answers: all }: TrafficView): Html {
  return html`<section aria-labelledby="handed"><h2 id="handed">Handed to the app</h2>${table({
    caption: 'Requests handed to the app, by how they ended',
    columns: [
      { title: 'Ended', role: 'name', cell: ({ ending }) => endingText(ending) },
      { title: 'Requests', role: 'number', cell: ({ count }) => count },
    ],
    rows: all.filter(({ count }) => count > 0),
    empty: emptyState({ title: 'Nothing yet', text: 'No request was handed to the app since this node started.' }),
  })}</section>`
}

function refused({ refusals }: TrafficView): Html {
  return html`<section aria-labelledby="refused"><h2 id="refused">Refused</h2>${table({
    caption: 'Requests not handed on, by reason',
    columns: [
      { title: 'Reason', role: 'name', cell: ({ reason }) => reason },
      { title: 'Requests', role: 'number', cell: ({ count }) => count },
    ],
    rows: refusals,
    empty: emptyState({ title: 'Nobody was refused', text: 'Since this node started, everybody who came was let in.' }),
  })}</section>`
}

function recent(records: readonly AuditRecord[] | undefined, now: number): Html {
  if (records === undefined) {
    return html`<section aria-labelledby="latest"><h2 id="latest">Latest refusals</h2><p class="faint">They stand in the journal, which you may not read (<code>audit:read</code>).</p></section>`
  }
  return html`<section aria-labelledby="latest"><h2 id="latest">Latest refusals</h2>${table({
    caption: 'Latest refusals of this route in the journal, of all nodes',
    columns: [
      { title: 'When', role: 'name', cell: (row) => html`<a href="/journal/${row.id}">${time(row.at, now)}</a>` },
      { title: 'Who', cell: ({ actor }) => actor.name },
      { title: 'From', cell: ({ address }) => address !== undefined && html`<code>${address}</code>` },
      { title: 'Reason', cell: reasonOf },
      { title: 'Times', role: 'number', cell: ({ count }) => count },
      {
        title: 'Why',
        role: 'actions',
        cell: (row) => row.actor.kind !== 'anonymous' && html`<a href="${whyOf(row)}">Why?</a>`,
      },
    ],
    rows: records,
    empty: emptyState({
      title: 'None in the journal',
      text: 'Refusals by route, network, certificate and decision appear here within a second.',
    }),
  })}</section>`
}

function reasonOf({ detail }: AuditRecord): string | undefined {
  const reason = detail?.['reason']
  return typeof reason === 'string' ? reason : undefined
}

/** The question that was refused, asked again as it would be answered now. */
function whyOf({ action, actor, address }: AuditRecord): string {
  return `/why?${new URLSearchParams({ permission: action, principal: actor.id, ...(address === undefined ? {} : { address }) })}`
}

function endingText(ending: string): string {
  if (ending === 'gone') return 'The client left before the answer'
  if (ending === 'cut') return 'The answer broke off'
  if (ending === 'failed') return 'The app gave no answer'
  return ending === '1xx' ? 'Became a WebSocket' : ending
}

function spanText(seconds: number): string {
  return seconds < 60 ? `the last ${seconds} seconds` : seconds === 60 ? 'the last minute' : 'the last five minutes'
}

function rateText(count: number, seconds: number): string {
  const rate = count / seconds
  return `${rate === 0 ? 0 : rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`
}
