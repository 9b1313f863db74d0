// Errors as people read them: what was wrong, the issues one line each, and the exit status.
import { errorCodes, PpecError } from '../../../shared/errors.ts';
import { oneLine } from './text.ts';

export type Failure = { readonly text: string; readonly status: number };

const indent = '      ';

export function failureOf(thrown: unknown): Failure {
  const error = thrown instanceof PpecError ? thrown : new PpecError('internal', bugMessage(thrown), { cause: thrown });
  const { exitCode } = errorCodes[error.code];
  const [first = '', ...more] = error.message.split('\n');
  const head = [`ppec: ${oneLine(first)}`, ...more.map((line) => indent + oneLine(line.trimStart()))];
  const issues = error.issues.map((issue) => indent + issueLine(issue.path, issue.message));
  // The request id leads to the fault in the controller's log.
  const trace = error.code === 'internal' && error.detail !== undefined ? [indent + oneLine(error.detail)] : [];
  return { text: [...head, ...issues, ...trace].map((line) => `${line}\n`).join(''), status: exitCode };
}

function issueLine(path: string, message: string): string {
  return oneLine(path === '' ? message : `${path}: ${message}`);
}

function bugMessage(thrown: unknown): string {
  return `a fault in this client: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
}
