/**
 * Who may come in where, for everything this room answers but AuthZEN. What stands behind these doors is loaded with the
 * first request that one of them lets in; of doors that fit the same path the first answers.
 */
import { doors } from '#platform'

const aboutOneself = 'everybody may ask about themselves; about others it asks for decisions:read in the handler'
const forOneself = 'everybody asks for themselves; a request is shown only to who made it and who could grant it'

export const roleDoors = doors('api', {
  'GET /api/v1/roles': { access: { each: 'roles:read' }, summary: 'Roles by name, with how many hold each' },
  'POST /api/v1/roles': {
    access: { permission: 'roles:create' },
    summary: 'Create a role; its permissions must be held by whoever creates it',
  },
  'GET /api/v1/roles/{role}': { access: { permission: 'roles:read:{role}' }, summary: 'One role by name' },
  'PATCH /api/v1/roles/{role}': {
    access: { permission: 'roles:update:{role}' },
    summary: 'Change a role for everybody who holds it; what it gains must be held by whoever changes it',
  },
  'DELETE /api/v1/roles/{role}': {
    access: { permission: 'roles:delete:{role}' },
    summary: 'Delete a role and take it from everybody; its name stays taken',
  },
  'GET /api/v1/roles/{role}/holders': {
    access: { permission: 'roles:read:{role}' },
    summary: 'Who holds a role, by themselves or as a group',
  },
  'POST /api/v1/roles/{role}/give': {
    access: { permission: 'roles:assign:{role}' },
    summary: 'Give a role to a principal or a group; whoever gives must hold all it permits',
  },
  'POST /api/v1/roles/{role}/take': {
    access: { permission: 'roles:assign:{role}' },
    summary: 'Take a role from a principal or a group',
  },
})

export const groupDoors = doors('api', {
  'GET /api/v1/groups': {
    access: { each: 'groups:read' },
    summary: 'Groups by name, with their roles and how many members each has',
  },
  'POST /api/v1/groups': {
    access: { permission: 'groups:create' },
    summary: 'Create a group without members and roles',
  },
  'GET /api/v1/groups/{group}': { access: { permission: 'groups:read:{group}' }, summary: 'One group by name' },
  'PATCH /api/v1/groups/{group}': {
    access: { permission: 'groups:update:{group}' },
    summary: 'Change what a group is called',
  },
  'DELETE /api/v1/groups/{group}': {
    access: { permission: 'groups:delete:{group}' },
    summary: 'Delete a group; its members lose what it brought them, its name stays taken',
  },
  'GET /api/v1/groups/{group}/members': {
    access: { permission: 'groups:read:{group}' },
    summary: 'Who belongs to a group directly',
  },
  'POST /api/v1/groups/{group}/add-member': {
    access: { permission: 'groups:update:{group}' },
    summary: 'Add a principal or another group; whoever adds must hold all that membership brings',
  },
  'POST /api/v1/groups/{group}/remove-member': {
    access: { permission: 'groups:update:{group}' },
    summary: 'Remove a principal or a group from a group',
  },
})

export const networkDoors = doors('api', {
  'GET /api/v1/networks': { access: { each: 'networks:read' }, summary: 'Named networks by name' },
  'POST /api/v1/networks': {
    access: { permission: 'networks:create' },
    summary: 'Give networks a name, to be used as @name wherever networks are listed',
  },
  'GET /api/v1/networks/{network}': { access: { permission: 'networks:read:{network}' }, summary: 'One named network' },
  'PATCH /api/v1/networks/{network}': {
    access: { permission: 'networks:update:{network}' },
    summary: 'Change which addresses a named network holds, everywhere it is used and at once',
  },
  'DELETE /api/v1/networks/{network}': {
    access: { permission: 'networks:delete:{network}' },
    summary: 'Delete a named network; whatever names it admits nobody from then on',
  },
})

export const grantDoors = doors('api', {
  'GET /api/v1/grants': {
    access: { each: 'grants:read' },
    summary: 'Grants, newest first: all one may see, those one gave or has among them',
  },
  'POST /api/v1/grants': {
    access: { permission: 'grants:create' },
    summary: 'Pass permissions you hold to somebody else, for as long as you hold them',
  },
  'GET /api/v1/grants/{grant}': {
    access: { permission: 'grants:read:{grant}' },
    summary: 'One grant; who gave it and who has it may always look',
  },
  'POST /api/v1/grants/{grant}/revoke': {
    access: { permission: 'grants:revoke:{grant}' },
    summary: 'End a grant at once; who gave it and who has it may always do so',
  },
})

