import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)

/** Loads the server and the command line, and tells for every import what it was found to be. */
function foundBy(first: string): Record<string, string> {
  const program = `
    import { registerHooks } from 'node:module'
    ${first}
    const found = {}
    registerHooks({ resolve(specifier, context, ask) {
      const { url, format } = ask(specifier, context)
      if (context.conditions.includes('import')) found[context.parentURL + ' ' + specifier] = url + ' ' + format
      return { url, format, shortCircuit: true }
    } })
    for (const file of [${url('app.ts')}, ${url('platform/serve.ts')}, ${url('cli/index.ts')}]) await import(file)
    process.stdout.write(JSON.stringify(found))`
  const options = { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 } as const
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], options)
  assert.equal(child.status, 0, child.stderr)
  return JSON.parse(child.stdout) as Record<string, string>
}

test('every import is found where Node finds it, and as what', () => {
  const ours = foundBy(`await import(${url('imports.ts')})`)
  assert.ok(Object.keys(ours).length > 3_000)
  assert.deepEqual(ours, foundBy(''))
})
