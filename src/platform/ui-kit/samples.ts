import type { Decision } from '#kit'
import type { Html } from './html.ts'
import * as kit from './index.ts'

/** An instant for samples, and the text that stands in every place a piece can show one. */
export interface SampleOptions {
  readonly now: number
  /** Replaces every text that could come from outside; tests plant hostile ones. */
  readonly text: (plain: string) => string
}

/** Every piece that makes markup, filled in. The gallery shows them, the tests search them. */
export function samples({ now, text }: SampleOptions): Readonly<Record<string, Html>> {
  return { ...structure(text), ...lists(text, now), ...input(text), ...states(text, now), ...outcomes(text) }
}

type Text = SampleOptions['text']

const hour = 3_600_000
const action = (text: Text) => ({ text: text('Add a route'), href: text('/routes/new') })
const fault = (text: Text, field: string, message: string) => ({ field, message: text(message) })

/** A refusal at the second step. */
export function sampleDecision(text: Text, allowed: boolean): Decision {
  return allowed
    ? {
        allowed,
        step: 'policy',
        code: text('policy'),
        reason: text('The role “member” permits routes:use.'),
        policies: [text('gateway:use')],
      }
    : {
        allowed,
        step: 'credential',
        code: text('credential-network'),
        reason: text('This password may be used from the office network only.'),
        policies: [],
      }
}

function structure(text: Text): Record<string, Html> {
  return {
    brand: kit.brand(),
    pageHeader: kit.pageHeader({
      title: text('blog.example.org'),
      lead: text('Hosts and paths people reach through Gatehouse, and who may.'),
      action: action(text),
      trail: [{ text: text('Routes'), href: text('/routes') }],
      state: kit.state(text('active')),
    }),
    button: kit.button(action(text), 'plain'),
    link: kit.link(action(text)),
    refreshed: kit.refreshed('/', kit.html`<p>${text('What is going on')}</p>`),
    tabs: kit.tabs(text('Parts of this account'), [
      { text: text('Facts'), href: text('/a'), current: true },
      { text: text('Credentials'), href: text('/b') },
      { text: text('Sessions'), href: text('/c') },
    ]),
    attributes: kit.html`<p${kit.attributes({ title: text('title'), 'data-name': text('name') })}>attributes</p>`,
    html: kit.html`<p title="${text('text')}">${text('text')}</p>`,
  }
}

function lists(text: Text, now: number): Record<string, Html> {
  const rows = [
    { host: 'blog.example.org', rule: 'signed in', uses: 1204, at: now - 3 * hour },
    { host: 'admin.a-rather-long-name.example.org', rule: 'routes:use', uses: 7, at: now - 40 * 24 * hour },
  ]
  const emptyState = kit.emptyState({
    title: text('No routes yet'),
    text: text('A route puts an app you already run behind sign-in.'),
    action: action(text),
    command: text('gatehouse routes add blog.example.org http://127.0.0.1:3000'),
  })
  return {
    table: kit.table({
      caption: text('Routes'),
      columns: [
        { title: text('Host'), role: 'name', sortBy: 'host', cell: (row) => text(row.host) },
        { title: text('Who may'), cell: (row) => text(row.rule) },
        { title: text('Changed'), sortBy: 'changed', cell: (row) => kit.time(row.at, now) },
        { title: text('Uses'), role: 'number', cell: (row) => row.uses },
        {
          title: text('Actions'),
          role: 'actions',
          cell: () => kit.actionForm({ action: text('/x'), submit: text('Disable'), label: text('Disable the route') }),
        },
      ],
      rows,
      empty: emptyState,
      sorting: { by: 'host', descending: false, href: (by, descending) => text(`/routes?by=${by}&down=${descending}`) },
    }),
    paging: kit.paging({ href: text('/routes'), next: text('cursor'), further: true, shown: 2, total: 40 }),
    emptyState,
    filterForm: kit.filterForm({
      action: text('/journal'),
      active: true,
      fields: [
        kit.field({ name: 'who', label: text('Who'), type: 'search', value: text('alice'), autocomplete: 'off' }),
        kit.select({
          name: 'outcome',
          label: text('Outcome'),
          value: 'refused',
          choices: [
            { value: '', text: text('Any') },
            { value: 'refused', text: text('Refused') },
          ],
        }),
      ],
    }),
    facts: kit.facts([
      { term: text('Handle'), value: text('alice') },
      { term: text('Created'), value: kit.time(now - 30 * hour, now) },
      { term: text('E-mail'), value: undefined },
      { term: text('Id'), value: kit.id(text('acc_01994b2f00017a3f8c55d0e1a2b3c4d5')) },
    ]),
  }
}

