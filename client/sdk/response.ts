// From an HTTP answer to a value or a PpecError. Pure. Errors are problem+json (RFC 9457); what is not is told by status.
import { errorCodes, isErrorCode, PpecError, type ErrorCode, type Issue } from '../../shared/errors.ts';

export type HttpAnswer = {
  readonly status: number;
  readonly body: Uint8Array;
};

/** The JSON object of a successful answer; throws the PpecError of any other. */
export function readAnswer(answer: HttpAnswer, source: string): Readonly<Record<string, unknown>> {
  const value = parseJson(answer.body);
  if (answer.status < 200 || answer.status > 299) throw problemOf(answer.status, value, source);
  if (!isRecord(value)) {
    throw new PpecError('internal', `${source} answered ${answer.status} with something that is not a JSON object.`, {
      detail: 'Is this the address of a PPEC controller?',
    });
  }
  return value;
}

/** The error that an answer with a status outside 2xx means. */
export function problemOf(status: number, value: unknown, source: string): PpecError {
  const problem = isRecord(value) ? value : {};
  const named = problem['code'];
  const code = typeof named === 'string' && isErrorCode(named) ? named : codeOfStatus(status);
  const said = [problem['detail'], problem['title']].find((text) => typeof text === 'string' && text !== '');
  const requestId = problem['requestId'];
  return new PpecError(
    code,
    typeof said === 'string' ? said : `${source} answered ${status}: ${errorCodes[code].title}.`,
    {
      issues: issuesOf(problem['issues']),
      ...(typeof requestId === 'string' ? { detail: `request ${requestId}` } : {}),
    },
  );
}

const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  409: 'failed_precondition',
  413: 'resource_exhausted',
  429: 'resource_exhausted',
  501: 'unsupported',
  502: 'unavailable',
  503: 'unavailable',
  504: 'deadline_exceeded',
};

function codeOfStatus(status: number): ErrorCode {
  return codesByStatus[status] ?? (status >= 400 && status < 500 ? 'invalid_argument' : 'internal');
}

function issuesOf(value: unknown): readonly Issue[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((issue: unknown) => {
    if (!isRecord(issue) || typeof issue['message'] !== 'string') return [];
    return [{ path: typeof issue['path'] === 'string' ? issue['path'] : '', message: issue['message'] }];
  });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(body: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return value;
  } catch {
    return undefined;
  }
}
