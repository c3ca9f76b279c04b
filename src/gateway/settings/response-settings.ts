import { z } from 'zod'
import { settingsGroup } from './group.ts'

const fieldName = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'a header name')
  .toLowerCase()

/** Framing, the connection, and what has a setting of its own: nobody writes these by hand. */
const notByHand =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|http2-settings|content-length|content-encoding|content-type|date|set-cookie|via|access-control-.*|www-authenticate)$/

const fieldValue = z
  .string()
  .max(4_096)
  .regex(
    /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/,
    'a name and a value, as X-Robots-Tag: noindex; printable ASCII in one line',
  )

/** An origin as browsers write it in `Origin`: lower case, the scheme's own port left out. */
const pageOrigin = z
  .string()
  .max(300)
  .refine(
    (text) => text === '*' || isPageOrigin(text),
    'https://shop.example.org, or * alone: no path, no user, no final slash',
  )

const methodName = z.string().regex(/^[A-Z][A-Z-]{0,31}$/, 'a method in capitals, such as PUT')

const cors = z
  .strictObject({
    origins: z.array(pageOrigin).min(1, 'at least one origin').max(50),
    methods: z
      .array(methodName)
      .min(1, 'at least one method')
      .max(20)
      .default(['GET', 'HEAD', 'POST'])
      .describe('What pages of these origins may do.'),
    headers: z.array(fieldName).max(50).default([]).describe('Request headers beyond those every page may send.'),
    exposeHeaders: z.array(fieldName).max(50).default([]).describe('Answer headers their scripts may read.'),
    credentials: z.boolean().default(false).describe('Their requests may bring cookies and count as those of the app.'),
    maxAgeSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(600)
      .describe('How long browsers remember the answer to their question.'),
  })
  .refine(({ origins }) => !origins.includes('*') || origins.length === 1, {
    path: ['origins'],
    message: '* stands alone: it is everybody',
  })
  .refine(({ origins, credentials }) => !credentials || !origins.includes('*'), {
    path: ['credentials'],
    message: 'not with *: every page of the web would act as whoever looks at it',
  })

/** What the client is told beside the app's own words. */
export const responseSettings = settingsGroup(
  {
    preset: z
      .enum(['auto', 'compatible', 'strict'])
      .describe(
        'Safe headers where the app sets none. compatible: what an existing app almost never breaks on. strict: nothing from other origins, nothing inline. auto: strict for files served from a folder here, else compatible.',
      ),
    setHeaders: z
      .record(
        fieldName.refine((name) => !notByHand.test(name), 'not a header to set by hand'),
        fieldValue,
      )
      .refine((fields) => Object.keys(fields).length <= 50, 'at most 50')
      .describe("On every answer of the app, in place of the app's own."),
    removeHeaders: z
      .array(fieldName.refine((name) => !notByHand.test(name) || name === 'via', 'not a header to take away by hand'))
      .max(50)
      .describe('Never reach the client, neither from the app nor from the preset.'),
    cookieDomain: z
      .enum(['own', 'keep'])
      .describe(
        "own: cookies of the app stay with its host, whatever Domain they name. keep: their Domain is the app's affair, and other hosts may see and set them.",
      ),
    cors: cors
      .nullable()
      .describe(
        "Which pages of other origins may read answers. null: the app's own headers about that pass. Given: Gatehouse answers the browser's questions itself and drops the app's.",
      ),
  },
  {
    preset: 'auto',
    setHeaders: {},
    removeHeaders: ['server', 'x-powered-by'],
    cookieDomain: 'own',
    cors: null,
  },
)

function isPageOrigin(text: string): boolean {
  if (!/^https?:\/\/[a-z0-9._:[\]-]+$/.test(text)) return false
  return URL.parse(text)?.origin === text
}
