/**
 * The Content-Security-Policy every page of the kit works under: style and script only as files of the same host,
 * `data:` images for the small marks in the stylesheets, no frames, no base, nothing else from anywhere. Forms lead to
 * this host only; Chrome applies that to the redirects after a form too, so a form whose way leads to another host
 * ends in a page that goes on by itself (the `continue` reply).
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')
