import type { TargetOptions } from './target.ts'

/** For deleting what policies can name. */
export interface DeleteOptions extends TargetOptions {
  readonly yes?: boolean
  readonly force?: boolean
}

/** The address to send it to: the server refuses what policies in force name unless told that this is known. */
export function deleting(url: string, { force }: DeleteOptions): string {
  return force === true ? `${url}?force=true` : url
}
