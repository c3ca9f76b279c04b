import { type ErrorTable, errorsOf } from '#platform'

/** Everything this room refuses or cannot find. */
export const errors = {
  'access.refused': { status: 403, title: 'Refused', detail: '{reason}' },
  'access.sign-in-required': {
    status: 401,
    title: 'Sign-in required',
    detail: 'This is not open to strangers: sign in first.',
  },
  'access.more-than-held': {
    status: 403,
    title: 'More than you hold',
    detail:
      'Nothing was changed: {permission} would be passed on, and you do not hold it yourself (or what you signed in with does not cover it). Somebody who holds it has to do this.',
  },
  'access.outranked': {
    status: 403,
    title: 'Not above them',
    detail:
      'Nothing was changed: {name} ranks as high as you or higher, and nobody acts on an equal or higher rank. Somebody of a higher rank has to do this, or an administrator.',
  },
  'access.last-administrator': {
    status: 409,
    title: 'The last administrator',
    detail:
      'Nothing was changed: afterwards no active account would be administrator, and nobody could give the role back. Make another account administrator first.',
  },
  'access.principal-unknown': {
    status: 404,
    title: 'No such principal',
    detail: 'Nobody is known here as {id}. Nothing was changed.',
  },
  'access.role-unknown': {
    status: 404,
    title: 'No such role',
    detail: 'There is no role {name}. Nothing was changed.',
  },
  'access.role-built-in': {
    status: 409,
    title: 'Built-in role',
    detail:
      'The role {name} comes with Gatehouse and stays as it is. Nothing was changed; make a role of your own instead.',
  },
  'access.group-unknown': {
    status: 404,
    title: 'No such group',
    detail: 'There is no group {name}. Nothing was changed.',
  },
  'access.group-circle': {
    status: 409,
    title: 'Groups in a circle',
    detail: 'Nothing was changed: {member} already contains {group}, so each would be inside the other.',
  },
  'access.group-too-deep': {
    status: 409,
    title: 'Groups nested too deep',
    detail: 'Nothing was changed: groups may nest at most {limit} deep.',
  },
  'access.network-unknown': {
    status: 404,
    title: 'No such named network',
    detail: 'There is no named network {name}. Nothing was changed.',
  },
  'access.named-by-policies': {
    status: 409,
    title: 'Named by policies in force',
    detail:
      'Nothing was deleted: the {kind} {name} is named by policies in force ({policies}). They would stay in force and mean something else: nobody is in a deleted group or holds a deleted role, no address lies in a deleted network. Change the policies first, or delete it knowingly (force).',
  },
  'access.name-taken': {
    status: 409,
    title: 'Name taken',
    detail:
      'Nothing was created: the name {name} is or was in use. Names are never given twice, so that no old rule comes to mean something new. Choose another.',
  },
  'access.bad-permission': {
    status: 400,
    title: 'Not a permission',
    detail:
      'Nothing was changed: {permission} is not a permission of this Gatehouse. Write type:action, type:action:id, type:* or *; GET /api/v1/permissions lists the types and actions.',
  },
  'access.grant-unknown': {
    status: 404,
    title: 'No such grant',
    detail: 'There is no grant {id}. Nothing was changed.',
  },
  'access.grant-over': {
    status: 409,
    title: 'Grant is over',
    detail: 'The grant {id} was already revoked. Nothing was changed.',
  },
  'access.not-searchable': {
    status: 400,
    title: 'Not searchable',
    detail: 'Nothing was searched: things of the type {type} can only be asked about one by one.',
  },
  'access.bad-consistency': {
    status: 400,
    title: 'Not a consistency token',
    detail:
      'Nothing was decided: the header Gatehouse-Consistency holds no token that this Gatehouse gave. Leave it out.',
  },
  'access.incomplete-evaluation': {
    status: 400,
    title: 'Incomplete question',
    detail: 'Nothing was decided: the question has no {missing}.',
  },
  'access.grant-already-over': {
    status: 400,
    title: 'Grant that is over',
    detail:
      'Nothing was created: the grant would have ended before anybody could use it. Give an end that is still to come.',
  },
  'access.grant-to-oneself': {
    status: 400,
    title: 'Grant to oneself',
    detail: 'Nothing was created: a grant passes permissions to somebody else.',
  },
  'access.request-unknown': {
    status: 404,
    title: 'No such request',
    detail: 'There is no request {id} that you made or could answer. Nothing was changed.',
  },
  'access.request-over': {
    status: 409,
    title: 'No longer open',
    detail: 'This request is {state} already. Nothing was changed.',
  },
  'access.request-own': {
    status: 403,
    title: 'Your own request',
    detail: 'Nothing was changed: somebody else who holds it has to answer. You can withdraw it.',
  },
  'access.request-open': {
    status: 409,
    title: 'Asked already',
    detail:
      'You have an open request for {permission}. Nothing was changed; wait for the answer, or withdraw it first.',
  },
  'access.request-needless': {
    status: 409,
    title: 'Nothing to ask for',
    detail: 'This is permitted to you already, so nothing was asked for.',
  },
  'access.request-hopeless': {
    status: 409,
    title: 'A grant would not help',
    detail: 'Nothing was asked for, because no grant could change this answer: {reason} Its Why page says what would.',
  },
  'access.request-for-account': {
    status: 403,
    title: 'Only people ask',
    detail: 'Nothing was asked for: a request is made by an account for itself, not under a grant or through an app.',
  },
  'access.policy-unknown': {
    status: 404,
    title: 'No such policy',
    detail: 'There is no policy {name}. Nothing was changed.',
  },
  'access.policy-version-unknown': {
    status: 404,
    title: 'No such version',
    detail: 'The policy {name} has no version {version}. Nothing was changed.',
  },
  'access.policy-faulty': {
    status: 422,
    title: 'The policy has faults',
    detail:
      'Nothing was saved: {fault} The policies in force are what they were. Correct the text and save again; docs/policies.md has the words.',
  },
  'access.policy-locks-out': {
    status: 409,
    title: 'The policy would lock every administrator out',
    detail:
      'Nothing was changed: afterwards no active administrator could read and change policies any more, from any address and at any hour that was tried. {reason} Leave administrators a way, for example: unless { principal in Gatehouse::Group::"administrators" }.',
  },
  'access.too-many': {
    status: 409,
    title: 'Too many',
    detail: 'Nothing was changed: there may be at most {limit} {what}.',
  },
} as const satisfies ErrorTable

export const fail = errorsOf(errors)
