import { registerHooks } from 'node:module'

/**
 * Answers again what Node was asked once. A start imports some thousand files by six thousand imports, and for each one
 * Node looks up symbolic links, the package and its `imports`, a sixth of a start. Two things spare it that:
 *
 * - A name without a path (`zod`, `#platform`, `node:crypto`) means the same in every file of this package.
 * - Beside a file that Node found, another of that extension is where it stands and of the same format: formats go by the
 *   folder's package.
 *
 * Whatever does not fit, `require` included, goes to Node as ever; a file that is not there fails as it is read.
 */
const ours = new URL('.', import.meta.url).href
const named = new Map<string, Answer>()
const formats = new Map<string, string>()

type Answer = ReturnType<Parameters<NonNullable<Parameters<typeof registerHooks>[0]['resolve']>>[2]>

registerHooks({
  resolve(specifier, context, ask) {
    const { parentURL, conditions, importAttributes } = context
    if (parentURL === undefined || !conditions.includes('import') || Object.keys(importAttributes).length > 0) {
      return ask(specifier, context)
    }
    if (/^\.\.?\//.test(specifier)) return beside(new URL(specifier, parentURL).href, () => ask(specifier, context))
    if (!parentURL.startsWith(ours)) return ask(specifier, context)
    const known = named.get(specifier)
    if (known !== undefined) return known
    const answer = { ...ask(specifier, context), shortCircuit: true }
    named.set(specifier, answer)
    return answer
  },
})

function beside(url: string, ask: () => Answer): Answer {
  const kind = url.slice(0, url.lastIndexOf('/')) + url.slice(url.lastIndexOf('.'))
  const format = formats.get(kind)
  if (format !== undefined) return { url, format, shortCircuit: true }
  const answer = ask()
  if (answer.url === url && typeof answer.format === 'string') formats.set(kind, answer.format)
  return answer
}
