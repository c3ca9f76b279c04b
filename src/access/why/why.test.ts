import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect } from '#platform/testing'
import { accountActor } from '../testing.ts'
import { whyWorld } from './testing.ts'

interface Told {
  readonly allowed: boolean
  readonly step: string
  readonly code: string
  readonly missing: boolean
  readonly reason: string
  readonly before: Record<string, unknown> | null
  readonly steps: readonly {
    readonly step: string
    readonly allowed: boolean
    readonly saw: readonly { readonly values: readonly string[] }[]
  }[]
  readonly rules: readonly { readonly id: string; readonly text: string }[]
  readonly sources: readonly Record<string, string>[]
  readonly change: {
    readonly ways: readonly string[]
    readonly grantHelps: boolean
    readonly mayAsk: boolean
    readonly granters: { readonly items: readonly { readonly id: string }[] } | null
  }
}

eachDialect((_, open) => {
  async function world(t: Parameters<typeof open>[0]) {
    const made = await whyWorld(t, open)
    const why = async (who: string, query: string) => {
      const answer = await made.call(who, 'GET', `/api/v1/why?${query}`)
      assert.equal(answer.status, 200, answer.text)
      return answer.json as unknown as Told
    }
    return { ...made, why }
  }

  test('a grant is said to help exactly where asking again with one is allowed', async (t) => {
    const { why, call } = await world(t)
    const outcomes: unknown[] = []
    for (const wiki of ['open', 'kept', 'shut', 'gone']) {
      const { allowed, code, change } = await why('acc_nobody', `permission=wikis:use:${wiki}`)
      outcomes.push([wiki, allowed, code, change.grantHelps, change.mayAsk])
    }
    assert.deepEqual(outcomes, [
      ['open', true, 'permitted', false, false],
      ['kept', false, 'policy-forbids', true, true],
      ['shut', false, 'policy-forbids', false, false],
      ['gone', false, 'not-held', true, true],
    ])
    const shut = await why('acc_nobody', 'permission=wikis:use:shut')
    assert.match(
      shut.change.ways.join(' '),
      /No role or grant undoes what a policy forbids. wikis:shut would have to change/,
    )
    for (const [wiki, allowed] of [
      ['kept', true],
      ['shut', false],
    ] as const) {
      const grant = { grantee: 'acc_nobody', permissions: [`wikis:use:${wiki}`] }
      assert.equal((await call('acc_editor', 'POST', '/api/v1/grants', grant)).status, 201)
      const after = await why('acc_nobody', `permission=wikis:use:${wiki}`)
      assert.equal(after.allowed, allowed, `after a grant of ${wiki}`)
    }
  })

  test('an allowed decision says what it rests on, and that is true', async (t) => {
    const { why, call } = await world(t)
    const held = await why('acc_editor', 'permission=wikis:use:kept')
    assert.deepEqual(held.sources, [{ kind: 'role', name: 'editor' }])
    assert.match(held.change.ways.join(' '), /The role editor being taken back: nothing else gives it/)
    const open = await why('acc_editor', 'permission=wikis:use:open')
    assert.match(open.change.ways.join(' '), /wikis:signed-in no longer permitting it/)
    const lent = await call('acc_editor', 'POST', '/api/v1/grants', {
      grantee: 'acc_nobody',
      permissions: ['wikis:use:kept'],
      endsAt: '2026-01-01T02:00:00Z',
    })
    const { sources } = await why('acc_nobody', 'permission=wikis:use:kept')
    const endsAt = '2026-01-01T02:00:00.000Z'
    assert.deepEqual(sources, [{ kind: 'grant', name: lent.json['id'], from: 'acc_editor', endsAt }])
  })

  test('who may read decisions sees rule, attributes and who could grant it; the person themself sees their own', async (t) => {
    const { why, call } = await world(t)
    const own = await call('acc_nobody', 'GET', '/api/v1/why?permission=wikis:use:kept')
    assert.doesNotMatch(own.text, /planted-attribute|context\.via|acc_editor|acc_admin/)
    const told = own.json as unknown as Told
    assert.deepEqual([told.rules, told.change.granters], [[], null])
    const whole = await why('acc_auditor', 'permission=wikis:use:kept&principal=acc_nobody')
    assert.match(whole.rules[0]?.text ?? '', /forbid[\s\S]*context\.via\.isEmpty/)
    assert.match(JSON.stringify(whole.steps), /planted-attribute/)
    assert.deepEqual(
      whole.change.granters?.items.map(({ id }) => id),
      ['acc_admin', 'acc_editor'],
    )
    assert.equal(whole.change.mayAsk, false, 'nobody asks for somebody else')
  })

  test('attack 39: about others, or from elsewhere, asks only who may read decisions; the refusal is journalled', async (t) => {
    const { call } = await world(t)
    for (const query of ['principal=acc_admin', 'principal=acc_gone', 'address=192.0.2.9']) {
      const api = await call('acc_nobody', 'GET', `/api/v1/why?permission=wikis:use:kept&${query}`)
      assert.equal(api.status, 403, query)
      assert.equal(api.json['why'], '/why?permission=decisions%3Aread&step=policy', 'a refusal within links to its own')
      const page = await call('acc_nobody', 'GET', `/why?permission=wikis:use:kept&${query}`)
      assert.equal(page.status, 403, query)
      assert.match(page.text, /href="\/why\?permission=decisions%3Aread&amp;step=policy"/)
    }
    const about = await call(
      'acc_admin',
      'GET',
      '/api/v1/why?permission=wikis:use&principal=acc_nobody&address=192.0.2.9',
    )
    assert.deepEqual([about.status, about.json['code']], [200, 'not-held'])
    assert.equal((await call('acc_admin', 'GET', '/api/v1/why?permission=wikis:use&principal=acc_gone')).status, 404)
    assert.equal((await call('acc_nobody', 'GET', '/api/v1/why?permission=*')).json['code'], 'access.bad-permission')
  })

  test('what is no address is refused, on the page too: a rule that forbids a network would not see it', async (t) => {
    const { call } = await world(t)
    for (const address of ['10.1.2.3:443', 'nowhere', '10.0.0.0/8']) {
      const query = `permission=wikis:use:kept&address=${encodeURIComponent(address)}`
      const api = await call('acc_admin', 'GET', `/api/v1/why?${query}`)
      assert.deepEqual([api.status, api.json['code']], [400, 'platform.invalid-input'], address)
      const page = await call('acc_admin', 'GET', `/why?${query}`)
      assert.equal(page.status, 400, address)
      assert.match(page.text, /not an address; write 192\.0\.2\.7/)
    }
    assert.equal((await call('acc_admin', 'GET', '/why?permission=wikis:use:kept&address=')).status, 200)
  })

  test('attack 39: asking about a thing that is not there tells nothing that one there would not', async (t) => {
    const { call } = await world(t)
    const ask = async (id: string) =>
      (await call('acc_nobody', 'GET', `/api/v1/why?permission=wikis:empty:${id}`)).text.replaceAll(id, 'ID')
    assert.equal(await ask('gone'), await ask('open'))
    const all = await call('acc_editor', 'GET', '/api/v1/why?permission=wikis:use:gone')
    assert.deepEqual([all.json['allowed'], all.json['missing']], [true, true])
  })

  test('a narrow credential learns that it is too narrow, not what its account could do', async (t) => {
    const { call, actors } = await world(t)
    actors.set('narrow', accountActor('acc_editor', { kind: 'token', permissions: ['roles:read'] }))
    const told = await call('narrow', 'GET', '/api/v1/why?permission=wikis:use:kept')
    assert.deepEqual([told.json['step'], told.json['code']], ['credential', 'credential-permission'])
    assert.deepEqual(told.json['sources'], [])
    assert.doesNotMatch(told.text.replaceAll('acc_editor', ''), /editor/, 'neither roles nor what gives the permission')
    const explained = await call('narrow', 'GET', '/api/v1/roles?explain')
    assert.deepEqual([explained.status, explained.json['allowed'], explained.json['step']], [200, false, 'policy'])
  })

  test('?explain changes nothing and answers for the caller alone', async (t) => {
    const { call } = await world(t)
    const role = { name: 'made', title: 'Made', permissions: [] }
    const asked = await call('acc_admin', 'POST', '/api/v1/roles?explain', role)
    assert.deepEqual([asked.status, asked.json['allowed'], asked.json['permission']], [200, true, 'roles:create'])
    assert.equal((await call('acc_admin', 'GET', '/api/v1/roles/made')).status, 404)
    const refused = await call('acc_nobody', 'GET', '/api/v1/roles/editor?explain')
    assert.deepEqual([refused.json['allowed'], refused.json['code']], [false, 'not-held'])
    const unguarded = await call('acc_nobody', 'GET', '/api/v1/permissions?explain')
    assert.deepEqual([unguarded.json['allowed'], unguarded.json['permission']], [true, null])
  })

  test('what is asked before the chain refuses whatever the chain says, and its list is for readers of decisions', async (t) => {
    const { call, actors, why: ask } = await world(t)
    const why = (who: string, id: string, more = '') => ask(who, `permission=wikis:use:${id}${more}`)
    const refused = await why('acc_nobody', 'inside')
    assert.deepEqual([refused.allowed, refused.code, refused.reason], [false, 'wiki-place', 'You are outside.'])
    assert.deepEqual(refused.before, { allowed: false, code: 'wiki-place', reason: 'You are outside.', saw: [] })
    assert.deepEqual(refused.change.ways, ['Moving.'])
    assert.equal(refused.steps.at(-1)?.allowed, true, 'the chain itself allows it')
    actors.set('acc_nobody', { ...accountActor('acc_nobody'), address: '10.0.0.1' })
    const allowed = await why('acc_nobody', 'inside')
    assert.deepEqual([allowed.allowed, allowed.before?.['allowed']], [true, true])
    assert.equal((await why('acc_nobody', 'open')).before, null)
    assert.equal((await why('acc_nobody', 'shut-inside')).before, null, 'what the chain refuses is not told of')
    const read = await why('acc_auditor', 'shut-inside', '&principal=acc_nobody&address=192.0.2.1')
    assert.deepEqual(read.before?.['saw'], [{ name: 'Only from', values: ['planted-network'] }])
    const page = (await call('acc_admin', 'GET', '/why?permission=wikis:use:inside')).text
    assert.match(page, /not do this/)
    assert.match(page, /Refused before the chain/)
  })

  test('the page draws the chain, tells it as a table, and quotes the rule only to who may read it', async (t) => {
    const { call } = await world(t)
    const own = (await call('acc_nobody', 'GET', '/why?permission=wikis:use:shut&step=policy')).text
    assert.match(own, /Refused here/)
    assert.match(own, /The chain, step by step/)
    assert.doesNotMatch(own, /planted-attribute|resource\.rule/)
    const whole = (await call('acc_admin', 'GET', '/why?permission=wikis:use:shut&principal=acc_nobody')).text
    assert.match(whole, /resource\.rule == &quot;shut&quot;/)
    const other = (await call('acc_nobody', 'GET', '/why?permission=wikis:use:shut&step=credential')).text
    assert.match(other, /the step “credential” refused/)
    assert.match((await call('acc_nobody', 'GET', '/why')).text, /Ask what you may do/)
    const hostile = await call(
      'acc_nobody',
      'GET',
      `/why?permission=${encodeURIComponent('"><script>alert(1)</script>')}`,
    )
    assert.equal(hostile.status, 400)
    assert.doesNotMatch(hostile.text, /<script>alert/)
  })
})
