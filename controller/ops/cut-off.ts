// The refusal of a request whose caller lost the right to it while it was under way.
import { PpecError } from '../../shared/errors.ts';

export function cutOffError(): PpecError {
  return new PpecError('unauthenticated', 'This sign-in has ended, or the credential was revoked, while you waited.');
}
