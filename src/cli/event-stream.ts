/** One server-sent event, as far as ours go (WHATWG HTML §9.2.6). */
export interface ReceivedEvent {
  readonly id: string | undefined
  readonly event: string
  readonly data: string
}

/** A record of the journal has at most some 300 kB; whatever is longer is no stream of ours. */
const longestEvent = 4 * 1024 * 1024

/**
 * Events out of bytes, in whatever pieces those come. A part without its blank line is no event.
 *
 * @throws Error when one is longer than anything we send
 */
export async function* eventsOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ReceivedEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true })
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const event = eventOf(rest.slice(0, end))
      rest = rest.slice(end + 2)
      if (event !== undefined) yield event
    }
    if (rest.length > longestEvent) throw new Error(`an event is longer than ${longestEvent} characters`)
  }
}

function eventOf(text: string): ReceivedEvent | undefined {
  let id: string | undefined
  let event = 'message'
  const data: string[] = []
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') data.push(value)
    else if (name === 'id') id = value
    else if (name === 'event') event = value
  }
  return data.length === 0 ? undefined : { id, event, data: data.join('\n') }
}
