import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Actor, anonymous, type Decision, decisionSteps } from '#kit'
import { failHttp } from './http-errors.ts'
import { problemOf, Refused } from './problem.ts'
import { problemView } from './problem-view.ts'

const ada: Actor = { principal: { kind: 'account', id: 'acc_1', name: 'ada' }, address: '192.0.2.1' }

function refusedAt(step: Decision['step'], code = 'test'): Refused {
  return new Refused({ allowed: false, step, code, reason: 'Because.', policies: [] }, 'routes:read')
}

function view(error: unknown, actor: Actor): { readonly frame: string; readonly text: string } {
  const { frame, body } = problemView(problemOf(error, 'req_1'), error, actor)
  return { frame, text: body.toString() }
}

test('a refusal names the step, what would change it and who can, whichever step it was', () => {
  for (const step of decisionSteps) {
    const { frame, text } = view(refusedAt(step), ada)
    assert.equal(frame, 'full')
    assert.match(text, new RegExp(`at the step “${step}”: Because\\.`))
    assert.match(text, /routes:read.*What would change it<\/dt><dd>[A-Z].*Who can<\/dt><dd>[A-Z].*req_1/s)
  }
  assert.match(view(refusedAt('credential', 'credential-network'), ada).text, /a network this credential is allowed on/)
})

test('a stranger learns only that it was refused', () => {
  const { frame, text } = view(refusedAt('credential'), anonymous('192.0.2.1'))
  assert.equal(frame, 'bare')
  assert.doesNotMatch(text, /routes:read|credential|Because|192/)
})

test('other failures say what happened with their code; a bug only that something failed', () => {
  assert.match(view(failHttp('platform.not-found'), ada).text, /\/errors\/platform\.not-found/)
  assert.match(view(failHttp('platform.cross-origin'), anonymous(undefined)).text, /platform\.cross-origin/)
  const bug = view(new TypeError('secret cause'), ada).text
  assert.match(bug, /platform\.internal.*req_1/s)
  assert.doesNotMatch(bug, /secret cause/)
})
