/** The service Gatehouse's own client certificate speaks for. */
export const ownHolder = { kind: 'service', name: 'gatehouse' } as const