export const decisionDoors = doors('api', {
  'POST /api/v1/decisions': {
    access: { permission: 'decisions:read' },
    summary: 'Ask what somebody may do with a certain credential, and what each step of the chain says',
  },
  'GET /api/v1/permissions': {
    access: { signedIn: 'the words of permissions say nothing about anybody' },
    summary: 'Every type of permission with its actions, in words',
  },
})

export const policyDoors = doors('api', {
  'GET /api/v1/policies': { access: { permission: 'policies:read' }, summary: 'Policies written here, by name' },
  'GET /api/v1/policies/{policy}': {
    access: { permission: 'policies:read:{policy}' },
    summary: 'One policy with its text and its statements',
  },
  'GET /api/v1/policies/{policy}/versions': {
    access: { permission: 'policies:read:{policy}' },
    summary: 'Every version of a policy, newest first',
  },
  'GET /api/v1/policies/{policy}/versions/{version}': {
    access: { permission: 'policies:read:{policy}' },
    summary: 'One version of a policy',
  },
  'GET /api/v1/policies/{policy}/differences': {
    access: { permission: 'policies:read:{policy}' },
    summary: 'What a policy in shadow mode would have answered otherwise, latest first, a few seconds behind',
  },
  'POST /api/v1/policies': {
    access: { permission: 'policies:create' },
    summary: 'Write a policy; what it permits must be held by whoever brings it into force',
  },
  'PATCH /api/v1/policies/{policy}': {
    access: { permission: 'policies:update:{policy}' },
    summary: 'Change a policy; another text becomes its next version',
  },
  'POST /api/v1/policies/{policy}/rollback': {
    access: { permission: 'policies:update:{policy}' },
    summary: 'Make the text of an earlier version the newest one',
  },
  'POST /api/v1/policies/{policy}/enable': {
    access: { permission: 'policies:update:{policy}' },
    summary: 'Bring a policy into force',
  },
  'POST /api/v1/policies/{policy}/shadow': {
    access: { permission: 'policies:update:{policy}' },
    summary: 'Only watch what a policy would answer; it decides nothing',
  },
  'POST /api/v1/policies/{policy}/disable': {
    access: { permission: 'policies:update:{policy}' },
    summary: 'Switch a policy off',
  },
  'DELETE /api/v1/policies/{policy}': {
    access: { permission: 'policies:delete:{policy}' },
    summary: 'Delete a policy; it decides nothing any more, and its name stays taken',
  },
  'POST /api/v1/policies/dry-run': {
    access: { permission: 'policies:dry-run' },
    summary: 'Say whose access a policy would change, without saving it',
  },
  'GET /api/v1/policy-templates': {
    access: { signedIn: 'examples in the words of this installation say nothing about anybody' },
    summary: 'Policies to begin with',
  },
  'GET /api/v1/policy-schema': {
    access: { signedIn: 'the words of policies say nothing about anybody' },
    summary: 'The words of policies: entity types with their attributes, actions, context',
  },
})

export const whyDoors = {
  ...doors('api', {
    'GET /api/v1/why': {
      access: { signedIn: aboutOneself },
      summary: 'Why you, or somebody you may ask about, may or may not do something',
    },
  }),
  ...doors('browser', {
    'GET /why': { access: { signedIn: aboutOneself } },
  }),
}

export const requestDoors = doors('api', {
  'GET /api/v1/access-requests': {
    access: { signedIn: forOneself },
    summary: 'Open requests you could grant, or with mine=true what you asked for; newest first',
  },
  'POST /api/v1/access-requests': {
    access: { signedIn: forOneself },
    summary: 'Ask those who hold a permission to grant it to you for a time',
  },
  'GET /api/v1/access-requests/{request}': { access: { signedIn: forOneself }, summary: 'One request' },
  'POST /api/v1/access-requests/{request}/grant': {
    access: { signedIn: forOneself },
    summary: 'Grant what was asked for, from what you hold, for a time',
  },
  'POST /api/v1/access-requests/{request}/decline': {
    access: { signedIn: forOneself },
    summary: 'Decline a request you could grant, with words for who asked',
  },
  'POST /api/v1/access-requests/{request}/withdraw': {
    access: { signedIn: forOneself },
    summary: 'Take your own request back',
  },
})

export const requestPageDoors = doors('browser', {
  'GET /requests': { access: { signedIn: forOneself } },
  'GET /requests/{request}': { access: { signedIn: forOneself } },
  'POST /requests': { access: { signedIn: forOneself } },
  'POST /requests/{request}/grant': { access: { signedIn: forOneself } },
  'POST /requests/{request}/decline': { access: { signedIn: forOneself } },
  'POST /requests/{request}/withdraw': { access: { signedIn: forOneself } },
})

