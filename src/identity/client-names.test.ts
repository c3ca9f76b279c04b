import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientInWords } from './client-names.ts'

test('browsers are told by their own name, not by those they descend from', () => {
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'
  const cases: Readonly<Record<string, string>> = {
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/140.0.0.0 Safari/537.36 Edg/141.0.0.0`]:
      'Edge 141 on Windows',
    [`Mozilla/5.0 (X11; Linux x86_64) ${webkit} Chrome/140.0.0.0 Safari/537.36`]: 'Chrome 140 on Linux',
    [`Mozilla/5.0 (Linux; Android 15) ${webkit} Chrome/140.0.0.0 Mobile Safari/537.36`]: 'Chrome 140 on Android',
    [`Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/140.0 Safari/537.36 OPR/120.0`]: 'Opera 120 on Windows',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15':
      'Safari 18 on macOS',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1':
      'Safari 18 on iOS',
    'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0': 'Firefox 143 on Linux',
    'curl/8.5.0': 'curl/8.5.0',
    '': '',
  }
  for (const [client, words] of Object.entries(cases)) assert.equal(clientInWords(client), words)
})
