import { GateError } from '../errors.ts'

export interface ConfigurationFault {
  /** `[listen] https`, `GATEHOUSE_LISTEN_HTTPS` or `gatehouse.toml:3:7` */
  readonly where: string
  readonly message: string
}

/** Everything wrong with the configuration, at once. Nothing was opened or changed when it is thrown. */
export class ConfigurationError extends GateError {
  constructor(source: string, faults: readonly ConfigurationFault[]) {
    const list = faults.map(({ where, message }) => `  ${where}: ${message}`).join('\n')
    super(
      'platform.configuration',
      {
        status: 500,
        title: 'The configuration has faults',
        detail: 'The configuration has faults; nothing was started.',
      },
      {
        message: `${faults.length === 1 ? 'One fault' : `${faults.length} faults`} in ${source}; nothing was started:\n${list}`,
        faults: faults.map(({ where, message }) => ({ field: where, message })),
      },
    )
  }
}
