import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { programMissing } from '#platform/testing'
import { runProgram } from './command.ts'

/** Why tests of the clipboard are skipped: it is that of an X server without a screen. */
export const clipboardMissing = programMissing('Xvfb', 'xvfb', '-version') || programMissing('xsel', 'xsel')

export interface Clipboard {
  /** For `DISPLAY`. */
  readonly display: string
  copy(text: string): Promise<void>
  /** What it holds, once that is something else than this. */
  pasteAfter(former: string): Promise<string>
}

/** A clipboard of the test's own, until it ends. */
export async function openClipboard(t: Pick<TestContext, 'after'>): Promise<Clipboard> {
  // the server chooses a free display, and says which once it takes clients
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '320x200x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  t.after(async () => {
    server.kill()
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  })
  const [chunk] = (await once(server.stdio[3] as NodeJS.ReadableStream, 'data')) as [Buffer]
  const display = `:${chunk.toString().trim()}`
  const xsel = async (option: string, input = '') => {
    const { code, stdout, stderr } = await runProgram('xsel', '/', [option], input, { DISPLAY: display })
    assert.equal(code, 0, stderr)
    return stdout
  }
  // xsel goes into the background before it has taken the clipboard over
  const pasteUntil = async (wanted: (text: string) => boolean) => {
    for (let left = 200; ; left -= 1) {
      const text = await xsel('-bo')
      if (wanted(text)) return text
      assert.ok(left > 0, `on the clipboard: ${text}`)
    }
  }
  return {
    display,
    copy: async (text) => {
      await xsel('-bi', text)
      await pasteUntil((pasted) => pasted === text)
    },
    pasteAfter: (former) => pasteUntil((pasted) => pasted !== former),
  }
}
