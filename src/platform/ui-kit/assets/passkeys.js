// Passkeys, on pages that ask for one. Such a form is hidden in the page and shown where the browser has WebAuthn; its
// button asks Gatehouse what to ask for, the browser asks the authenticator, and the answer is sent as the form's.

const { browserSupportsWebAuthn, browserSupportsWebAuthnAutofill, startAuthentication, startRegistration } =
  globalThis.SimpleWebAuthnBrowser

// challenges are good for two minutes
const autofillLives = 100_000

const words = {
  InvalidStateError: 'That authenticator has a passkey for this account already.',
  NotAllowedError: 'No passkey was used: it was cancelled, took too long, or none was found here.',
  SecurityError: 'This browser refuses passkeys on this page: its address or certificate is not what it expects.',
}

function preparePasskeys() {
  const forms = document.querySelectorAll('form[data-passkey]')
  if (!browserSupportsWebAuthn()) {
    for (const missing of document.querySelectorAll('[data-passkey-missing]')) missing.hidden = false
    return
  }
  for (const form of forms) {
    form.hidden = false
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      void ask(form, event.submitter)
    })
    if ('autofill' in form.dataset) void offerInField(form)
  }
}

async function ask(form, button) {
  if (button) button.disabled = true
  tell(form, '')
  try {
    await answer(form, await optionsOf(form, typedHandle()), false)
  } catch (error) {
    tell(form, wordsFor(error))
  } finally {
    if (button) button.disabled = false
  }
}

// The browser lists passkeys where the handle is typed. Asked anew before the challenge ends, while somebody looks.
async function offerInField(form) {
  if (!(await browserSupportsWebAuthnAutofill())) return
  while (document.visibilityState === 'visible') {
    const options = await optionsOf(form, '').catch(() => undefined)
    if (!options) return
    const again = new Promise((resolve) => setTimeout(resolve, autofillLives, true))
    const asked = answer(form, options, true).then(
      () => false,
      () => false,
    )
    if (!(await Promise.race([again, asked]))) return
  }
  document.addEventListener('visibilitychange', () => void offerInField(form), { once: true })
}

async function answer(form, optionsJSON, useBrowserAutofill) {
  const given =
    form.dataset.passkey === 'create'
      ? await startRegistration({ optionsJSON })
      : await startAuthentication({ optionsJSON, useBrowserAutofill })
  form.elements.namedItem('response').value = JSON.stringify(given)
  form.submit()
}

async function optionsOf(form, handle) {
  const body = new URLSearchParams(handle && 'handle' in form.dataset ? { handle } : {})
  const reply = await fetch(form.dataset.options, { method: 'POST', body, headers: { accept: 'application/json' } })
  if (reply.ok) return reply.json()
  const problem = await reply.json().catch(() => ({}))
  throw new Error(problem.detail ?? problem.title ?? 'Gatehouse did not answer. Nothing was changed; try again.')
}

function typedHandle() {
  return document.querySelector('input[autocomplete~="username"]')?.value.trim() ?? ''
}

function wordsFor(error) {
  return words[error.name] ?? words[error.cause?.name] ?? error.message
}

function tell(form, text) {
  const place = form.querySelector('[data-passkey-message]')
  place.textContent = text
  place.hidden = text === ''
}

preparePasskeys()
