// Small comforts on pages that are complete without them: copying, living times, search as one types (Ctrl-K).

const copied = 'Copied'

function showCopyButtons(part) {
  if (!navigator.clipboard) return
  for (const button of part.querySelectorAll('button[data-copy]')) {
    button.hidden = false
    button.addEventListener('click', () => copy(button))
  }
}

async function copy(button) {
  const label = button.textContent
  if (label === copied) return
  try {
    await navigator.clipboard.writeText(button.dataset.copy)
    button.textContent = copied
    announce(copied)
  } catch {
    button.textContent = 'Select and copy'
  }
  setTimeout(() => {
    button.textContent = label
  }, 2000)
}

function announce(text) {
  let region = document.getElementById('announcements')
  if (!region) {
    region = document.createElement('div')
    region.id = 'announcements'
    region.className = 'unseen'
    region.setAttribute('role', 'status')
    document.body.append(region)
  }
  region.textContent = text
}

const units = [
  ['year', 31557600],
  ['month', 2629800],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
]

function relative(at, now) {
  const seconds = Math.abs(at - now) / 1000
  if (seconds < 45) return 'just now'
  const [unit, size] = units.find(([, length]) => seconds >= length * 0.95) ?? ['minute', 60]
  const count = Math.max(1, Math.round(seconds / size))
  const span = `${count} ${unit}${count === 1 ? '' : 's'}`
  return at > now ? `in ${span}` : `${span} ago`
}

function tellTimes() {
  for (const element of document.querySelectorAll('time[data-relative]')) {
    const at = Date.parse(element.dateTime)
    if (Number.isNaN(at)) continue
    element.textContent = relative(at, Date.now())
    if (!element.dataset.utc) element.dataset.utc = element.title
    const here = new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
    element.title = `${here} here\n${element.dataset.utc}`
  }
}

// Ctrl-K goes to the search, a second time to the filter of the list; Ctrl-/ lists the keys.
function shortcut(event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return
  const key = event.key.toLowerCase()
  const search = document.querySelector('[data-find] input')
  const filter = document.querySelector('[data-shortcut="search"] :is(input, select)')
  if (key === 'k') {
    const seen = search !== null && search.offsetParent !== null
    const next = seen && document.activeElement !== search ? search : (filter ?? search)
    if (!next) return
    event.preventDefault()
    next.focus()
    next.select?.()
  } else if (key === '/') {
    const list = document.getElementById('shortcuts')
    if (!list) return
    event.preventDefault()
    list.togglePopover()
  }
}

const patience = 120

// The box above every page: what is found appears below it, as text, never as markup.
function findAsTyped(form) {
  const input = form.querySelector('input')
  const list = document.createElement('div')
  list.id = 'found'
  list.className = 'found'
  list.setAttribute('role', 'listbox')
  list.setAttribute('aria-label', 'Found')
  list.hidden = true
  form.after(list)
  for (const [name, value] of [
    ['role', 'combobox'],
    ['aria-expanded', 'false'],
    ['aria-controls', 'found'],
    ['aria-autocomplete', 'list'],
    ['aria-keyshortcuts', 'Control+K'],
  ]) {
    input.setAttribute(name, value)
  }
  form.querySelector('kbd').hidden = false

  let timer
  let asking
  let asked = ''
  const options = () => [...list.querySelectorAll('a[role=option]')]
  const chosen = () => list.querySelector('[aria-selected=true]')
  const choose = (option) => {
    chosen()?.setAttribute('aria-selected', 'false')
    option?.setAttribute('aria-selected', 'true')
    option?.scrollIntoView({ block: 'nearest' })
    if (option) input.setAttribute('aria-activedescendant', option.id)
    else input.removeAttribute('aria-activedescendant')
  }
  const show = (open) => {
    list.hidden = !open
    input.setAttribute('aria-expanded', String(open))
    if (!open) choose(undefined)
  }
  const ask = async () => {
    const text = input.value.trim()
    asking?.abort()
    asked = text
    if (text === '') return show(false)
    asking = new AbortController()
    try {
      const answer = await fetch(`/api/v1/search?${new URLSearchParams({ q: text })}`, { signal: asking.signal })
      if (!answer.ok || text !== asked) return
      const { items } = await answer.json()
      if (text === asked && document.activeElement === input) draw(list, items, show)
    } catch {
      // without an answer the form still leads to the page
    }
  }
  input.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(ask, patience)
  })
  input.addEventListener('focus', () => {
    if (input.value.trim() !== '') ask()
  })
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !list.hidden) {
      event.preventDefault()
      return show(false)
    }
    const all = options()
    if (list.hidden || all.length === 0) return
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      const at = all.indexOf(chosen())
      const step = event.key === 'ArrowDown' ? 1 : at < 0 ? 0 : -1
      choose(all[(at + step + all.length) % all.length])
    } else if (event.key === 'Enter' && chosen()) {
      event.preventDefault()
      chosen().click()
    }
  })
  form.parentElement.addEventListener('focusout', (event) => {
    if (!form.parentElement.contains(event.relatedTarget)) show(false)
  })
}

