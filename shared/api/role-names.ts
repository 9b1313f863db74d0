// The names of the built-in roles. What they may is in controller/domain/built-in-roles.ts; other roles are data.
import { Slug } from './fields.ts';

export const roleNames = [
  'viewer',
  'operator',
  'provisioner',
  'approver',
  'site-ops',
  'procurement',
  'auditor',
  'admin',
] as const;
export type RoleName = (typeof roleNames)[number];

/** A built-in role or a custom one. */
export const RoleText = Slug('Name of a role');
