// What everybody may do for themselves, whoever has the permission at region may do for everybody.
import { decide } from '../domain/rbac.ts';
import type { Caller } from './handler.ts';

export function isForAll(caller: Caller, permission: string): boolean {
  return decide(caller.rights, permission, 'region').allowed;
}