function draw(list, items, show) {
  list.replaceChildren()
  let group
  let kind
  items.forEach((item, index) => {
    if (item.kind !== kind) {
      kind = item.kind
      group = document.createElement('div')
      group.setAttribute('role', 'group')
      group.setAttribute('aria-label', kind)
      const heading = document.createElement('p')
      heading.setAttribute('role', 'presentation')
      heading.textContent = kind
      group.append(heading)
      list.append(group)
    }
    const option = document.createElement('a')
    option.id = `found-${index}`
    option.setAttribute('role', 'option')
    option.setAttribute('aria-selected', 'false')
    option.tabIndex = -1
    // paths of this console only, whatever an answer says
    option.href = /^\/(?![/\\])/.test(item.href) ? item.href : '#'
    const title = document.createElement('span')
    title.textContent = item.title
    option.append(title)
    if (item.note) {
      const note = document.createElement('small')
      note.textContent = item.note
      option.append(note)
    }
    group.append(option)
  })
  if (items.length === 0) {
    const nothing = document.createElement('p')
    nothing.textContent = 'Nothing found'
    nothing.setAttribute('role', 'option')
    nothing.setAttribute('aria-disabled', 'true')
    nothing.setAttribute('aria-selected', 'false')
    list.append(nothing)
  }
  show(true)
  announce(items.length === 0 ? 'Nothing found' : `${items.length} found`)
}

const longestFile = 65536

/** The text of a chosen file goes into a field; a private key does not, so that it never leaves the machine. */
async function readInto(input) {
  const [file] = input.files
  const field = input.form.elements[input.dataset.into]
  if (!file || !field) return
  const text = file.size > longestFile ? '' : await file.text()
  const refusal = /PRIVATE KEY|PuTTY-User-Key-File/.test(text) ? input.dataset.refusal : undefined
  const fault = file.size > longestFile ? 'This file is too long.' : (refusal ?? '')
  input.setCustomValidity(fault)
  if (fault === '') field.value = text
  else input.reportValidity()
}

/** As many numbers as there are lines, and where the text scrolls they follow. */
function numberLines(area) {
  const numbers = area.previousElementSibling
  const follow = () => {
    const known = numbers.textContent.split('\n').length - 1
    const lines = area.value.split('\n').length
    for (let line = known + 1; line <= lines; line += 1) numbers.append(`${line}\n`)
    numbers.scrollTop = area.scrollTop
  }
  area.addEventListener('input', follow)
  area.addEventListener('scroll', follow)
  follow()
}

for (const area of document.querySelectorAll('.numbered > textarea')) numberLines(area)
for (const input of document.querySelectorAll('input[data-into]')) {
  input.parentElement.hidden = false
  input.addEventListener('change', () => void readInto(input))
}
for (const button of document.querySelectorAll('[data-shortcuts]')) button.hidden = false
for (const form of document.querySelectorAll('[data-find]')) findAsTyped(form)
showCopyButtons(document)
tellTimes()
setInterval(tellTimes, 30_000)
document.addEventListener('keydown', shortcut)
