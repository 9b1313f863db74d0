import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import { messageOf, PpecError } from '../../../shared/errors.ts';
import { command } from '../command.ts';
import { required } from '../options.ts';
import { plural } from '../output/text.ts';
import { printPurchaseOrder } from '../views/purchase-order.ts';

const fileNameMax = 200;

export const poImport = command({
  path: 'po import',
  summary: 'Import a purchase order; every problem is told with its line and column, and nothing is kept',
  arguments: { file: required('file', 'the order document, YAML or JSON') },
  examples: ['ppec po import PO-2026-0042.yaml'],
  async run(context, { file }) {
    const text = await readDocument(file);
    const fileName = file.length > fileNameMax ? basename(file).slice(-fileNameMax) : file;
    const client = await context.client();
    try {
      printPurchaseOrder(context, await client.call('po.import', { fileName, text }, { signal: context.signal }));
    } catch (error) {
      throw error instanceof PpecError ? placed(error, file, fileName) : error;
    }
  },
});

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
  const message = `${file} has ${plural(issues.length, 'problem')}; nothing was imported.`;
  return new PpecError(error.code, message, { ...cause, issues });
}

function placeIn(file: string, fileName: string, path: string): string {
  if (path === '' || path === fileName) return file;
  if (path.startsWith(`${fileName}:`)) return file + path.slice(fileName.length);
  if (/^\d+(:\d+)?$/.test(path)) return `${file}:${path}`;
  return `${file}: ${path}`;
}
