import { Failure } from './failure.ts'
import { confirm, isInteractive } from './terminal.ts'
import { visible } from './text.ts'

const asking = new Set(['identity.limits-to-confirm', 'pki.limits-to-confirm'])

/** Makes it, and where its limits ask something, asks and makes it then. */
export async function orConfirmed<T>(
  make: (confirmed: boolean) => Promise<T>,
  question: string,
  options: { readonly yes?: boolean },
): Promise<T> {
  try {
    return await make(options.yes === true)
  } catch (error) {
    if (!(error instanceof Failure) || !asking.has(error.details.code)) throw error
    const questions = (error.details.faults ?? []).map(({ message }) => visible(message)).join(' ')
    if (!isInteractive()) {
      throw new Failure({ ...error.details, detail: `${questions} Nothing was made; if it is meant, add --yes.` })
    }
    await confirm(`${questions} ${question}`, options)
    return make(true)
  }
}
