// A document of an order as a file: read as it is, and its problems told at `FILE:line:column`, so that an editor can jump
// there.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import { messageOf, PpecError } from '../../shared/errors.ts';
import { many } from './options.ts';
import { plural } from './output/text.ts';

const fileNameMax = 200;

export const mapOption = many(
  '--map <field=header>',
  'the column of a CSV file that says this field; field==VALUE for all rows; may be repeated',
);

export type OrderFile = { readonly fileName: string; readonly text: string; readonly map?: Record<string, string> };

/** Reads a file and sends it; a refusal names the file as the user did. */
export async function sendOrderFile<T>(
  file: string,
  map: readonly string[],
  send: (document: OrderFile) => Promise<T>,
): Promise<T> {
  const text = await readDocument(file);
  const fileName = file.length > fileNameMax ? basename(file).slice(-fileNameMax) : file;
  const given = map.length === 0 ? {} : { map: Object.fromEntries(map.map(fieldAndHeader)) };
  try {
    return await send({ fileName, text, ...given });
  } catch (error) {
    throw error instanceof PpecError ? placed(error, file, fileName) : error;
  }
}

/** `serial=Service Tag` as a pair. */
export function fieldAndHeader(text: string): [string, string] {
  const [, field, header] = /^([A-Za-z0-9]+)=(.+)$/s.exec(text) ?? [];
  if (field === undefined || header === undefined) {
    throw new PpecError('invalid_argument', `'${text}' is no FIELD=HEADER: --map "serial=Service Tag"`);
  }
  return [field, header];
}

async function readDocument(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.trim() !== '') return text;
  } catch (error) {
    throw new PpecError('not_found', `The order cannot be read: ${messageOf(error)}`, { cause: error });
  }
  throw new PpecError('invalid_argument', `${file} is empty.`);
}

/** Issues as `FILE:line:column: message`, so that an editor can jump there; a single one is the whole message. */
export function placed(error: PpecError, file: string, fileName: string): PpecError {
  const issues = error.issues.map((issue) => ({ path: placeIn(file, fileName, issue.path), message: issue.message }));
  const [only] = issues;
  const cause = { cause: error, ...(error.detail === undefined ? {} : { detail: error.detail }) };
  if (only === undefined) return error;
  if (issues.length === 1) return new PpecError(error.code, `${only.path}: ${only.message}`, cause);
  const message = `${file} has ${plural(issues.length, 'problem')}; nothing was kept.`;
  return new PpecError(error.code, message, { ...cause, issues });
}

function placeIn(file: string, fileName: string, path: string): string {
  if (path === '' || path === fileName) return file;
  if (path.startsWith(`${fileName}:`)) return file + path.slice(fileName.length);
  if (/^\d+(:\d+)?$/.test(path)) return `${file}:${path}`;
  return `${file}: ${path}`;
}
