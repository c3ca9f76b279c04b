import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import type { SMTPServerOptions } from 'smtp-server'
import { z } from 'zod'
import { type AccessFace, accessRoom } from '#access'
import { defineRoom, listAudit } from '#platform'
import {
  eachDialect,
  fakeClock,
  memoryLog,
  memorySeal,
  type OpenDatabase,
  testCertificate,
  testHouse,
} from '#platform/testing'
import type { MailFace, NewMail } from './face.ts'
import { mailRoom } from './index.ts'
import { countMails, findDueMail } from './mail-store.ts'
import { startMailbox } from './testing.ts'

const system = { principal: { kind: 'system', id: 'system', name: 'system' } } as const

const invitation: NewMail = {
  to: 'ada@example.org',
  subject: 'You are invited: ünïcode',
  text: `Hello Ada,\n\nhttps://gatehouse.localhost/join?token=${'t'.repeat(80)}\n.\nGatehouse\n`,
  purpose: 'identity.invitation',
  about: { type: 'invitation', id: 'inv_1' },
}

async function startHouse(t: TestContext, open: OpenDatabase, config: unknown) {
  const faces: { mail: MailFace; access: AccessFace }[] = []
  const clock = fakeClock()
  const log = memoryLog()
  const witness = defineRoom({
    name: 'witness',
    config: z.strictObject({}),
    migrations: [],
    errors: {},
    permissions: [],
    needs: { access: accessRoom, mail: mailRoom },
    open: async (_kernel, needs) => {
      faces.push(needs)
      return { face: {} }
    },
  })
  const configs = { mail: config }
  const house = await testHouse(t, {
    open,
    clock,
    log,
    configs,
    rooms: [accessRoom, mailRoom, witness],
    seal: memorySeal(),
  })
  const [seen] = faces
  assert.ok(seen)
  const { mail } = seen
  const { database } = house.kernel
  const job = house.house.jobs.find(({ name }) => name === 'mail.deliver')
  return {
    ...house,
    clock,
    log,
    mail,
    queue: (one: NewMail) => house.kernel.context(system).tx((tx) => mail.queue(tx, one)),
    waiting: () => countMails(database.db, 100),
    /** What time alone brings about. */
    async pass(ms: number) {
      clock.advance(ms)
      await job?.run(house.kernel.context(system))
    },
    journal: () => listAudit(database.db, { actionPrefix: 'mails.' }, { limit: 50 }),
  }
}

