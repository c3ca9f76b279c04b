const longest = 200

/** A program as it names itself (`User-Agent`), for lists: what came, without control characters, cut. */
export function clientName(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '').slice(0, longest)
}
