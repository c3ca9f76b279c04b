import { type GatewayRoute, permissionOf } from './table.ts'

/** A route's rule in words, a line each; what asks for nothing has none. */
export function ruleWords(route: GatewayRoute): { readonly name: string; readonly text: string }[] {
  const { networks, regions, authenticators, assurance, mode, onRefusal } = route
  const surely = [
    ...(assurance.factors > 1 ? [`${assurance.factors} factors`] : []),
    ...(assurance.phishingResistant ? ['one that works for this address alone'] : []),
  ]
  return [
    { name: 'Who', text: whoText(route) },
    { name: 'Credentials, in order', text: authenticators.join(', ') },
    { name: 'Proven by', text: surely.join(', ') },
    { name: 'In', text: regions.join(', ') },
    { name: 'From', text: networks.length === 0 ? 'everywhere' : networks.join(', ') },
    { name: 'Refused', text: onRefusal === 'api' ? 'as programs are, browsers too' : '' },
    { name: 'Mode', text: mode === 'shadow' ? 'shadow: what the rule refuses is noted and let through' : '' },
  ].filter(({ text }) => text !== '')
}

function whoText(route: GatewayRoute): string {
  const { access } = route
  switch (access.kind) {
    case 'public':
      return `everybody: ${access.reason}`
    case 'signed-in':
      return 'who is signed in'
    case 'permission':
      return `holders of ${permissionOf(route)}`
    case 'policy':
      return `whom one of these policies permits: ${access.policies.join(', ')}`
  }
}
