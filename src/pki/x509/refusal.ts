/** Why something a stranger sent was not read or not believed. */
export type RefusalReason =
  /** Longer, deeper or of more parts than the reader takes. */
  | 'too-large'
  /** Not in the Distinguished Encoding Rules, or not PEM where PEM was announced. */
  | 'not-der'
  /** DER, but not the structure that was asked for. */
  | 'malformed'
  /** A name holds what no name may hold: NUL, control or invisible characters, bytes that are no text. */
  | 'name'
  /** A key that others can find or forge with. */
  | 'weak-key'
  /** A kind of key that is neither weak nor known here. */
  | 'unsupported-key'
  /** A signature by an algorithm that no longer proves anything. */
  | 'weak-signature'
  | 'unsupported-signature'
  /** The signature does not prove possession of the key. */
  | 'wrong-signature'

/**
 * What every reader of this folder throws for input it does not take; nothing else leaves them for any input. The
 * message is one English sentence without a full stop, safe for whoever sent it: it names what was found, never quotes it.
 */
export class X509Refusal extends Error {
  override readonly name = 'X509Refusal'
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, message: string) {
    super(message)
    this.reason = reason
  }
}
