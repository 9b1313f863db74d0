import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

import { headNote } from '../../../shared/audit/head.ts';
import { messageOf, PpecError } from '../../../shared/errors.ts';
import {
  exportLines,
  unsignedHead,
  verifyExport,
  witnessAnchors,
  type Anchor,
  type ExportVerdict,
} from '../../sdk/audit-export.ts';
import { command } from '../command.ts';
import { flag, many, optional } from '../options.ts';

export const auditVerify = command({
  path: 'audit verify',
  summary: 'Recompute the hash chain here, entry by entry, and verify every signed head',
  options: {
    file: optional('--file <file>', 'an export, without any controller'),
    head: many('--head <seq:hash>', 'a head noted before: the chain must still contain it'),
    witness: optional('--witness <file>', 'the witness file: the chain must contain every head in it'),
    key: many(
      '--key <hex>',
      'public key of the audit, noted before; without it the key that the audit names is believed',
    ),
    part: flag('--part', 'the file is a part: it may begin later and end unsigned'),
  },
  examples: [
    'ppec audit verify',
    'ppec audit verify --file audit.jsonl --witness /mnt/witness/heads.jsonl --key 3b6a27bc…',
    'ppec audit verify --file audit.jsonl --head 1200:9f86d0…',
  ],
  async run({ client, output, signal }, { file, head, witness, key, part }) {
    const seen = witness === undefined ? undefined : witnessAnchors(await textOf(witness), witness);
    const anchors = [...head.map(anchorOf), ...(seen?.anchors ?? [])];
    const publicKeys = key.map(keyOf);
    const lines = file === undefined ? exportLines(await client(), {}, { signal }) : linesOf(file);
    const verdict = await verifyExport(lines, { anchors, publicKeys, isPart: part });
    const foreign = publicKeys.length === 0 ? undefined : unsignedHead(seen?.heads ?? [], publicKeys);
    const problem =
      foreign === undefined
        ? verdict.problem
        : `${witness}: the head of entry ${foreign.seq} is not signed with this key`;
    const report = { ...verdict, ok: problem === null, problem };
    output.value(report, (value) => (value.ok ? good(value) : bad(value)));
    if (seen !== undefined && seen.unread > 0)
      output.note(`${witness}: ${seen.unread} lines are no heads, cut off perhaps.`);
    if (report.ok && publicKeys.length === 0)
      output.note('The keys are those that the audit itself names. Compare them with ones noted before: --key');
    return report.ok ? 0 : 1;

    function good({ entries, heads, headSeq, headHash, after }: ExportVerdict): string {
      const from = after === 0 ? '' : ` after entry ${after}`;
      return `${output.paint('✓', 'good')} ${entries} entries${from}, unbroken, ${heads} signed ${heads === 1 ? 'head' : 'heads'}. Note the head to prove it later:\n  ${headNote({ seq: headSeq, hash: headHash })}\n`;
    }
    function bad({ problem: what, headSeq, headHash, line }: ExportVerdict): string {
      const where = line === null ? '' : `, line ${line}`;
      return `${output.paint('✗', 'bad')} the audit is NOT what was recorded: ${what ?? 'unknown'}${where}\n  last good entry ${headNote({ seq: headSeq, hash: headHash })}\n`;
    }
  },
});

function anchorOf(text: string): Anchor {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new PpecError('invalid_argument', '--head must be SEQ:HASH, as `ppec audit head` shows it.');
  }
  return { seq: Number(match[1]), hash: match[2], source: 'the head noted before' };
}

function keyOf(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new PpecError('invalid_argument', '--key must be 64 hexadecimal digits, as `ppec audit head` shows them.');
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new PpecError('invalid_argument', `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file, 'utf8');
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: 0 })) yield line;
  } catch (error) {
    throw new PpecError('invalid_argument', `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  } finally {
    stream.destroy();
  }
}
