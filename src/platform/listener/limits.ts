/** Bounds on what a stranger may cost before anybody knows them. Times in milliseconds, sizes in bytes. */
export interface ListenerLimits {
  /** From accepting a connection to the end of its TLS handshake. */
  readonly handshakeMs: number
  /** Of a ClientHello, with what frames it. Those of today's clients take two to four thousand. */
  readonly helloBytes: number
  /** From a request's first byte, or a connection's, to the end of its headers. */
  readonly headersMs: number
  /** Without a byte of a request's body. */
  readonly bodyIdleMs: number
  /**
   * Bytes a second that a body must bring, on average over each window, while its reader is ready for them; 0: no
   * matter how few. Whole uploads may take as long as they flow.
   */
  readonly bodyRate: number
  readonly bodyWindowMs: number
  /** A kept-alive HTTP/1 connection without a request. */
  readonly keepAliveMs: number
  /** An HTTP/2 connection without a stream and without traffic. */
  readonly sessionIdleMs: number
  readonly headerBytes: number
  readonly headerCount: number
  /** HTTP/2 streams at once on one connection. */
  readonly streams: number
  /** HTTP/2 streams a client may reset at once, and per second after that (CVE-2023-44487). */
  readonly resetBurst: number
  readonly resetsPerSecond: number
  /** Open connections of one IPv4 address or IPv6 /64, and of everybody, on each of the two ports. */
  readonly connectionsPerNetwork: number
  readonly connections: number
  /** How often slow HTTP/1 clients are looked for. */
  readonly checkMs: number
  /**
   * A stolen ticket key opens the TLS 1.2 sessions of this long at most. A server has one key at a time (Node offers no
   * second one to decrypt with), so whoever returns with an older ticket makes one full handshake.
   */
  readonly ticketKeyMs: number
}

export const defaultLimits: ListenerLimits = {
  handshakeMs: 10_000,
  helloBytes: 16_384,
  headersMs: 15_000,
  bodyIdleMs: 60_000,
  bodyRate: 64,
  bodyWindowMs: 60_000,
  keepAliveMs: 30_000,
  sessionIdleMs: 120_000,
  headerBytes: 16_384,
  headerCount: 100,
  streams: 128,
  resetBurst: 500,
  resetsPerSecond: 50,
  connectionsPerNetwork: 1_000,
  connections: 10_000,
  checkMs: 5_000,
  ticketKeyMs: 8 * 3_600_000,
}
