// From an operation and its input to an HTTP request. Pure, so every transport builds the same requests.
import type { AnyOperation } from '../../shared/api/operations.ts';
import { PpecError } from '../../shared/errors.ts';

export type BuiltRequest = {
  readonly method: AnyOperation['method'];
  /** With the query, without the base URL. */
  readonly path: string;
  readonly body: string | undefined;
};

/** `:name` segments are filled from the input; what is left travels in the query (GET) or as the JSON body. */
export function buildRequest(operation: AnyOperation, input: Readonly<Record<string, unknown>>): BuiltRequest {
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const path = operation.path.replaceAll(/:([a-zA-Z]+)/g, (_, name: string) => {
    const segment = pathSegment(operation.id, name, rest.get(name));
    rest.delete(name);
    return segment;
  });
  if (operation.method !== 'GET') {
    return { method: operation.method, path, body: JSON.stringify(Object.fromEntries(rest)) };
  }
  const query = [...rest].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
  return { method: 'GET', path: query.length === 0 ? path : `${path}?${query.join('&')}`, body: undefined };
}

// `.` and `..` survive percent-encoding and would name another route (RFC 3986 §5.2.4).
function pathSegment(operationId: string, name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || value === '.' || value === '..') {
    throw new PpecError(
      'invalid_argument',
      `${operationId} needs ${name}; ${JSON.stringify(value ?? '')} names nothing.`,
    );
  }
  return encodeURIComponent(value);
}
