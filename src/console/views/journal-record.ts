import type { AuditVerdict, ChainedAuditRecord } from '#platform'
import {
  actionForm,
  command,
  exactTime,
  type Fact,
  facts,
  type Html,
  html,
  id,
  link,
  notice,
  pageHeader,
  time,
} from '#platform/ui'
import { outcome, valueText } from './journal.ts'

const trail = [{ text: 'Journal', href: '/journal' }] as const
const verify = { text: 'Verify the journal', href: '/journal/verify' } as const

/** One record with everything it holds and its place in the chain. */
export function journalRecordPage(record: ChainedAuditRecord, now: number): Html {
  return html`${pageHeader({
    title: record.action,
    trail,
    state: outcome(record),
    lead: html`${time(record.at, now)}, by ${record.actor.name}`,
  })}${facts([...what(record), ...who(record)])}${detail(record)}${place(record)}`
}

function what({ at, count, target, requestId }: ChainedAuditRecord): Fact[] {
  return [
    { term: 'When', value: exactTime(at) },
    { term: 'Times', value: count },
    { term: 'About', value: target && html`${target.name ?? target.type} ${id(target.id)}` },
    { term: 'Kind', value: target?.type },
    { term: 'Request', value: id(requestId) },
  ]
}

function who({ actor, credentialId, sessionId, appId, grantId, address }: ChainedAuditRecord): Fact[] {
  const through = [
    { term: 'Credential', value: credentialId },
    { term: 'Session', value: sessionId },
    { term: 'App', value: appId },
    { term: 'Grant', value: grantId },
  ]
  return [
    { term: 'Who', value: html`${actor.name} ${actor.id !== actor.name && id(actor.id)}` },
    { term: 'From', value: address !== undefined && html`<code>${address}</code>` },
    ...through.flatMap(({ term, value }) => (value === undefined ? [] : [{ term, value: id(value) }])),
  ]
}

function detail(record: ChainedAuditRecord): Html | undefined {
  const entries = Object.entries(record.detail ?? {})
  if (entries.length === 0) return undefined
  const list = entries.map(([name, value]): Fact => {
    const text = valueText(value)
    return { term: words(name), value: text.includes('\n') ? html`<pre tabindex="0"><code>${text}</code></pre>` : text }
  })
  return html`<section aria-labelledby="detail"><h2 id="detail">Detail</h2>${facts(list)}</section>`
}

/** A name of the record in words: `notAfter` is “not after”. */
function words(name: string): string {
  return name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function place({ seq, id: of, hash, previousHash }: ChainedAuditRecord): Html {
  return html`<section aria-labelledby="place"><h2 id="place">Place in the chain</h2>
<p class="faint">The hash covers this record and the hash before it, so altering one record breaks every later one.</p>
${facts([
  { term: 'Number', value: seq ?? 'waits to be sealed, at most a second' },
  { term: 'Record', value: id(of) },
  { term: 'Hash', value: hash !== undefined && id(hash) },
  { term: 'Hash before', value: previousHash !== undefined && id(previousHash) },
])}<p>${link(verify)}</p></section>`
}

/** Before and after verification. */
export function verifyPage(verdict: AuditVerdict | undefined): Html {
  return html`${pageHeader({
    title: verify.text,
    trail,
    lead: 'Recomputes every hash from the first record. Nothing is changed.',
  })}${verdict && result(verdict)}
${actionForm({ action: verify.href, submit: verdict === undefined ? 'Verify now' : 'Verify again', look: 'primary' })}
<section aria-labelledby="elsewhere"><h2 id="elsewhere">Without trusting this server</h2>
<p>Keep the number and hash of the last record elsewhere: a journal rewritten as a whole no longer holds them.</p>
${command('gatehouse audit verify', 'The same in a terminal')}</section>`
}

function result(verdict: AuditVerdict): Html {
  if (!verdict.sound) {
    const { broken, checked } = verdict
    const before =
      checked === 0
        ? ''
        : checked === 1
          ? 'The record before it is sound.'
          : `The ${checked} records before it are sound.`
    return notice(
      'refused',
      `The chain breaks at record ${broken.seq}`,
      html`<p>${sentence(broken.explanation)} ${before}</p>${
        broken.id !== undefined && html`<p>${link({ text: 'Show the record', href: `/journal/${broken.id}` })}</p>`
      }`,
    )
  }
  const { checked, waiting, head } = verdict
  const rest = waiting === 0 ? '' : ` ${waiting} more ${waiting === 1 ? 'waits' : 'wait'} to be sealed.`
  return html`${notice('done', checked === 1 ? 'The one record is sound' : `All ${checked} records are sound`, `The last is number ${head.seq}.${rest}`)}
${command(`gatehouse audit verify --contains ${head.seq}:${head.hash}`, 'Keep this elsewhere; later it proves that the journal still holds these records')}`
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}
