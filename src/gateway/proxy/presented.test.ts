import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Proof } from '#identity'
import { presentedReader } from './presented.ts'

const cookieName = '__Host-gatehouse-app'
/** Texts that begin with `s` are sessions here, those with `gat_` tokens; what was hashed is counted. */
function reader() {
  const hashed: string[] = []
  const proofOf = (text: string): Proof | undefined => {
    const kind = text.startsWith('gat_good') ? 'token' : text.startsWith('s') ? 'session' : undefined
    if (kind === undefined) return undefined
    hashed.push(text)
    return { kind, hash: `hash of ${text}` }
  }
  return { hashed, read: presentedReader(cookieName, proofOf) }
}

test('one connection may carry many people: each request is read as itself', () => {
  const { read, hashed } = reader()
  const connection = {}
  const ann = { cookie: `${cookieName}=s-ann; theme=dark` }
  const ben = { cookie: `${cookieName}=s-ben; theme=dark` }
  const proof = (headers: Parameters<typeof read>[1]) => {
    const { token, session } = read(connection, headers)
    const found = token ?? session
    return typeof found === 'object' ? found.hash : found
  }
  assert.equal(proof(ann), 'hash of s-ann')
  assert.equal(proof(ann), 'hash of s-ann')
  assert.equal(proof(ben), 'hash of s-ben')
  assert.equal(proof({}), undefined)
  assert.equal(proof({ ...ann, authorization: 'Bearer gat_good' }), 'hash of gat_good')
  assert.equal(proof({ ...ann, authorization: 'Bearer gat_bad' }), 'malformed')
  assert.equal(proof({ ...ann, authorization: 'Basic YTpi' }), 'hash of s-ann')
  assert.equal(proof(ann), 'hash of s-ann')
  assert.deepEqual(
    hashed,
    ['s-ann', 's-ben', 's-ann', 'gat_good', 's-ann', 's-ann', 's-ann'],
    'the second s-ann was remembered',
  )
})

test('the upstream gets its own cookies and its own Authorization, and nothing of ours', () => {
  const { read } = reader()
  const both = read({}, { cookie: `a=1; ${cookieName}=s-ann; b=2`, authorization: 'Basic YTpi' })
  assert.deepEqual(
    { cookies: both.cookies, authorization: both.authorization },
    { cookies: 'a=1; b=2', authorization: 'Basic YTpi' },
  )
  const token = read({}, { cookie: `${cookieName}=s-ann`, authorization: 'bearer   gat_good' })
  assert.deepEqual(
    { cookies: token.cookies, authorization: token.authorization },
    { cookies: undefined, authorization: undefined },
  )
  assert.equal(read({}, { cookie: `${cookieName}=gat_good` }).session, undefined, 'a token in the cookie is no session')
  assert.equal(
    read({}, { authorization: 'Basic gat_good' }).token,
    'malformed',
    'mentioned in any other way it goes nowhere',
  )
  assert.equal(
    read({}, { cookie: `${cookieName}=s-ann; ${cookieName}=s-ben` }).session,
    undefined,
    'two of ours are none',
  )
})
