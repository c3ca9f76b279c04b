import { type ExtensionName, extensionIds, type Facts, type LintedExtension } from './facts.ts'

/** What a certificate is meant to be, which decides what is asked of it. */
export type LintKind = 'root' | 'intermediate' | 'responder' | 'server' | 'service' | 'device' | 'person' | 'gateway'

export interface LintContext {
  readonly kind: LintKind
  /** The certificate of who issued it, when the chain is to be judged too. */
  readonly issuer: Facts | undefined
}

export interface LintRule {
  /** Stable, kebab-case. */
  readonly id: string
  /** Where it is written: `RFC 5280 §4.1.2.2`; `BR` are the CA/Browser Forum's Baseline Requirements for TLS. */
  readonly section: string
  /** Undefined where the rule is kept or does not apply; else what is wrong. */
  readonly check: (facts: Facts, context: LintContext) => string | undefined
}

export function isAuthority({ kind }: LintContext): boolean {
  return kind === 'root' || kind === 'intermediate'
}

/** Whether browsers and other TLS clients take it for a server's, so that the baseline applies. */
export function isServer({ kind }: LintContext): boolean {
  return kind === 'server' || kind === 'service'
}

export function extensionOf(facts: Facts, name: ExtensionName): LintedExtension | undefined {
  return facts.extensions.find(({ id }) => id === extensionIds[name])
}

/** The message where a condition holds. */
export function says(condition: boolean, message: string): string | undefined {
  return condition ? message : undefined
}
