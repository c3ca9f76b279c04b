import { type ErrorTable, errorsOf } from '#platform'

/** What the gateway answers on app hosts, and what its API refuses. */
export const gatewayErrors = {
  'gateway.target-ambiguous': {
    status: 400,
    title: 'The address can be read in two ways',
    detail:
      'The request was refused because its path holds {fault}. Nothing was sent on. Use the plain form of the address.',
  },
  'gateway.request-malformed': {
    status: 400,
    title: 'The request is malformed',
    detail: 'The request was refused because of {fault}. Nothing was sent on.',
  },
  'gateway.host-unknown': {
    status: 421,
    title: 'No app is published under this name',
    detail: 'Gatehouse has no route for this host. Check the name, or ask whoever runs this gate to publish the app.',
  },
  'gateway.path-unknown': {
    status: 404,
    title: 'No app is published under this path',
    detail: 'Gatehouse has routes for this host, but none covers this path.',
  },
  'gateway.method-not-allowed': {
    status: 405,
    title: 'The app is not published for this method',
    detail: 'Gatehouse has a route for this path, but not for {method}. Nothing was sent on.',
  },
  'gateway.sign-in-required': {
    status: 401,
    title: 'Sign in first',
    detail: 'This app is for people who signed in. Open it in a browser, or send an API token as a bearer token.',
  },
  'gateway.token-refused': {
    status: 401,
    title: 'The API token is not valid',
    detail:
      'The token is unknown, ended, revoked or not written as "Authorization: Bearer gat_…". Nothing was sent on.',
  },
  'gateway.certificate-refused': {
    status: 401,
    title: 'The client certificate is not accepted',
    detail: '{reason}: it proves nothing here. Nothing was sent on. Present another certificate, or none and sign in.',
  },
  'gateway.credential-refused': {
    status: 401,
    title: 'What you proved yourself with is not accepted',
    detail: '{reason} Nothing was sent on. Use another one, or none and sign in.',
  },
  'gateway.assurance-needed': {
    status: 401,
    title: 'Prove more surely who you are',
    detail: '{reason} Nothing was sent on. Prove yourself again in that way, then open the app again.',
  },
  'gateway.cross-site': {
    status: 403,
    title: 'A page of another site sent this',
    detail:
      'Browsers send your sign-in along with what pages of other sites make them send, so a change counts only from pages of the app itself. Nothing was sent on. If you meant it, open the app and do it there.',
  },
  'gateway.region-refused': {
    status: 403,
    title: 'This app is not reachable from here',
    detail: 'The app answers certain regions only, and your address is not known to be in one of them.',
  },
  'gateway.authenticator-missing': {
    status: 503,
    title: 'Nobody can be let in now',
    detail:
      'The route of this app asks for a way of signing in that this Gatehouse does not have, so it lets nobody in. Whoever administers this gate can change the route.',
  },
  'gateway.secret-header-damaged': {
    status: 503,
    title: 'Nobody can be let in now',
    detail:
      'A secret header that the app asks for can no longer be opened, so Gatehouse lets nobody in. Whoever administers this gate can set it again.',
  },
  'gateway.authenticator-unknown': {
    status: 422,
    title: 'There is no such authenticator',
    detail: '{names} is not among {known}. Nothing was changed.',
  },
  'gateway.header-refused': {
    status: 422,
    title: 'A route may not set this header',
    detail: '{name} {fault}. Nothing was changed.',
  },
  'gateway.too-many-secret-headers': {
    status: 422,
    title: 'The route has too many secret headers',
    detail: 'A route keeps at most 20 secret headers. Nothing was changed. Clear one that is no longer needed.',
  },
  'gateway.secret-header-unknown': {
    status: 404,
    title: 'No such secret header',
    detail: 'The route has no secret header of this name. Nothing was changed.',
  },
  'gateway.policy-unknown': {
    status: 422,
    title: 'There is no such policy',
    detail: 'There is no policy called {policy} here. Nothing was changed. Write it first, then let the route name it.',
  },
  'gateway.assurance-of-nobody': {
    status: 422,
    title: 'A public route asks nobody who they are',
    detail:
      'How surely somebody must be proven cannot be asked where nobody is. Nothing was changed. Ask who may use it, or drop the assurance.',
  },
  'gateway.present-needs-https': {
    status: 422,
    title: 'The app is not reached over TLS',
    detail:
      'A client certificate can be shown over https only. Nothing was changed. Give the app an https:// address, or show it none.',
  },
  'gateway.certificate-origin': {
    status: 403,
    title: 'A page of another site sent this',
    detail:
      'Browsers send client certificates along with requests that pages of other sites make, so a change counts only from pages of the app itself. Nothing was sent on.',
  },
  'gateway.refused': {
    status: 403,
    title: 'You may not use this app',
    detail: '{reason} Whoever administers this gate can change that.',
  },
  'gateway.network-refused': {
    status: 403,
    title: 'This app is not reachable from here',
    detail: 'The app answers certain networks only, and your address is in none of them.',
  },
  'gateway.upgrade-unsupported': {
    status: 501,
    title: 'This upgrade is not passed on',
    detail: 'Gatehouse passes WebSockets on, over HTTP/1.1, and no other change of protocol. Nothing was sent on.',
  },
  'gateway.websocket-version': {
    status: 426,
    title: 'Another WebSocket version is needed',
    detail: 'The only version is 13 (RFC 6455). Nothing was sent on.',
  },
  'gateway.websocket-origin': {
    status: 403,
    title: 'The WebSocket came from another site',
    detail:
      "A page of another site tried to open this app's WebSocket with your sign-in, so it was refused. Nothing was sent on.",
  },
  'gateway.too-many-sockets': {
    status: 503,
    title: 'Too many WebSockets are open',
    detail: 'The app, or this session, has as many WebSockets open as Gatehouse keeps. Close some and try again.',
  },
  'gateway.body-too-large': {
    status: 413,
    title: 'The upload is too large',
    detail:
      'The app behind Gatehouse takes bodies up to a length, and this one is longer. What had come of it was dropped. Whoever administers this gate can change the limit.',
  },
  'gateway.headers-too-large': {
    status: 431,
    title: 'The headers of the request are too large',
    detail: 'The app takes less than this request brought, often because of many cookies. Nothing was sent on.',
  },
  'gateway.rate-limited': {
    status: 429,
    title: 'Too many requests',
    detail:
      'The app may be used so often in a while, and this was more. Nothing was sent on. Try again in {seconds} s.',
  },
  'gateway.origin-not-allowed': {
    status: 403,
    title: 'Pages of that site may not use this app',
    detail:
      "A page of another site asked to use the app, and its origin is not on the route's list. Nothing was sent on. Whoever administers this gate can add it.",
  },
  'gateway.method-unsupported': {
    status: 501,
    title: 'This method is not passed on',
    detail: 'CONNECT and TRACE are never sent to an app.',
  },
  'gateway.loop': {
    status: 508,
    title: 'The request came back to the gate',
    detail:
      'The upstream of this route leads back to Gatehouse itself. Whoever administers this gate can correct the route.',
  },
  'gateway.upstream-unreachable': {
    status: 502,
    title: 'The app cannot be reached',
    detail: 'Gatehouse let the request in, but the app behind it did not accept the connection. Check that it runs.',
  },
  'gateway.upstream-certificate': {
    status: 502,
    title: "The app's certificate is not trusted",
    detail: 'The app behind Gatehouse showed a certificate that does not verify. Nothing was sent to it.',
  },
  'gateway.upstream-garbage': {
    status: 502,
    title: 'The app answered with something that is not HTTP',
    detail: 'Gatehouse could not understand the answer of the app behind it and dropped it.',
  },
  'gateway.upstream-closed': {
    status: 502,
    title: 'The app closed the connection',
    detail: 'The app behind Gatehouse took the request and closed the connection before it answered.',
  },
  'gateway.upstream-headers-too-large': {
    status: 502,
    title: "The app's answer has too large headers",
    detail: 'The headers of the answer exceed 64 KiB, so Gatehouse dropped it.',
  },
  'gateway.upstream-busy': {
    status: 503,
    title: 'The app is overloaded',
    detail: 'Too many requests already wait for the app behind Gatehouse. Try again in a moment.',
  },
  'gateway.upstream-connect-timeout': {
    status: 504,
    title: 'The app does not take connections',
    detail: 'The app behind Gatehouse did not accept a connection in time. Check that it runs and is not overloaded.',
  },
  'gateway.upstream-timeout': {
    status: 504,
    title: 'The app did not answer in time',
    detail: 'The app behind Gatehouse took the request but did not answer in time. It may still be working on it.',
  },
  'gateway.upstream-not-allowed': {
    status: 502,
    title: 'The app may not be reached',
    detail:
      'The route leads to a path of this machine that its configuration does not allow, so nothing was sent there. Whoever runs this gate can allow it.',
  },
  'gateway.decides-only': {
    status: 404,
    title: 'No app is reached through this gate here',
    detail:
      'Gatehouse only decides who may come in at this address; another proxy in front of it carries the app. Come through that proxy.',
  },
  'gateway.path-not-allowed': {
    status: 422,
    title: 'Routes may not lead there',
    detail: '{reason} Nothing was changed.',
  },
  'gateway.upstream-kind': {
    status: 422,
    title: 'Nothing can be led there',
    detail: '{reason} Nothing was changed.',
  },
  'gateway.pinned-authority': {
    status: 422,
    title: "The app's authority cannot be pinned",
    detail: '{reason} Nothing was changed.',
  },
  'gateway.forward-auth-proxy': {
    status: 403,
    title: 'Not a proxy that may ask',
    detail:
      'Questions about who may pass are answered to the proxies named in [gateway] forward-auth-proxies only. Nothing was decided.',
  },
  'gateway.forward-auth-question': {
    status: 400,
    title: 'The proxy asks unclearly',
    detail:
      'The proxy in front of the app did not say clearly what was asked for ({fault}), so nothing was let through. Whoever runs it can set it up as docs/forward-auth.md says.',
  },
  'gateway.unavailable': {
    status: 503,
    title: 'The gate cannot decide now',
    detail:
      'Gatehouse could not check who you are or what you may do, so it let nothing through. Try again in a moment.',
  },
  'gateway.sign-in-state': {
    status: 400,
    title: 'This sign-in cannot be finished',
    detail:
      'It took longer than ten minutes, was started for another address or was changed on the way. Open the app again.',
  },
  'gateway.code-refused': {
    status: 403,
    title: 'This sign-in link was refused',
    detail: 'It was used before, is older than a minute, or belongs to another browser. Open the app again.',
  },
  'gateway.cross-origin': {
    status: 403,
    title: 'The form came from another place',
    detail: 'Signing out is accepted from pages of this host only. Nothing was changed.',
  },
  'gateway.route-unknown': {
    status: 404,
    title: 'No such route',
    detail: 'There is no route with this name.',
  },
  'gateway.route-duplicate': {
    status: 409,
    title: 'Another route has this place',
    detail:
      'The place {place} belongs to route {other}. Nothing was changed. Choose another path, other methods or another priority, or change that route.',
  },
  'gateway.name-taken': {
    status: 409,
    title: 'The name is taken',
    detail:
      'A route was or is called {name}. Names are never used twice, because permissions and the journal refer to them.',
  },
  'gateway.host-reserved': {
    status: 422,
    title: 'This host belongs to Gatehouse',
    detail: "{host} is the console's own host or bare localhost. Nothing was changed. Choose another host for the app.",
  },
  'gateway.revision-stale': {
    status: 412,
    title: 'The route was changed meanwhile',
    detail:
      'Somebody changed the route after you loaded it. Nothing was changed. Load it again and repeat your change.',
  },
} satisfies ErrorTable

export const fail = errorsOf(gatewayErrors)
export type GatewayCode = keyof typeof gatewayErrors
