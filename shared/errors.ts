// One error class with a closed set of codes, and the one table that maps a code to HTTP, CLI and retry behaviour.
// A message is fit for a user: what was wrong, with which value, what to do next. `detail` is for the log only.

export type ErrorCode =
  | 'invalid_argument'
  | 'unauthenticated'
  | 'permission_denied'
  | 'not_found'
  | 'already_exists'
  | 'failed_precondition'
  | 'conflict'
  | 'resource_exhausted'
  | 'deadline_exceeded'
  | 'cancelled'
  | 'unavailable'
  | 'unsupported'
  | 'internal';

type CodeFacts = {
  readonly httpStatus: number;
  readonly exitCode: number;
  readonly isRetryable: boolean;
  readonly title: string;
};

/** HTTP status (RFC 9457 problem+json), CLI exit code and whether the same request may succeed later. */
export const errorCodes: Readonly<Record<ErrorCode, CodeFacts>> = {
  invalid_argument: { httpStatus: 400, exitCode: 2, isRetryable: false, title: 'The request is not valid' },
  unauthenticated: { httpStatus: 401, exitCode: 4, isRetryable: false, title: 'Not signed in' },
  permission_denied: { httpStatus: 403, exitCode: 4, isRetryable: false, title: 'Not allowed' },
  not_found: { httpStatus: 404, exitCode: 3, isRetryable: false, title: 'Not found' },
  already_exists: { httpStatus: 409, exitCode: 5, isRetryable: false, title: 'It exists already' },
  failed_precondition: { httpStatus: 409, exitCode: 5, isRetryable: false, title: 'Not possible in this state' },
  conflict: { httpStatus: 409, exitCode: 5, isRetryable: true, title: 'Changed by somebody else meanwhile' },
  resource_exhausted: { httpStatus: 429, exitCode: 5, isRetryable: true, title: 'A limit is reached' },
  deadline_exceeded: { httpStatus: 504, exitCode: 6, isRetryable: true, title: 'It took too long' },
  cancelled: { httpStatus: 409, exitCode: 1, isRetryable: false, title: 'Cancelled' },
  unavailable: { httpStatus: 503, exitCode: 6, isRetryable: true, title: 'Not available right now' },
  unsupported: { httpStatus: 501, exitCode: 1, isRetryable: false, title: 'Not supported' },
  internal: { httpStatus: 500, exitCode: 1, isRetryable: false, title: 'A fault inside PPEC' },
};

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCodes, text);
}

export type PpecErrorOptions = {
  readonly detail?: string;
  readonly cause?: unknown;
  /** Which inputs are wrong and why; shown to the user, one line each. */
  readonly issues?: readonly Issue[];
  /** How long to wait before the same request may succeed. */
  readonly retryAfterMs?: number;
};

/** One problem in an input: `path` is a JSON pointer or a place in a file (`orders.yaml:17:5`). */
export type Issue = { readonly path: string; readonly message: string };

export class PpecError extends Error {
  override readonly name = 'PpecError';
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly issues: readonly Issue[];
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: PpecErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.issues = options.issues ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }

  shouldRetry(): boolean {
    return errorCodes[this.code].isRetryable;
  }
}

/** Any thrown value as a PpecError; what is unknown becomes `internal` and leaks nothing to the user. */
export function toPpecError(thrown: unknown): PpecError {
  if (thrown instanceof PpecError) return thrown;
  return new PpecError('internal', 'A fault inside PPEC; the request id leads to it in the log.', { cause: thrown });
}

/** The text of any thrown value, for logs. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
