import { z } from 'zod'
import { fail } from '../errors.ts'
import { pkcs12Form } from './contract.ts'

/** A form's field; what was left empty is absent. */
export const optional = z
  .string()
  .trim()
  .transform((text) => (text === '' ? undefined : text))

/** What forms ask about the key of a certificate. */
export const keyInputs = {
  request: optional,
  newKey: z.literal('yes').optional(),
  handover: z.enum(['pem', ...pkcs12Form.options]).default('pem'),
  password: z
    .string()
    .optional()
    .transform((text) => (text === '' ? undefined : text)),
}

interface KeyTyped {
  readonly request: string | undefined
  readonly newKey?: 'yes' | undefined
  readonly handover: 'pem' | z.infer<typeof pkcs12Form>
  readonly password: string | undefined
}

/** As the contract says it. @throws GateError `pki.request-or-key` */
export function keyWanted({ request, newKey, handover, password }: KeyTyped): Readonly<Record<string, unknown>> {
  if ((request === undefined) === (newKey === undefined)) throw fail('pki.request-or-key')
  if (newKey === undefined) return { request }
  if (handover === 'pem') return { newKey: true }
  return { newKey: true, pkcs12: { form: handover, ...(password === undefined ? {} : { password }) } }
}

export type FormValues = Readonly<Record<string, string | undefined>>

/** What was typed, to be shown again, but for the password. */
export function typed(form: Readonly<Record<string, unknown>>): FormValues {
  return Object.fromEntries(
    Object.entries(form).flatMap(([name, value]) => {
      if (name === 'password' || name === 'confirmed') return []
      if (Array.isArray(value)) return [[name, value.join(name === 'regions' ? ', ' : '\n')]]
      return typeof value === 'string' || typeof value === 'number' ? [[name, `${value}`]] : []
    }),
  )
}
