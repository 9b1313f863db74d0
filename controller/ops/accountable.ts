// Who answers for what: maker and checker are compared as people, and a service is its owner.
import { PpecError } from '../../shared/errors.ts';
import { accountableFor } from '../store/people.ts';
import type { WriteContext } from './handler.ts';

export async function assertAnotherPerson(makerId: string, { uow, caller }: WriteContext): Promise<void> {
  const maker = await accountableFor(uow.db, makerId);
  if (maker === (await accountableFor(uow.db, caller.personId))) {
    throw new PpecError('permission_denied', 'A service of yours filed this change; a different person must check it.');
  }
}
