import { chainPage, verdict } from '#platform/contract'
import { type Break, chainStart, followChain, type Head, type Link } from '../audit-chain.ts'
import { type Client, connect } from '../client.ts'
import { exitCodes, Failure, wrongUsage } from '../failure.ts'
import type { TargetOptions } from '../target.ts'
import { print } from '../terminal.ts'

export interface VerifyOptions extends TargetOptions {
  readonly contains?: string
}

/** Recomputes the chain from what the API gives out, then asks the server for its own verdict about the same head. */
export async function verifyJournal(options: VerifyOptions): Promise<void> {
  const noted = options.contains === undefined ? undefined : parseHead(options.contains)
  const client = await connect(options)
  const here = await recompute(client, noted)
  const body = { contains: { seq: here.seq, hash: here.hash } }
  const { data } = await client.call('POST', '/api/v1/audit/verify', verdict, { body })
  if (!data.sound) throw altered(data.broken.seq, data.broken.id ?? undefined, data.broken.explanation)
  const result = { sound: true, checked: here.seq, head: here, server: data }
  print(options, result, () => {
    const waiting = data.waiting === 0 ? '' : ` ${data.waiting} more wait to be linked.`
    return [
      `The journal is unaltered: ${here.seq} records, recomputed here and by the server.${waiting}`,
      `Head  ${here.seq}:${here.hash}`,
      'Keep the head somewhere else; "gatehouse audit verify --contains HEAD" later proves that nothing before it was rewritten.',
    ].join('\n')
  })
}

/** The head of the chain as computed here. @throws Failure `cli.journal-altered` at the first link that does not follow */
async function recompute(client: Client, noted: Head | undefined): Promise<Head> {
  let head = chainStart
  for (;;) {
    const query = { after: head.seq, limit: 1000 }
    const { data } = await client.call('GET', '/api/v1/audit-chain', chainPage, { query })
    if (data.items.length === 0) {
      requireSameEnd(head, data.head)
      if (noted !== undefined && noted.seq > head.seq) throw lost(noted, head)
      return head
    }
    requireNoted(noted, data.items, head)
    const next = followChain(head, data.items)
    if (isBreak(next)) throw altered(next.seq, next.id, next.explanation)
    head = next
  }
}

function isBreak(next: Head | Break): next is Break {
  return 'explanation' in next
}

/** The chain may have grown since the last page, but it never ends before its head, nor with another hash. */
function requireSameEnd(here: Head, claimed: Head): void {
  if (claimed.seq === here.seq && claimed.hash !== here.hash) {
    throw altered(here.seq, undefined, 'the hash that the server keeps as the head is another')
  }
  if (claimed.seq > here.seq) throw altered(here.seq + 1, undefined, `it is missing: the head is at ${claimed.seq}`)
}

function requireNoted(noted: Head | undefined, items: readonly Link[], head: Head): void {
  const found = noted === undefined ? undefined : items[noted.seq - head.seq - 1]
  if (noted !== undefined && found !== undefined && found.hash !== noted.hash) {
    throw altered(noted.seq, undefined, 'its hash is not the one noted earlier: the chain was rebuilt')
  }
}

function parseHead(text: string): Head {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text)
  if (match?.[1] === undefined || match[2] === undefined) {
    throw wrongUsage('--contains takes a head as verify prints it: SEQ:HASH with 64 hex digits.')
  }
  return { seq: Number(match[1]), hash: match[2].toLowerCase() }
}

function altered(seq: number, id: string | undefined, why: string): Failure {
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.journal-altered',
    title: `The journal was altered at record ${seq}`,
    detail: `Record ${seq}${id === undefined ? '' : ` (${id})`}: ${why}. What stands before it is as it was written. Keep a copy of the database, and compare it with a backup.`,
  })
}

function lost(noted: Head, head: Head): Failure {
  return altered(noted.seq, undefined, `it is missing: the chain ends at ${head.seq} now`)
}
