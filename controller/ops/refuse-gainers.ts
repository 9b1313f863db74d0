// Nobody files or checks a change by which they would have more rights themselves, whatever credential or account they use.
import { PpecError } from '../../shared/errors.ts';
import { namesOfSameHumans } from '../store/people.ts';
import type { Reader, StateChange, WriteContext } from './handler.ts';

/** The names of all accounts of those who would have more rights by it: a service and its owner are one. */
export async function gainersOf(handler: StateChange, payload: unknown, db: Reader): Promise<readonly string[]> {
  return namesOfSameHumans(db, (await handler.gainers?.(payload, db)) ?? []);
}

/** Throws `permission_denied` where the caller is one of those who gain. */
export async function refuseGainers(handler: StateChange, payload: unknown, { uow }: WriteContext): Promise<void> {
  if (!(await gainersOf(handler, payload, uow.db)).includes(uow.actor.name)) return;
  throw new PpecError(
    'permission_denied',
    'You would have more rights by this yourself: somebody else must ask for it, and somebody else check it.',
  );
}
