/** The only way out for requests to addresses that others chose. Upstreams of routes are exempt. */
export interface Egress {
  /**
   * One HTTPS (or, when allowed, HTTP) request to a public address: the name is resolved once and the connection pinned
   * to the result; private, loopback, link-local, multicast and reserved addresses are refused; redirects are not
   * followed; the body is bounded and comes as it was sent (not decompressed).
   *
   * @throws GateError `platform.egress-refused` before anything was sent, `platform.egress-failed`
   */
  request(url: URL, options?: EgressOptions): Promise<EgressResponse>
}

export interface EgressOptions {
  readonly method?: 'GET' | 'HEAD' | 'POST'
  /** `Host` and what frames the message are not the caller's to set. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Whole exchange, name resolution included; 10 s when absent. */
  readonly timeoutMs?: number
  /** Response body at most; 1 MiB when absent. */
  readonly maxBytes?: number
  /** A longer body is cut there, and the rest is not read, instead of failing the request. */
  readonly cutBody?: boolean
  /** Permits `http:`; nothing secret goes there. */
  readonly allowHttp?: boolean
  readonly signal?: AbortSignal
}

export interface EgressResponse {
  readonly status: number
  /** Names in lower case; several of one name joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}
