// The shape of errors (RFC 9457), for the documentation of the API.
import { Type } from 'typebox';

import { errorCodes } from '../../shared/errors.ts';

export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.Unsafe<string>({ type: 'string', enum: Object.keys(errorCodes) }),
  requestId: Type.String(),
  issues: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
});
