/** The only way out for requests to addresses that others chose. Upstreams of routes are exempt. */
export interface Egress {
  /**
   * One HTTPS (or, when allowed, HTTP) request to a public address: the name is resolved once and the connection pinned
   * to the result; private, loopback, link-local, multicast and reserved addresses are refused; redirects are not
   * followed; the body is bounded.
   *
   * @throws GateError `platform.egress-refused`, `platform.egress-failed`
   */
  request(url: URL, options?: EgressOptions): Promise<EgressResponse>
}

export interface EgressOptions {
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Whole exchange; 10 s when absent. */
  readonly timeoutMs?: number
  /** Response body at most; 1 MiB when absent. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
}

export interface EgressResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}
