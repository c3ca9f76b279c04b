// Small comforts on pages that are complete without them: copying, living times, Ctrl-K.

const copied = 'Copied'

function showCopyButtons() {
  if (!navigator.clipboard) return
  for (const button of document.querySelectorAll('button[data-copy]')) {
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

function focusFilter(event) {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return
  const input = document.querySelector('[data-shortcut="search"] :is(input, select)')
  if (!input) return
  event.preventDefault()
  input.focus()
}

showCopyButtons()
tellTimes()
setInterval(tellTimes, 30_000)
document.addEventListener('keydown', focusFilter)
