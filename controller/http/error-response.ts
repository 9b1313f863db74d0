// Errors as the API answers them: RFC 9457 problem+json. What is unknown becomes `internal` and leaks nothing.
import { errorCodes, PpecError, toPpecError } from '../../shared/errors.ts';

export type Problem = {
  readonly status: number;
  /** Seconds, for the header of that name (RFC 9110 §10.2.3). */
  readonly retryAfter: number | undefined;
  readonly body: {
    readonly type: string;
    readonly title: string;
    readonly status: number;
    readonly detail: string;
    readonly code: string;
    readonly requestId: string;
    readonly issues?: readonly { readonly path: string; readonly message: string }[];
  };
};

export function problemOf(thrown: unknown, requestId: string): Problem {
  const error = fromFramework(thrown) ?? toPpecError(thrown);
  const facts = errorCodes[error.code];
  return {
    status: facts.httpStatus,
    retryAfter: error.retryAfterMs === undefined ? undefined : Math.ceil(error.retryAfterMs / 1000),
    body: {
      type: `about:blank#${error.code}`,
      title: facts.title,
      status: facts.httpStatus,
      detail: error.message,
      code: error.code,
      requestId,
      ...(error.issues.length === 0 ? {} : { issues: error.issues }),
    },
  };
}

/** What the HTTP framework refuses by itself: a body that is no JSON, too large, of another type. */
function fromFramework(thrown: unknown): PpecError | undefined {
  if (!(thrown instanceof Error) || thrown instanceof PpecError || !('statusCode' in thrown)) return undefined;
  const status = Number(thrown.statusCode);
  if (status === 413) return new PpecError('invalid_argument', 'The body is too large.');
  if (status === 415) return new PpecError('invalid_argument', 'Send application/json.');
  if (status >= 400 && status < 500) return new PpecError('invalid_argument', thrown.message);
  return undefined;
}