function input(text: Text): Record<string, Html> {
  const faults = [fault(text, 'handle', 'This handle is taken.'), fault(text, '/note', 'Say why.')]
  const field = kit.field({
    name: 'handle',
    label: text('Handle'),
    hint: text('Lower-case letters, digits and hyphens.'),
    value: text('Alice'),
    placeholder: text('alice'),
    autocomplete: 'username',
    required: true,
    code: true,
    faults,
  })
  const textArea = kit.textArea({
    name: 'note',
    label: text('Note'),
    hint: text('Shown to operators.'),
    value: text('…'),
    faults,
  })
  const numbered = kit.textArea({
    name: 'text',
    label: text('Text'),
    value: text('permit (principal, action, resource)\nwhen { true };'),
    numbered: { faulty: [2] },
    code: true,
  })
  const select = kit.select({
    name: 'role',
    label: text('Role'),
    hint: text('What the account may do at once.'),
    value: 'member',
    required: true,
    choices: [
      { value: 'member', text: text('Member') },
      { value: text('operator'), text: text('Operator') },
    ],
  })
  const choices = [
    { value: text('a'), text: text('Open routes'), hint: text('routes:use'), group: text('routes') },
    { value: 'b', text: text('Read the journal'), hint: text('audit:read'), group: text('audit') },
  ]
  const checkboxes = kit.checkboxes({
    name: 'permissions',
    label: text('May'),
    hint: text('Any of them.'),
    values: ['b'],
    choices,
    faults,
  })
  const radios = kit.radios({ name: 'rule', label: text('Who may'), value: 'b', choices, required: true, faults })
  return {
    field,
    textArea,
    select,
    checkboxes,
    radios,
    hidden: kit.hidden('revision', text('7')),
    form: kit.form({
      action: text('/accounts'),
      submit: text('Create the account'),
      faults,
      cancel: { text: text('Cancel'), href: text('/accounts') },
      body: [field, textArea, numbered, select],
    }),
    fileInto: kit.fileInto({
      into: text('cidrs'),
      label: text('Or choose its file'),
      accept: text('.txt'),
      refusal: text('This is a private key. It stays on your machine.'),
    }),
    passkeyForm: kit.passkeyForm({
      action: text('/sign-in/passkey'),
      options: text('/sign-in/passkey/options'),
      ceremony: 'get',
      submit: text('Sign in with a passkey'),
      values: { to: text('/') },
      missing: text('This browser has no passkeys.'),
      look: 'plain',
    }),
    actionForm: kit.actionForm({ action: text('/sign-out'), submit: text('Sign out'), values: { to: text('/') } }),
  }
}

function states(text: Text, now: number): Record<string, Html> {
  const badges = (['good', 'bad', 'narrow', 'info', 'off'] as const).map((tone) => kit.badge(tone, text(tone)))
  return {
    badge: kit.html`<p>${badges.map((badge) => kit.html`${badge} `)}</p>`,
    state: kit.html`<p>${['active', 'refused', 'expiring', 'disabled'].map((word) => kit.html`${kit.state(text(word))} `)}</p>`,
    mark: kit.html`<p>${kit.mark('good')} ${text('with a word')}</p>`,
    id: kit.html`<p>${kit.id(text('acc_01994b2f00017a3f8c55d0e1a2b3c4d5'))} ${kit.id(text('short'))}</p>`,
    time: kit.html`<p>${kit.time(now - 3 * hour, now)}, ${kit.time(now + 50 * hour, now)}, ${kit.time(undefined, now)}, ${kit.exactTime(now)}</p>`,
    exactTime: kit.exactTime(now),
    command: kit.command(text('gatehouse routes list --json'), text('The same in a terminal')),
    copyButton: kit.copyButton(text('text'), text('Copy')),
  }
}

function outcomes(text: Text): Record<string, Html> {
  const saw = {
    principal: text('alice, active'),
    credential: text('password, from 203.0.113.7'),
    app: text('none acts for her'),
    grant: text('none needed'),
    policy: text('gateway:use'),
  }
  const kinds = ['info', 'done', 'refused', 'warning'] as const
  return {
    notice: kit.html`${kinds.map((kind) => kit.notice(kind, text(`A notice of kind ${kind}`), text('With a sentence more.')))}`,
    confirmation: kit.confirmation({
      title: text('Remove the account “alice”'),
      consequences: [text('3 sessions end at once.'), text('2 tokens stop working.')],
      undo: text('This cannot be undone.'),
      action: text('/accounts/x/remove'),
      verb: text('Remove and sign out 3 sessions'),
      cancel: { text: text('Keep it'), href: text('/accounts/x') },
      values: { revision: text('7') },
      typeName: text('alice'),
      faults: [fault(text, 'confirm', 'This is not the name.')],
    }),
    dangerZone: kit.dangerZone([
      {
        title: text('Disable'),
        text: text('Nobody reaches it until it is enabled again.'),
        href: text('/x'),
        verb: text('Disable…'),
      },
      {
        title: text('Remove'),
        text: text('Its address is free for another.'),
        href: text('/y'),
        verb: text('Remove…'),
      },
    ]),
    decisionChain: kit.html`${[false, true].map((allowed) => kit.decisionChain({ decision: sampleDecision(text, allowed), saw }))}`,
    problemPage: kit.problemPage({
      title: text('Address taken'),
      detail: text('Another route already answers at this host and path. Nothing was changed. Choose another path.'),
      code: text('gateway.route-exists'),
      status: 409,
      requestId: text('req_1'),
      faults: [fault(text, 'host', 'Taken.')],
      action: { text: text('Back'), href: text('/routes') },
    }),
    refusalPage: kit.refusalPage({
      wanted: text('open blog.example.org'),
      decision: sampleDecision(text, false),
      saw,
      remedy: text('Signing in from the office network, or with a passkey.'),
      who: text('You, with another credential.'),
      why: { text: text('Why?'), href: text('/decisions/1') },
      requestId: text('req_1'),
    }),
    strangerRefusal: kit.strangerRefusal({ text: text('Sign in'), href: text('/sign-in') }),
    document: kit.document({ title: text('Title'), body: text('body') }),
    bareDocument: kit.bareDocument({ title: text('Title'), body: text('body') }),
    textFilter: kit.textFilter({ action: text('/roles'), label: text('Name'), value: text('operators') }),
  }
}
