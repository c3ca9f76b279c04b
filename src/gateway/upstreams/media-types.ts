const text = (type: string): string => `${type}; charset=utf-8`

/** By the end of the name; what is not here is bytes, and with `nosniff` stays bytes. */
const types: Readonly<Record<string, string>> = {
  html: text('text/html'),
  htm: text('text/html'),
  css: text('text/css'),
  js: text('text/javascript'),
  mjs: text('text/javascript'),
  json: 'application/json',
  map: 'application/json',
  webmanifest: 'application/manifest+json',
  txt: text('text/plain'),
  md: text('text/markdown'),
  csv: text('text/csv'),
  xml: 'application/xml',
  rss: 'application/rss+xml',
  atom: 'application/atom+xml',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/x-icon',
  woff: 'font/woff',
  woff2: 'font/woff2',
  ttf: 'font/ttf',
  otf: 'font/otf',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  webm: 'video/webm',
  pdf: 'application/pdf',
  zip: 'application/zip',
  gz: 'application/gzip',
  tar: 'application/x-tar',
  wasm: 'application/wasm',
}
const byEnding = new Map(Object.entries(types))

/** The media type of a file by its name. */
export function mediaTypeOf(name: string): string {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return byEnding.get(ending) ?? 'application/octet-stream'
}
