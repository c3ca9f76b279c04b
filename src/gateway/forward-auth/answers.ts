import type { ServerResponse } from 'node:http'
import type { Presented } from '../proxy/presented.ts'
import type { RequestRules } from '../request/request-rules.ts'
import type { Dialect } from './question.ts'

/**
 * What every answer of a yes may say, so that proxies can replace or remove each in the request they carry: who it is, and
 * what of the client's own credentials is the app's.
 */
export const told = [
  'remote-user',
  'remote-name',
  'remote-email',
  'remote-groups',
  'x-gatehouse-assertion',
  'cookie',
  'authorization',
]

/** A yes: 200 with the headers to copy; what is not there must not reach the app either. */
export function yesHeaders(
  identity: readonly string[],
  { cookies, authorization }: Pick<Presented, 'cookies' | 'authorization'>,
  { set, names, passesCookies, passesAuthorization }: RequestRules,
  dialect: Dialect,
): string[] {
  const headers = [...set, ...identity]
  if (cookies !== undefined && passesCookies) headers.push('cookie', cookies)
  if (authorization !== undefined && passesAuthorization) headers.push('authorization', authorization)
  if (dialect === 'envoy' || dialect === 'caddy') {
    const absent = [...new Set([...told, ...names])].filter(
      (name) => !headers.some((given, at) => at % 2 === 0 && given === name),
    )
    // in place of what is not there Caddy 2.6 copies the name of its own placeholder
    if (dialect === 'caddy') for (const name of absent) headers.push(name, '')
    else if (absent.length > 0) headers.push('x-envoy-auth-headers-to-remove', absent.join(','))
  }
  headers.push('cache-control', 'no-store', 'content-length', '0')
  return headers
}

/** The client was let in after all, between nginx's two questions: it may come again. */
export function answerAgain(response: ServerResponse, target: string): void {
  response.writeHead(307, ['location', target, 'cache-control', 'no-store', 'content-length', '0'])
  response.end()
}

/**
 * Proxies take every answer of the 200s for a yes, so none leaves but the one returned here, whatever the gate may come to
 * answer in place of an app one day.
 *
 * @param wants of `verdict` nginx is told 401 or 403, since it takes everything else for a failure of its own; it asks for
 * the answer itself afterwards
 * @returns says yes
 */
export function onlyYes(response: ServerResponse, wants: 'answer' | 'verdict'): (headers: string[]) => void {
  const writeHead = response.writeHead.bind(response)
  const end = response.end.bind(response)
  const none = ['cache-control', 'no-store', 'content-length', '0']
  Object.assign(response, {
    writeHead: (status: number, headers: string[]) => {
      const isSuccess = status < 300
      if (!isSuccess && wants === 'answer') return writeHead(status, headers)
      Object.assign(response, { end: () => end() })
      return writeHead(!isSuccess && (status === 401 || status < 400) ? 401 : 403, none)
    },
  })
  return (headers) => {
    writeHead(200, headers)
    end()
  }
}
