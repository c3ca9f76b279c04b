import type { Condition, Policy, Scope } from './world.ts'

/** A policy as Gatehouse gets it. */
export function cedarText(policy: Policy): string {
  const { id, effect, principal, actions, resource, when, unless } = policy
  const action =
    actions === undefined
      ? 'action'
      : actions.length === 1
        ? `action == ${action_(actions[0] ?? '')}`
        : `action in [${actions.map(action_).join(', ')}]`
  const head = `${effect} (${scope('principal', principal)}, ${action}, ${scope('resource', resource)})`
  const tail = [
    ...(when === undefined ? [] : [`when { ${condition(when)} }`]),
    ...(unless === undefined ? [] : [`unless { ${condition(unless)} }`]),
  ]
  // what an operator writes names itself within its policy only
  return `@id(${quoted(id.replace(/^policy:.*\//, ''))})\n${[head, ...tail].join('\n')};`
}

function action_(name: string): string {
  return `Gatehouse::Action::${quoted(name)}`
}

function scope(variable: 'principal' | 'resource', given: Scope): string {
  switch (given.op) {
    case 'all':
      return variable
    case 'is':
      return `${variable} is ${given.type}`
    case 'equals':
      return `${variable} == ${given.type}::${quoted(given.id)}`
    case 'in':
      return `${variable} in ${given.type}::${quoted(given.id)}`
  }
}

function condition(given: Condition): string {
  switch (given.op) {
    case 'and':
      return `(${condition(given.left)} && ${condition(given.right)})`
    case 'or':
      return `(${condition(given.left)} || ${condition(given.right)})`
    case 'not':
      return `!(${condition(given.inner)})`
    case 'principal-in':
      return `principal in Gatehouse::Group::${quoted(given.group)}`
    case 'principal-is':
      return `principal.id == ${quoted(given.id)}`
    case 'via':
      return `context.via.contains(${quoted(given.text)})`
    case 'via-something':
      return '!context.via.isEmpty()'
    case 'credential':
    case 'app':
      return `(context has ${given.op} && context.${given.op} == ${quoted(given.text)})`
    case 'owner':
      return '(resource has owner && resource.owner == principal.id)'
    case 'member':
      return '(resource has members && resource.members.contains(principal.id))'
    case 'shared-group':
      return '(resource has groups && principal in resource.groups)'
    case 'parent':
      return `resource in ${given.type}::${quoted(given.id)}`
    case 'access':
      return `resource.access == ${quoted(given.text)}`
    case 'tag':
      return `resource.tags.contains(${quoted(given.text)})`
    case 'network':
      return `context.networks.contains(${quoted(given.name)})`
    case 'before-nine':
      return 'context.time.hour < 9'
    case 'two-factors':
      return 'context.assurance >= 2'
    case 'level-above':
      return `resource.level > ${given.level}`
    case 'level-overflows':
      return 'resource.level * 9223372036854775807 > 0'
  }
}

/** A Cedar string literal. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
