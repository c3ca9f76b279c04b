import { fail } from './errors.ts'

export const enrolmentRefused = (why: string) => fail('pki.enrolment-refused', { fields: { why } })
export const renewalRefused = (why: string) => fail('pki.renewal-refused', { fields: { why } })
