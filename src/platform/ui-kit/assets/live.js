// A list that gets its new rows by itself, where the page offers it. Without this script it has a link to reload.

const mostNew = 500
const announceEvery = 5000

function followList() {
  const bar = document.querySelector('[data-live]')
  if (!bar || !window.EventSource) return
  const state = bar.querySelector('[data-live-state]')
  const button = bar.querySelector('button')
  const reload = bar.querySelector('a')
  const waiting = []
  let paused = false
  let shown = 0
  let unheard = 0
  let speaking

  const source = new EventSource(bar.dataset.live)
  source.addEventListener('open', () => tell('New records appear as they come.'))
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) end('Live updates ended.')
    else tell('Connecting again…')
  })
  source.addEventListener('row', (event) => {
    const row = JSON.parse(event.data)
    if (paused) wait(row)
    else if (show(row)) hear()
  })
  button.addEventListener('click', () => {
    paused = !paused
    if (!paused) for (const row of waiting.splice(0)) show(row)
    label()
  })
  addEventListener('pagehide', () => source.close())
  label()
  button.hidden = false
  reload.hidden = true

  function tell(text) {
    if (state.textContent !== text) state.textContent = text
  }

  function end(text) {
    source.close()
    tell(text)
    button.hidden = true
    reload.hidden = false
  }

  function wait(row) {
    waiting.push(row)
    if (waiting.length >= mostNew) end(`${mostNew} new records wait.`)
    else label()
  }

  function label() {
    button.textContent = !paused ? 'Pause' : waiting.length === 0 ? 'Resume' : `Resume, ${waiting.length} new`
  }

  function show({ href, html }) {
    const body = document.querySelector('table.rows tbody')
    // an empty list has no table to put a row into
    if (!body) {
      end('There are new records.')
      announce('There are new records. Reload the page.')
      return false
    }
    if (body.querySelector(`a[href="${CSS.escape(href)}"]`)) return false
    const template = document.createElement('template')
    template.innerHTML = html
    showCopyButtons(template.content)
    body.prepend(template.content)
    shown += 1
    if (shown >= mostNew) end(`${mostNew} new records are shown.`)
    return true
  }

  // how many, and not each one: whoever listens to the page should not be talked over
  function hear() {
    unheard += 1
    if (speaking !== undefined) return
    speaking = setTimeout(() => {
      speaking = undefined
      announce(unheard === 1 ? '1 new record' : `${unheard} new records`)
      unheard = 0
    }, announceEvery)
  }
}

followList()

// A part of a page fetched anew while somebody looks at it.

const refreshEvery = 2000

function refreshPart() {
  const part = document.querySelector('[data-refresh]')
  if (!part) return
  const bar = document.querySelector('[data-refresh-bar]')
  const state = bar.querySelector('[data-live-state]')
  const button = bar.querySelector('button')
  const reload = bar.querySelector('a')
  let paused = false
  let underway = false

  const timer = setInterval(refresh, refreshEvery)
  button.addEventListener('click', () => {
    paused = !paused
    label()
  })
  label()
  button.hidden = false
  reload.hidden = true

  async function refresh() {
    // what somebody reads with the keyboard or marks must not move away under them
    if (paused || underway || document.hidden || part.contains(document.activeElement)) return
    underway = true
    try {
      const answer = await fetch(part.dataset.refresh, { redirect: 'error' })
      if (!answer.ok) return end()
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
      const fresh = page.querySelector('[data-refresh]')
      if (!fresh) return end()
      if (fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes)
      tell('Shows what is going on now.')
    } catch {
      tell('Connecting again…')
    } finally {
      underway = false
    }
  }

  function end() {
    clearInterval(timer)
    tell('Updates ended.')
    button.hidden = true
    reload.hidden = false
  }

  function tell(text) {
    if (!paused && state.textContent !== text) state.textContent = text
  }

  function label() {
    button.textContent = paused ? 'Resume' : 'Pause'
    state.textContent = paused ? 'Paused.' : 'Shows what is going on now.'
  }
}

refreshPart()
