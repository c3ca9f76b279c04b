/** How a page's policy may differ from the strict one. */
export interface PolicyOptions {
  /**
   * Where forms of this page may lead, besides this host. Chrome applies `form-action` to the redirects that follow a
   * form, so the sign-in form, whose answer may redirect to any routed host, passes `['https:']`.
   */
  readonly formTargets?: readonly string[]
}

/**
 * The Content-Security-Policy every page of the kit works under: style and script only as files of the same host,
 * `data:` images for the small marks in the stylesheets, no frames, no base, nothing else from anywhere.
 */
export function contentSecurityPolicy(options: PolicyOptions = {}): string {
  return [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self' data:",
    `form-action ${["'self'", ...(options.formTargets ?? [])].join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')
}