export const rolePageDoors = doors('browser', {
  'GET /roles': { access: { each: 'roles:read' } },
  'GET /roles/new': { access: { permission: 'roles:create' } },
  'GET /roles/{role}': { access: { permission: 'roles:read:{role}' } },
  'POST /roles': { access: { permission: 'roles:create' } },
  'GET /roles/{role}/edit': { access: { permission: 'roles:update:{role}' } },
  'POST /roles/{role}/edit': { access: { permission: 'roles:update:{role}' } },
  'POST /roles/{role}/give': { access: { permission: 'roles:assign:{role}' } },
  'GET /roles/{role}/take': { access: { permission: 'roles:assign:{role}' } },
  'POST /roles/{role}/take': { access: { permission: 'roles:assign:{role}' } },
  'GET /roles/{role}/delete': { access: { permission: 'roles:delete:{role}' } },
  'POST /roles/{role}/delete': { access: { permission: 'roles:delete:{role}' } },
})

export const policyPageDoors = doors('browser', {
  'GET /policies': { access: { permission: 'policies:read' } },
  'GET /policies/schema': { access: { permission: 'policies:read' } },
  'GET /policies/new': { access: { permission: 'policies:create' } },
  'GET /policies/{policy}': { access: { permission: 'policies:read:{policy}' } },
  'GET /policies/{policy}/history': { access: { permission: 'policies:read:{policy}' } },
  'GET /policies/{policy}/history/{version}': { access: { permission: 'policies:read:{policy}' } },
  'POST /policies/try': { access: { permission: 'policies:dry-run' } },
  'POST /policies/again': { access: { permission: 'policies:create' } },
  'POST /policies': { access: { permission: 'policies:create' } },
  'GET /policies/{policy}/edit': { access: { permission: 'policies:update:{policy}' } },
  'POST /policies/{policy}/try': { access: { permission: 'policies:dry-run' } },
  'POST /policies/{policy}/again': { access: { permission: 'policies:update:{policy}' } },
  'POST /policies/{policy}/save': { access: { permission: 'policies:update:{policy}' } },
  'GET /policies/{policy}/delete': { access: { permission: 'policies:delete:{policy}' } },
  'POST /policies/{policy}/delete': { access: { permission: 'policies:delete:{policy}' } },
})

export const grantPageDoors = doors('browser', {
  'GET /grants': { access: { permission: 'grants:read' } },
  'GET /grants/new': { access: { permission: 'grants:create' } },
  'GET /grants/confirm': { access: { permission: 'grants:create' } },
  'GET /grants/{grant}': { access: { permission: 'grants:read:{grant}' } },
  'POST /grants': { access: { permission: 'grants:create' } },
  'GET /grants/{grant}/revoke': { access: { permission: 'grants:revoke:{grant}' } },
  'POST /grants/{grant}/revoke': { access: { permission: 'grants:revoke:{grant}' } },
})

export const groupPageDoors = doors('browser', {
  'GET /groups': { access: { each: 'groups:read' } },
  'GET /groups/new': { access: { permission: 'groups:create' } },
  'GET /groups/{group}': { access: { permission: 'groups:read:{group}' } },
  'POST /groups': { access: { permission: 'groups:create' } },
  'GET /groups/{group}/edit': { access: { permission: 'groups:update:{group}' } },
  'POST /groups/{group}/edit': { access: { permission: 'groups:update:{group}' } },
  'POST /groups/{group}/add': { access: { permission: 'groups:update:{group}' } },
  'GET /groups/{group}/remove': { access: { permission: 'groups:update:{group}' } },
  'POST /groups/{group}/remove': { access: { permission: 'groups:update:{group}' } },
  'GET /groups/{group}/delete': { access: { permission: 'groups:delete:{group}' } },
  'POST /groups/{group}/delete': { access: { permission: 'groups:delete:{group}' } },
})

export const networkPageDoors = doors('browser', {
  'GET /networks': { access: { each: 'networks:read' } },
  'GET /networks/new': { access: { permission: 'networks:create' } },
  'GET /networks/{network}': { access: { permission: 'networks:read:{network}' } },
  'POST /networks': { access: { permission: 'networks:create' } },
  'GET /networks/{network}/edit': { access: { permission: 'networks:update:{network}' } },
  'POST /networks/{network}/edit': { access: { permission: 'networks:update:{network}' } },
  'GET /networks/{network}/delete': { access: { permission: 'networks:delete:{network}' } },
  'POST /networks/{network}/delete': { access: { permission: 'networks:delete:{network}' } },
})
