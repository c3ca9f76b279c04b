import type { AuditRecord, ChainedAuditRecord } from '#platform'
import { bareDocument, document, type Html, html } from '#platform/ui'
import { consoleErrors } from '../../src/console/errors.ts'
import { errorCodePage, errorListPage } from '../../src/console/views/error-codes.ts'
import { frame } from '../../src/console/views/frame.ts'
import { journalPage } from '../../src/console/views/journal.ts'
import { journalRecordPage, verifyPage } from '../../src/console/views/journal-record.ts'
import { overviewPage } from '../../src/console/views/overview.ts'
import { searchPage } from '../../src/console/views/search.ts'
import { samples } from '../../src/platform/ui-kit/samples.ts'

const now = Date.UTC(2026, 10, 22, 1, 5, 7)
const minute = 60_000
const pieces = samples({ now, text: (text) => text })
const alone = ['problemPage', 'refusalPage', 'strangerRefusal', 'confirmation', 'form'] as const
const piecesPerPage = 8

/** Pages made of samples, by path: every piece of the ui-kit, and the console's own pages. Without a server behind. */
export function samplePages(): ReadonlyMap<string, string> {
  return new Map([...consolePages(), ...bareSamples(), ...pieceSamples()])
}

function bareSamples(): [string, string][] {
  return alone.map((name) => [
    `/${name}`,
    bareDocument({ title: name, body: withHeading(name, pieces[name]) }).toString(),
  ])
}

function withHeading(name: string, piece: Html | undefined): Html {
  return piece?.toString().includes('<h1') === true ? piece : html`<h1>${name}</h1>${piece}`
}

function pieceSamples(): [string, string][] {
  const silent = new Set<string>([...alone, 'document', 'bareDocument'])
  const parts = Object.entries(pieces).filter(([name]) => !silent.has(name))
  const pages: [string, string][] = []
  for (let first = 0; first < parts.length; first += piecesPerPage) {
    const chapters = parts.slice(first, first + piecesPerPage).map(([name, piece]) => chapter(name, piece))
    const body = html`<main id="content"><h1>Pieces</h1>${chapters}</main>`
    pages.push([`/pieces-${first / piecesPerPage + 1}`, document({ title: 'Pieces', body, frame: 'full' }).toString()])
  }
  return pages
}

function chapter(name: string, piece: Html): Html {
  return html`<section><p class="faint"><code>${name}</code></p>${piece}</section>`
}

const record: ChainedAuditRecord = {
  position: 41,
  seq: 41,
  id: 'aud_01994b2f00017a3f8c55d0e1a2b3c4d5',
  at: now - 12 * minute,
  outcome: 'refused',
  action: 'routes:use',
  actor: { kind: 'account', id: 'acc_01994b2f00017a3f8c55d0e1a2b3c4d6', name: 'grace' },
  credentialId: 'crd_01994b2f00017a3f8c55d0e1a2b3c4d7',
  sessionId: 'ses_01994b2f00017a3f8c55d0e1a2b3c4d8',
  appId: undefined,
  grantId: undefined,
  address: '203.0.113.7',
  target: { type: 'Gateway::Route', id: 'rt_01994b2f00017a3f8c55d0e1a2b3c4d9', name: 'blog.example.org' },
  detail: { step: 'policy', code: 'not-held', policies: [], reason: 'No role of yours covers routes:use.' },
  requestId: 'req_01994b2f00017a3f8c55d0e1a2b3c4da',
  count: 3,
  hash: '8f'.repeat(32),
  previousHash: '1a'.repeat(32),
}

const records: readonly AuditRecord[] = [
  record,
  { ...record, id: 'aud_2', outcome: 'done', action: 'accounts.create', count: 1, at: now - 50 * minute },
  {
    ...record,
    id: 'aud_3',
    outcome: 'done',
    action: 'routes.update',
    count: 1,
    at: now - 3000 * minute,
    target: undefined,
  },
]