eachDialect((_, open) => {
  test('a mail is sent after the commit, as it was written, and forgotten here', async (t) => {
    const box = await startMailbox(t)
    const house = await startHouse(t, open, box.config)
    assert.equal(await house.queue(invitation), true)
    assert.equal(box.mails.length, 0, 'not before it is delivered')
    await house.deliverEvents()
    const [mail] = box.mails
    assert.ok(mail)
    assert.deepEqual([mail.from, mail.to], ['gatehouse@example.org', ['ada@example.org']])
    assert.equal(mail.text, invitation.text)
    assert.equal(mail.headers.get('from'), 'Gatehouse <gatehouse@example.org>')
    assert.equal(mail.headers.get('to'), 'ada@example.org')
    assert.equal(mail.headers.get('auto-submitted'), 'auto-generated')
    assert.match(mail.headers.get('subject') ?? '', /^=\?UTF-8\?/)
    assert.match(mail.headers.get('message-id') ?? '', /^<eml_\w+@example\.org>$/)
    assert.equal(Date.parse(mail.headers.get('date') ?? ''), Math.floor(house.clock.now() / 1000) * 1000)
    assert.equal(await house.waiting(), 0)
    await house.deliverEvents()
    await house.pass(60_000)
    assert.equal(box.mails.length, 1)
  })

  test('a mail of a transaction that is undone is never sent', async (t) => {
    const box = await startMailbox(t)
    const house = await startHouse(t, open, box.config)
    const undone = house.kernel.context(system).tx(async (tx) => {
      await house.mail.queue(tx, invitation)
      throw new RangeError('undone')
    })
    await assert.rejects(undone, RangeError)
    await house.deliverEvents()
    await house.pass(60_000)
    assert.equal(box.mails.length, 0)
  })

  test('neither address nor link lies in the database in clear', async (t) => {
    const box = await startMailbox(t)
    const house = await startHouse(t, open, box.config)
    await house.queue(invitation)
    const waiting = await findDueMail(house.kernel.database.db, house.clock.now())
    assert.ok(waiting)
    const kept = `${JSON.stringify(waiting)}${Buffer.from(waiting.sealed).toString('latin1')}`
    for (const part of ['ada', 'tttttt', 'invited']) assert.ok(!kept.includes(part), part)
  })

  test('a mail that is not taken is tried again with growing pauses, and arrives', async (t) => {
    const box = await startMailbox(t)
    const house = await startHouse(t, open, box.config)
    box.refuseWith = { code: 451, text: 'greylisted' }
    await house.queue(invitation)
    await house.deliverEvents()
    assert.equal(await house.waiting(), 1)
    await house.pass(9_000)
    assert.equal(box.mails.length, 0)
    await house.pass(1_000)
    box.refuseWith = undefined
    await house.pass(39_000)
    assert.equal(box.mails.length, 0, 'the second pause is four times as long')
    await house.pass(1_000)
    assert.equal(box.mails.length, 1)
    assert.deepEqual(await house.journal(), [])
  })

  test('one mail that is not taken holds up no other', async (t) => {
    const box = await startMailbox(t)
    const house = await startHouse(t, open, box.config)
    box.refuseWith = { code: 451, text: 'later' }
    await house.queue(invitation)
    await house.deliverEvents()
    box.refuseWith = undefined
    await house.queue({ ...invitation, to: 'bert@example.org' })
    await house.deliverEvents()
    assert.deepEqual(
      box.mails.map(({ to }) => to),
      [['bert@example.org']],
    )
  })

  test('a recipient that is refused for good is given up at once, journalled without the address', async (t) => {
    const box = await startMailbox(t)
    const house = await startHouse(t, open, box.config)
    box.refuseWith = { code: 550, text: 'no such mailbox' }
    await house.queue(invitation)
    await house.deliverEvents()
    assert.equal(await house.waiting(), 0)
    const [record] = await house.journal()
    assert.equal(record?.action, 'mails.give-up')
    assert.deepEqual(record.target, { type: 'invitation', id: 'inv_1', name: undefined })
    assert.deepEqual(record.detail, { purpose: 'identity.invitation', attempts: 1, reason: 'refused' })
    assert.ok(!JSON.stringify(record).includes('ada@'))
  })

  test('a server that is away is asked twelve times, then the mail is given up', async (t) => {
    const house = await startHouse(t, open, {
      host: '127.0.0.1',
      port: 1,
      tls: 'none',
      from: 'gatehouse@example.org',
    })
    await house.queue(invitation)
    await house.deliverEvents()
    for (let attempt = 1; attempt < 12; attempt += 1) {
      assert.equal(await house.waiting(), 1, `after ${attempt}`)
      await house.pass(3_600_000)
    }
    assert.equal(await house.waiting(), 0)
    const [record] = await house.journal()
    assert.deepEqual(record?.detail, { purpose: 'identity.invitation', attempts: 12, reason: 'failing' })
  })

  test('a mail whose link has expired is not sent any more', async (t) => {
    const box = await startMailbox(t)
    const house = await startHouse(t, open, box.config)
    box.refuseWith = { code: 451, text: 'later' }
    await house.queue({ ...invitation, expiresAt: house.clock.now() + 10_000 })
    await house.deliverEvents()
    box.refuseWith = undefined
    await house.pass(10_000)
    assert.equal(box.mails.length, 0)
    assert.equal((await house.journal())[0]?.detail?.['reason'], 'expired')
  })

  test('nothing of ours can become a header or a second recipient', async (t) => {
    const box = await startMailbox(t)
    const house = await startHouse(t, open, box.config)
    const bad: readonly Partial<NewMail>[] = [
      { to: 'ada@example.org\r\nBcc: eve@example.org' },
      { to: 'ada@example.org, eve@example.org' },
      { to: '"eve@example.org"@example.org' },
      { to: '<ada@example.org> SIZE=1' },
      { to: 'ada@example.org>\nDATA' },
      { to: 'eve@example.org@example.org' },
      { to: 'ada' },
      { to: `${'a'.repeat(250)}@example.org` },
      { subject: 'x\r\nBcc: eve@example.org' },
      { subject: 'x\nBcc: eve@example.org' },
      { subject: 'x\u2028y' },
      { subject: 'x'.repeat(201) },
      { text: 'x'.repeat(20_001) },
    ]
    for (const part of bad) {
      await assert.rejects(house.queue({ ...invitation, ...part }), TypeError, JSON.stringify(part).slice(0, 80))
    }
    // what a person may be called ends in the text, where it is only text
    await house.queue({ ...invitation, text: 'From: x\n\n.\r\n.\r\nMAIL FROM:<eve@example.org>\n' })
    await house.deliverEvents()
    assert.equal(box.mails.length, 1)
    assert.deepEqual(box.mails[0]?.to, ['ada@example.org'])
    assert.ok(!box.mails[0]?.headers.has('bcc'))
  })

  test('outside a transaction nothing is queued', async (t) => {
    const box = await startMailbox(t)
    const house = await startHouse(t, open, box.config)
    await assert.rejects(house.mail.queue(house.kernel.context(system), invitation), TypeError)
  })

  test('without [mail] nothing is queued, nothing fails, and the state says so', async (t) => {
    const house = await startHouse(t, open, {})
    assert.equal(house.mail.enabled, false)
    assert.equal(await house.queue(invitation), false)
    assert.equal(await house.waiting(), 0)
    const state = await house.call({ path: '/api/v1/mail', local: true })
    assert.equal(state.json['enabled'], false)
    const sent = await house.call({
      method: 'POST',
      path: '/api/v1/mail/test',
      local: true,
      body: { to: 'ada@example.org' },
    })
    assert.equal(sent.json['code'], 'mail.off')
  })

  test('a test mail is sent at once, and what the server said is told', async (t) => {
    const box = await startMailbox(t)
    const house = await startHouse(t, open, box.config)
    const ask = (to: string) => house.call({ method: 'POST', path: '/api/v1/mail/test', local: true, body: { to } })
    const sent = await ask('ada@example.org')
    assert.equal(sent.status, 200, sent.text)
    assert.match(String(sent.json['answer']), /^250 /)
    assert.equal(box.newest('ada@example.org').to.length, 1)
    assert.equal((await house.journal())[0]?.action, 'mails.test')
    assert.equal((await ask('ada@example.org\nx')).json['code'], 'mail.bad-address')
    box.refuseWith = { code: 550, text: 'no such mailbox' }
    const refused = await ask('eve@example.org')
    assert.equal(refused.json['code'], 'mail.not-sent')
    assert.match(String(refused.json['detail']), /no such mailbox/)
    const stranger = await house.call({ path: '/api/v1/mail' })
    assert.equal(stranger.status, 401)
  })

  test('mail goes over TLS to a server whose root is named, with a password, and to no other', async (t) => {
    const { key, cert } = testCertificate('localhost')
    const seen: string[] = []
    const options: SMTPServerOptions = {
      key,
      cert,
      authOptional: false,
      onAuth: (auth, _session, done) => {
        seen.push(`${auth.username}:${auth.password}`)
        if (auth.password === 'right-Password') done(null, { user: 'gatehouse' })
        else done(new Error('wrong'))
      },
    }
    for (const tls of ['starttls', 'implicit'] as const) {
      const box = await startMailbox(t, { ...options, secure: tls === 'implicit' })
      const base = { host: 'localhost', port: box.port, tls, from: 'gatehouse@example.org', user: 'gatehouse' }
      const caFile = await fileWith(t, cert)
      const passwordFile = await fileWith(t, 'right-Password\n')
      const right = await startHouse(t, open, { ...base, caFile, passwordFile })
      await right.queue(invitation)
      await right.deliverEvents()
      assert.equal(box.mails.length, 1, tls)
      const unknownRoot = await startHouse(t, open, { ...base, passwordFile })
      const wrong = await startHouse(t, open, { ...base, caFile, password: 'wrong-Password' })
      for (const house of [unknownRoot, wrong]) {
        await house.queue(invitation)
        await house.deliverEvents()
        assert.equal(await house.waiting(), 1, `${tls}: kept, since the operator may put it right`)
        assert.doesNotMatch(JSON.stringify(house.log.entries), /-Password/)
      }
      assert.equal(box.mails.length, 1)
    }
    assert.deepEqual([...new Set(seen)], ['gatehouse:right-Password', 'gatehouse:wrong-Password'])
  })

  test('a server that offers no TLS gets neither password nor mail', async (t) => {
    const seen: string[] = []
    const box = await startMailbox(t, {
      allowInsecureAuth: true,
      onAuth: (auth, _session, done) => {
        seen.push(auth.password ?? '')
        done(null, { user: 'x' })
      },
    })
    const config = { ...box.config, tls: 'starttls', user: 'gatehouse', password: 'right-Password' }
    const house = await startHouse(t, open, config)
    await house.queue(invitation)
    await house.deliverEvents()
    assert.deepEqual([seen, box.mails.length], [[], 0])
    assert.equal(await house.waiting(), 1)
  })
})

async function fileWith(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-mail-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(path.join(folder, 'file'), text)
  return path.join(folder, 'file')
}
