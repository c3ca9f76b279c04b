// How good a new password is by its length, as it is typed. Nothing leaves the page. The same rule as strength.ts.

const words = {
  short: (left) => `${left} more ${left === 1 ? 'character' : 'characters'} needed.`,
  long: () => 'Longer than 256 characters.',
  fair: () => 'Fair by its length. Four random words stand much longer.',
  good: () => 'Good by its length.',
  strong: () => 'Strong by its length.',
}

function verdictOf(password) {
  const characters = Array.from(password.normalize('NFKC'))
  if (characters.length < 12) return ['short', 12 - characters.length]
  if (characters.length > 256) return ['long', 0]
  if (characters.length < 16 || new Set(characters).size < 8) return ['fair', 0]
  return [characters.length < 24 ? 'good' : 'strong', 0]
}

function show(output, password) {
  if (password === '') {
    output.textContent = ''
    return
  }
  const [verdict, left] = verdictOf(password)
  output.dataset.verdict = verdict
  output.textContent = words[verdict](left)
}

for (const output of document.querySelectorAll('output[data-strength]')) {
  const field = output.form?.elements.namedItem(output.dataset.strength)
  if (!field) continue
  field.addEventListener('input', () => show(output, field.value))
  show(output, field.value)
}
