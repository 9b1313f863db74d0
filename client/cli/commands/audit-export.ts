import { open } from 'node:fs/promises';

import { messageOf, PpecError } from '../../../shared/errors.ts';
import { parseInstant, parseInstantEnd } from '../../../shared/instant.ts';
import { exportLines } from '../../sdk/audit-export.ts';
import { command } from '../command.ts';
import { defined, flag, instant, optional } from '../options.ts';

/** Lines written at once. */
const chunkLines = 500;

export const auditExport = command({
  path: 'audit export',
  summary: 'Write the audit as JSON lines that `ppec audit verify --file` proves without any controller',
  options: {
    out: optional('--out <file>', 'where to write it; stdout unless told'),
    from: instant('--from <time>', parseInstant, 'only entries since this day or RFC 3339 time'),
    to: instant('--to <time>', parseInstantEnd, 'only entries up to the end of this day, or this RFC 3339 time'),
    force: flag('--force', 'replace the file'),
  },
  examples: [
    'ppec audit export --out audit.jsonl',
    'ppec audit export --from 2026-01-01 --to 2026-01-31 > january.jsonl',
  ],
  async run({ client, output, signal }, { out, from, to, force }) {
    const lines = exportLines(await client(), defined({ from, to }), { signal });
    if (out === undefined) {
      for await (const line of lines) output.write(`${line}\n`);
      return;
    }
    const file = await open(out, force ? 'w' : 'wx').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
        throw new PpecError('already_exists', `${out} is there already. Replace it: add --force`, { cause: error });
      throw new PpecError('invalid_argument', `${out} cannot be written: ${messageOf(error)}`, { cause: error });
    });
    let count = 0;
    try {
      let chunk: string[] = [];
      for await (const line of lines) {
        chunk.push(`${line}\n`);
        count += 1;
        if (chunk.length < chunkLines) continue;
        await file.appendFile(chunk.join(''));
        chunk = [];
      }
      await file.appendFile(chunk.join(''));
      await file.sync();
    } finally {
      await file.close();
    }
    output.note(`Wrote ${count} lines to ${out}. Prove it: ppec audit verify --file ${out}`);
  },
});
