// Nobody files or checks a change by which they would have more rights themselves, whatever credential they use.
import { PpecError } from '../../shared/errors.ts';
import type { Handler, WriteContext } from './handler.ts';

/** Throws `permission_denied` where the caller is one of those who gain. */
export async function refuseGainers(
  handler: Extract<Handler, { kind: 'state-change' }>,
  payload: unknown,
  { uow }: WriteContext,
): Promise<void> {
  const names = (await handler.gainers?.(payload, uow.db)) ?? [];
  if (!names.includes(uow.actor.name)) return;
  throw new PpecError(
    'permission_denied',
    'You would have more rights by this yourself: somebody else must ask for it, and somebody else check it.',
  );
}
