import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { Secret } from '#kit'
import * as kit from './index.ts'
import { address, attributes, field, form, html, relative, utc, withQuery } from './index.ts'
import { samples } from './samples.ts'

const now = Date.UTC(2026, 10, 22, 1, 5, 7)
const plain = samples({ now, text: (text) => text })

const hostile: readonly string[] = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</textarea><script>alert(1)</script>',
  '</title><script>alert(1)</script>',
  '" style="background:url(//evil.example)',
  'javascript:alert(1)',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  'JAVASCRIPT:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  '//evil.example/x',
  '/\\evil.example/x',
  '/\t/evil.example',
  '&lt;script&gt;',
]

/** Tags as they stand in the markup, with their attributes; enough of a parser because all our attributes are quoted. */
function tagsOf(markup: string): { name: string; attributes: Map<string, string> }[] {
  return [...markup.matchAll(/<([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*>/gi)].map((match) => ({
    name: (match[1] ?? '').toLowerCase(),
    attributes: new Map(
      [...(match[2] ?? '').matchAll(/([a-z-]+)(?:="([^"]*)")?/gi)].map((pair) => [pair[1] ?? '', pair[2] ?? '']),
    ),
  }))
}

/** Every `<` that is not the start of a tag, an end tag or the doctype would be text that got out. */
function strayAngles(markup: string): number {
  const tags =
    markup.match(
      /<(?:[a-z][a-z0-9]*(?:\s+[a-z-]+(?:="[^"]*")?)*\s*|\/?path [^<>]*\/|\/[a-z][a-z0-9]*|!doctype html)\/?>/gi,
    ) ?? []
  return (markup.match(/</g) ?? []).length - tags.length
}

describe('every piece', () => {
  test('has a sample', () => {
    const silent = new Set([
      'contentSecurityPolicy',
      'findAsset',
      'assetBase',
      'assets',
      'address',
      'faultOf',
      'nothing',
      'pageScripts',
      'relative',
      'sawOf',
      // `table` shows it
      'tableRow',
      'utc',
      'whyAddress',
      'withQuery',
    ])
    const missing = Object.keys(kit).filter((name) => !silent.has(name) && !(name in plain))
    assert.deepEqual(missing, [])
  })

  for (const text of hostile) {
    test(`attack 25: shows ${JSON.stringify(text)} as text`, () => {
      for (const [name, piece] of Object.entries(samples({ now, text: () => text }))) {
        const markup = piece.toString()
        const tags = tagsOf(markup)
        assert.ok(
          tags.every(({ name: tag, attributes: found }) => tag !== 'img' && (tag !== 'script' || found.has('src'))),
          name,
        )
        assert.ok(
          tags.every(({ attributes: found }) =>
            [...found.keys()].every((key) => !key.startsWith('on') && key !== 'style'),
          ),
          name,
        )
        for (const { attributes: found } of tags) {
          for (const key of ['href', 'action', 'src'])
            assert.match(found.get(key) ?? '#', /^(\/(?![/\\])|[#?]|https?:\/\/)/, `${name} ${key}`)
        }
        assert.equal(strayAngles(markup), 0, `${name}: ${markup}`)
      }
    })
  }

  test('carries no inline style, script or event handler', () => {
    for (const [name, piece] of Object.entries(plain)) {
      assert.doesNotMatch(piece.toString(), /<style|\sstyle=|\son[a-z]+=|<script(?! src=)/i, name)
    }
  })

  test('has unique ids and describes with ids that exist', () => {
    for (const [name, piece] of Object.entries(plain)) {
      const tags = tagsOf(piece.toString())
      const ids = tags.flatMap(({ attributes: found }) => found.get('id') ?? [])
      assert.equal(new Set(ids).size, ids.length, `${name} repeats an id`)
      const named = tags.flatMap(({ attributes: found }) =>
        ['aria-describedby', 'aria-labelledby', 'for'].flatMap((key) => found.get(key)?.split(' ') ?? []),
      )
      for (const id of named) assert.ok(ids.includes(id), `${name} names ${id}, which is not there`)
    }
  })

  test('labels every control', () => {
    for (const [name, piece] of Object.entries(plain)) {
      const tags = tagsOf(piece.toString())
      const labels = new Set(tags.filter((tag) => tag.name === 'label').map((tag) => tag.attributes.get('for')))
      for (const { name: tag, attributes: found } of tags) {
        if (!['input', 'select', 'textarea'].includes(tag) || found.get('type') === 'hidden') continue
        assert.ok(labels.has(found.get('id')), `${name}: ${tag} ${found.get('name')} has no label`)
      }
    }
  })
})

test('attack 25: a page under the policy loads only files of its host, sends forms only there, has no base and no frame', () => {
  const policy = new Map(
    kit.contentSecurityPolicy.split('; ').map((text) => [text.split(' ')[0] ?? '', text.split(' ').slice(1).join(' ')]),
  )
  for (const name of ['default-src', 'frame-ancestors', 'base-uri']) assert.equal(policy.get(name), "'none'", name)
  for (const name of ['script-src', 'style-src', 'connect-src', 'form-action']) {
    assert.equal(policy.get(name), "'self'", name)
  }
  assert.doesNotMatch(kit.contentSecurityPolicy, /unsafe|\*|http/)
})

test('attack 39: a planted Secret never renders, in text, attribute or list', () => {
  const secret = new Secret('correct horse battery staple')
  const planted = secret as unknown as string
  const ways = [
    () => html`<p>${planted}</p>`,
    () => html`<p title="${planted}"></p>`,
    () => html`<p>${[[planted]]}</p>`,
    () => html`<p${attributes({ title: planted })}></p>`,
    () => kit.facts([{ term: 'Password', value: planted }]),
    () => field({ name: 'x', label: 'x', autocomplete: 'off', value: planted }),
  ]
  for (const way of ways) {
    assert.throws(way, (error) => error instanceof TypeError && !error.message.includes('horse'))
  }
})

test('a text is numbered line by line, its faulty lines marked, with numbers to spare', () => {
  const area = kit.textArea({ name: 't', label: 'Text', value: 'a\nb\nc', numbered: { faulty: [2] } }).toString()
  const numbers = area.match(/<pre aria-hidden="true">([\s\S]*)<\/pre><textarea/)?.[1] ?? ''
  assert.ok(numbers.startsWith('1\n<b>✕ 2</b>\n3\n4\n'), numbers.slice(0, 40))
  assert.equal(numbers.trimEnd().split('\n').length, 203)
  assert.ok(!kit.textArea({ name: 't', label: 'Text', value: 'a\nb' }).toString().includes('<pre'))
})

test('choices of a group stand under its name, said once', () => {
  const choices = ['a', 'a', 'b'].map((group, value) => ({ group, value: String(value), text: 'x' }))
  const list = kit.checkboxes({ name: 'c', label: 'C', choices, values: [] }).toString()
  assert.deepEqual(
    [...list.matchAll(/class="group">(\w)/g)].map(([, group]) => group),
    ['a', 'b'],
  )
})

test('only what is typed says that it may stay empty', () => {
  const options = { name: 'f', label: 'F', choices: [{ value: 'a', text: 'A' }], values: [] }
  for (const one of [kit.checkboxes(options), kit.radios(options), kit.select(options)]) {
    assert.doesNotMatch(one.toString(), /optional/)
  }
  assert.match(field({ name: 'f', label: 'F', autocomplete: 'off' }).toString(), /optional/)
  assert.match(kit.textArea({ name: 'f', label: 'F' }).toString(), /optional/)
})

test('a password is never sent back', () => {
  const markup = field({
    name: 'p',
    label: 'Password',
    type: 'password',
    autocomplete: 'current-password',
    value: 'hunter2',
  })
  assert.doesNotMatch(markup.toString(), /hunter2/)
})

test('only html makes markup: objects that claim to be escaped are refused', () => {
  const forged = { isEscaped: true, toString: () => '<script>' } as const
  assert.throws(() => html`${forged}`, TypeError)
  assert.throws(() => html`${Promise.resolve('x') as unknown as string}`, TypeError)
  assert.throws(() => html`${(() => 'x') as unknown as string}`, TypeError)
  assert.equal(html`${'<b>'}${html`<b>`}${undefined}${false}${null}${0}`.toString(), '&lt;b&gt;<b>0')
})

test('attributes refuses handlers and style', () => {
  for (const name of ['onclick', 'style', 'a b', 'x">']) assert.throws(() => attributes({ [name]: 'x' }), TypeError)
  assert.equal(attributes({ a: undefined, b: false, c: true, d: 0, e: '"' }).toString(), ' c d="0" e="&quot;"')
})

test('address lets through what leads where it says', () => {
  for (const good of ['/x', '/', '#x', '?a=b', '', 'https://a.example/', 'http://a.example', 'mailto:a@b.example']) {
    assert.equal(address(good), good)
  }
  for (const bad of hostile.filter((text) => !text.startsWith('&') && !text.startsWith('"')))
    assert.equal(address(bad), '#', bad)
})

test('a form sums its faults up and ties each to its field', () => {
  const faults = [
    { field: '/handle', message: 'Taken.' },
    { field: '', message: 'Try later.' },
  ]
  const body = field({
    name: 'handle',
    label: 'Handle',
    hint: 'Short.',
    autocomplete: 'username',
    faults,
    required: true,
  })
  const markup = form({ action: '/a', submit: 'Create', faults, body }).toString()
  assert.match(markup, /role="alert".*2 things to correct/s)
  assert.match(markup, /<a href="#field-handle">Taken\.<\/a>/)
  assert.match(
    markup,
    /id="field-handle"[^>]*aria-describedby="field-handle-hint field-handle-fault"[^>]*aria-invalid="true"/,
  )
  assert.match(markup, /<li>Try later\.<\/li>/)
})

test('a page loads its own scripts after the one every page has, and only when it names them', () => {
  const scripts = (page: kit.DocumentOptions) =>
    [
      ...kit
        .document(page)
        .toString()
        .matchAll(/<script src="\/assets\/([a-z]+)-[0-9a-f]{12}\.js" defer><\/script>/g),
    ].map(([, name]) => name)
  assert.deepEqual(scripts({ title: 'T', body: 'b' }), ['gatehouse'])
  assert.deepEqual(scripts({ title: 'T', body: 'b', scripts: ['passkeys'] }), ['gatehouse', 'passkeys'])
})

test('a table stays one for screen readers and shows the empty state when it is', () => {
  assert.match(
    plain['table']?.toString() ?? '',
    /role="table".*<caption.*scope="col".*aria-sort="ascending".*scope="row"/s,
  )
  const empty = kit.table({ caption: 'c', columns: [], rows: [], empty: html`<p>none</p>` })
  assert.equal(empty.toString(), '<p>none</p>')
})

test('the decision chain marks the one link that decided', () => {
  const refused = kit
    .decisionChain({
      decision: { allowed: false, step: 'credential', code: 'c', reason: 'Not from here.', policies: [] },
      saw: { principal: 'alice', policy: 'never shown' },
    })
    .toString()
  assert.equal(refused.match(/aria-current="step"/g)?.length, 1)
  assert.match(refused, /<li class="passed">.*<li class="refused" aria-current="step">.*<li class="unreached">/s)
  assert.doesNotMatch(refused, /never shown/)
})

test('a stranger learns only that it was refused', () => {
  assert.doesNotMatch(plain['strangerRefusal']?.toString() ?? '', /role|polic|credential|network/i)
})

test('an id is whole for copying and shortened for the eye', () => {
  const text = 'acc_01994b2f00017a3f8c55d0e1a2b3c4d5'
  const markup = kit.id(text).toString()
  assert.equal(markup.replace(/<button.*/, '').replace(/<[^>]*>/g, ''), text)
  assert.match(markup, /class="id-middle"/)
})

test('times', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, 'just now'],
    [-44_000, 'just now'],
    [-60_000, '1 minute ago'],
    [-59 * 60_000, '1 hour ago'],
    [3 * 3_600_000, 'in 3 hours'],
    [-47 * 3_600_000, '2 days ago'],
    [-400 * 86_400_000, '1 year ago'],
  ]
  for (const [offset, expected] of cases) assert.equal(relative(now + offset, now), expected)
  assert.equal(utc(now), '2026-11-22 01:05:07 UTC')
  assert.equal(utc(Number.NaN), 'unknown time')
  assert.match(kit.time(Number.MAX_VALUE, now).toString(), /unknown time/)
})

test('withQuery changes, adds and removes', () => {
  assert.equal(withQuery('/j?who=a&cursor=x', { cursor: undefined, outcome: 'refused' }), '/j?who=a&outcome=refused')
  assert.equal(withQuery('/j?who=a', { who: '' }), '/j')
})

describe('assets', () => {
  test('come in the best encoding taken, the same content in each', async () => {
    for (const { name, body } of Object.values(kit.assets)) {
      const [plainReply, gzip, brotli] = await Promise.all([
        kit.findAsset(name, null),
        kit.findAsset(name, 'gzip'),
        kit.findAsset(name, 'gzip, br'),
      ])
      assert.deepEqual(plainReply?.body, body)
      assert.deepEqual(gunzipSync(gzip?.body ?? ''), Buffer.from(body))
      assert.deepEqual(brotliDecompressSync(brotli?.body ?? ''), Buffer.from(body))
      assert.equal(brotli?.headers['Content-Encoding'], 'br')
      assert.match(brotli?.headers['Cache-Control'] ?? '', /immutable/)
    }
  })

  test('refused encodings and unknown names', async () => {
    const { name } = kit.assets.style
    assert.equal((await kit.findAsset(name, 'br;q=0, gzip'))?.headers['Content-Encoding'], 'gzip')
    assert.equal((await kit.findAsset(name, 'identity'))?.headers['Content-Encoding'], undefined)
    assert.equal(await kit.findAsset('gatehouse-000000000000.css', null), undefined)
    assert.equal(await kit.findAsset('../html.ts', null), undefined)
  })

  test('all of them stay under 100 KB compressed', async () => {
    const replies = await Promise.all(Object.values(kit.assets).map(({ name }) => kit.findAsset(name, 'gzip')))
    const total = replies.reduce((sum, reply) => sum + (reply?.body.length ?? 0), 0)
    assert.ok(total > 0 && total < 100_000, `${total} bytes`)
  })
})