function consolePages(): [string, string][] {
  return [
    inFrame('/', overview('Overview', true)),
    inFrame('/overview-of-a-member', overview('Overview', false)),
    inFrame('/journal', journal(records)),
    inFrame('/journal-empty', journal([])),
    inFrame('/journal-record', journalRecordPage(record, now), '/journal'),
    inFrame('/journal-verify', verifyPage(undefined), '/journal'),
    inFrame(
      '/journal-sound',
      verifyPage({ sound: true, checked: 41, waiting: 1, head: { seq: 41, hash: '8f'.repeat(32) } }),
    ),
    inFrame('/journal-broken', verifyPage({ sound: false, checked: 40, broken: brokenRecord })),
    inFrame('/search', searchPage('', [])),
    inFrame('/search-nothing', searchPage('<b>zz</b>', []), '/search'),
    inFrame('/search-found', searchPage('gra', finds), '/search'),
    inFrame('/errors', errorListPage(consoleErrors)),
    inFrame('/error', errorCodePage('console.record-not-found', consoleErrors['console.record-not-found'])),
  ]
}

const finds = [
  { title: 'Pages', finds: [{ title: 'Grants', href: '/grants' }], more: false },
  {
    title: 'People',
    finds: [
      { title: 'Grace Hopper', note: 'grace', href: '/accounts/acc_1' },
      { title: 'Graham of a very long name that goes on and on '.repeat(3), note: 'graham', href: '/accounts/acc_2' },
    ],
    more: true,
  },
]

const brokenRecord = {
  seq: 41,
  id: record.id,
  problem: 'altered',
  explanation: `its columns and the record before give ${'8f'.repeat(32)}, stored is ${'1a'.repeat(32)}`,
} as const

function inFrame(path: string, body: Html, section = path): [string, string] {
  const rooms = [
    { group: 'people', titles: ['People', 'Groups'] },
    { group: 'access', titles: ['Roles', 'Policies', 'Grants', 'Requests', 'Networks', 'Why'] },
    { group: 'apps', titles: ['Routes', 'Certificates'] },
    { group: 'record', titles: ['Journal', 'Webhooks'] },
  ] as const
  const page = frame({
    title: 'Sample',
    body,
    section,
    rooms: rooms.flatMap(({ group, titles }) =>
      titles.map((title) => ({ title, group, href: `/${title.toLowerCase()}` })),
    ),
    who: { name: 'Grace Hopper', credential: 'password', address: '203.0.113.7' },
    host: 'gatehouse.localhost',
  })
  return [path, page.toString()]
}

function journal(list: readonly AuditRecord[]): Html {
  const filter = { who: '', what: '', outcome: '', from: '', to: '' }
  const filtered = list.length === 0
  return journalPage({
    live: undefined,
    records: list,
    filter,
    filtered,
    href: '/journal',
    next: 'cursor',
    further: false,
    now,
  })
}

function overview(name: string, operator: boolean): Html {
  const step = (title: string, text: string, order: number) => ({
    title,
    text,
    order,
    permission: 'routes:create',
    action: { text: 'Begin', href: '/routes/new' },
    command: 'gatehouse routes add blog.example.org http://127.0.0.1:3000',
    done: () => Promise.resolve(false),
  })
  return overviewPage({
    host: 'gatehouse.localhost',
    now,
    name,
    roles: operator ? ['administrator'] : [],
    groups: [],
    credential: 'password',
    address: '203.0.113.7',
    steps: operator
      ? [
          { step: step('Trust the authority', 'Browsers then show no warning.', 1), done: true },
          { step: step('Put an app behind the gate', 'Nobody reaches it without signing in.', 2), done: false },
          { step: step('Add a person', 'They sign in with a password of their own.', 3), done: false },
        ]
      : [],
    pending: operator
      ? [
          {
            title: 'Carol Shaw asks for routes:use:wiki',
            text: 'To correct the page about the printer.',
            action: { text: 'Answer', href: '/requests/ask_01994b2f00017a3f8c55d0e1a2b3c4d5' },
          },
        ]
      : [],
    apps: operator
      ? [
          { name: 'blog.example.org', href: 'https://blog.example.org/', note: 'Signed-in people' },
          { name: 'files.example.org', href: 'https://files.example.org/' },
        ]
      : [],
    records: operator ? records : undefined,
  })
}
