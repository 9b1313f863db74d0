// The names of roles.
export const roleNames = ['viewer', 'maker', 'checker', 'admin'] as const;
export type RoleName = (typeof roleNames)[number];
