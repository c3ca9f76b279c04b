import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Conditions, select } from './selection.ts'

const found = { etag: '"a"', modified: Date.UTC(2026, 0, 1) / 1_000, size: 100 }
const same = 'Thu, 01 Jan 2026 00:00:00 GMT'
const before = 'Wed, 31 Dec 2025 23:59:59 GMT'
const whole = { status: 200, first: 0, length: 100 }

const cases: readonly (readonly [name: string, asked: Conditions, expected: unknown])[] = [
  ['nothing', {}, whole],
  ['its own tag', { ifNoneMatch: '"a"' }, 304],
  ['its own tag, weak, among others', { ifNoneMatch: '"b", W/"a"' }, 304],
  ['any tag', { ifNoneMatch: '*' }, 304],
  ['another tag', { ifNoneMatch: '"b"' }, whole],
  ['a tag that is none', { ifNoneMatch: 'a' }, whole],
  ['another tag beside a date that would match: the tag counts', { ifNoneMatch: '"b"', ifModifiedSince: same }, whole],
  ['its own date', { ifModifiedSince: same }, 304],
  ['an earlier date', { ifModifiedSince: before }, whole],
  ['a date in an obsolete form', { ifModifiedSince: 'Thursday, 01-Jan-26 00:00:00 GMT' }, whole],
  ['a date that is none', { ifModifiedSince: 'Thu, 41 Jan 2026 00:00:00 GMT' }, whole],
  ['if it is still this', { ifMatch: '"a"' }, whole],
  ['if it is still this, weakly: that proves too little', { ifMatch: 'W/"a"' }, 412],
  ['if it is another', { ifMatch: '"b"' }, 412],
  ['if it was not changed since, and it was', { ifUnmodifiedSince: before }, 412],
  ['if it was not changed since', { ifUnmodifiedSince: same }, whole],
  ['the first ten', { range: 'bytes=0-9' }, { status: 206, first: 0, length: 10 }],
  ['from ten on', { range: 'bytes=10-' }, { status: 206, first: 10, length: 90 }],
  ['the last ten', { range: 'bytes=-10' }, { status: 206, first: 90, length: 10 }],
  ['the last thousand', { range: 'bytes=-1000' }, { status: 206, first: 0, length: 100 }],
  ['more than there is', { range: 'bytes=90-1000' }, { status: 206, first: 90, length: 10 }],
  ['what is behind the end', { range: 'bytes=100-' }, 416],
  ['the last none', { range: 'bytes=-0' }, 416],
  ['backwards', { range: 'bytes=9-0' }, whole],
  ['several parts', { range: 'bytes=0-1,5-6' }, whole],
  ['another unit', { range: 'lines=0-1' }, whole],
  ['no numbers', { range: 'bytes=-' }, whole],
  ['a number too long to count', { range: 'bytes=0-9999999999999999' }, whole],
  ['a range of what it has', { range: 'bytes=0-9', ifRange: '"a"' }, { status: 206, first: 0, length: 10 }],
  ['a range of another', { range: 'bytes=0-9', ifRange: '"b"' }, whole],
  ['a range of a weak tag', { range: 'bytes=0-9', ifRange: 'W/"a"' }, whole],
  ['a range by date: that proves too little', { range: 'bytes=0-9', ifRange: same }, whole],
  ['a range of what is unchanged', { range: 'bytes=0-9', ifNoneMatch: '"a"' }, 304],
]
for (const [name, asked, expected] of cases) {
  test(`asked for ${name}`, () => assert.deepEqual(select(true, asked, found), expected))
}

test('HEAD knows no ranges, and nothing has none either', () => {
  assert.deepEqual(select(false, { range: 'bytes=0-9' }, found), whole)
  assert.equal(select(true, { range: 'bytes=0-0' }, { ...found, size: 0 }), 416)
  assert.deepEqual(select(true, {}, { ...found, size: 0 }), { status: 200, first: 0, length: 0 })
})
