import type { Ctx } from '#platform'

/** A mail of plain text to one person. */
export interface NewMail {
  /** One address of the form `addressFault` accepts. */
  readonly to: string
  /** One line. */
  readonly subject: string
  /** Lines end with `\n`. */
  readonly text: string
  /** What it is, for the journal and the list: `identity.invitation`. */
  readonly purpose: string
  /** What it is about, for the journal should it never be sent. */
  readonly about?: { readonly type: string; readonly id: string; readonly name?: string }
  /** From then on it is not sent any more: its link has expired. */
  readonly expiresAt?: number
}

/** Mail as other rooms see it. */
export interface MailFace {
  /** Whether this installation sends mail. Without it links are shown to whoever made them. */
  readonly enabled: boolean
  /**
   * Puts a mail into this transaction's queue, sealed; it is sent after the commit, tried again with growing pauses, and
   * given up with a journal record. Never waits for the mail server, and never fails for it.
   *
   * @returns false when it was not queued: no mail is sent here, or too many wait already
   * @throws TypeError outside a transaction, and for an address or a subject that is malformed: callers check what was typed
   */
  queue(tx: Ctx, mail: NewMail): Promise<boolean>
}
