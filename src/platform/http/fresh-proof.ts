import { GateError } from '../errors.ts'
import type { Ctx, FreshProof } from '../room/contract.ts'
import { actionForm, html, pageHeader } from '../ui-kit/index.ts'
import { readBody } from './body.ts'
import { failHttp } from './http-errors.ts'
import { readForm } from './input.ts'
import { wholeRoute } from './late-routes.ts'
import type { AnyRoute, Reply, RequestView } from './route.ts'

/** What is never handed back to be sent again, by name and by what stands in it. */
const untold = /pass(word|phrase)|secret|code|token/i
const privateKey = /PRIVATE KEY/

interface Asked {
  readonly route: AnyRoute
  readonly view: RequestView
  readonly body: Parameters<typeof readBody>[1]
  /** The body, once it was read. */
  readonly sent: { read?: unknown }
}

/**
 * On doors with `asksFreshProof`: whether the caller proved lately who they are.
 *
 * @throws GateError of the room that knows; `platform.refused` when none does, for an open door must not hang on boot being right
 */
export async function requireProved(freshProof: FreshProof | undefined, route: AnyRoute, ctx: Ctx): Promise<void> {
  if (route.asksFreshProof !== true) return
  if (freshProof === undefined) throw failHttp('platform.refused', { fields: { reason: 'Nobody judges proofs.' } })
  await freshProof.require(ctx)
}

/**
 * How a page asks for the proof that was lacking: what was only opened leads there and back. A form comes back with what was
 * typed, but for secrets, to be sent again once that is done in another tab. `undefined` for every other failure.
 */
export async function proofReply(
  freshProof: FreshProof | undefined,
  error: unknown,
  asked: Asked,
): Promise<Reply | undefined> {
  const { route, view } = asked
  if (freshProof === undefined || route.door !== 'browser') return undefined
  if (!(error instanceof GateError) || error.code !== freshProof.code) return undefined
  const proofPage = (to: string) => `${freshProof.path}?to=${encodeURIComponent(to)}`
  if (view.method !== 'POST') return { kind: 'redirect', location: proofPage(view.url.pathname + view.url.search) }
  const values = Object.entries(readForm(await typedIn(asked))).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => (untold.test(name) || privateKey.test(one) ? [] : [[name, one] as const])),
  )
  const body = html`${pageHeader({
    title: 'Is it still you?',
    lead: 'This changes how somebody proves who they are, and your last proof is more than ten minutes old. Nothing was changed, and what you typed is kept on this page; passwords and codes are not, and are asked for again.',
  })}
<ol><li><a href="${proofPage('/')}" target="_blank" rel="noopener">Prove yourself in another tab</a>.</li>
<li>Come back to this one, and: ${actionForm({ action: view.url.pathname + view.url.search, submit: 'Send it again', values, look: 'primary' })}</li></ol>`
  return { kind: 'page', status: error.status, page: { title: 'Is it still you?', frame: 'full', body } }
}

async function typedIn({ route, view, body, sent }: Asked): Promise<unknown> {
  if (sent.read !== undefined) return sent.read
  const { maxBody } = await wholeRoute(route)
  try {
    return await readBody(view.headers, body, 'browser', maxBody)
  } catch {
    return undefined
  }
}
