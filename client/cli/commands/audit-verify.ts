import { readFile } from 'node:fs/promises';

import type { AuditEntry } from '../../../shared/api/audit.ts';
import { messageOf, PpecError } from '../../../shared/errors.ts';
import { isRecord } from '../../sdk/response.ts';
import { verifyChain, type ChainHead, type ChainResult } from '../../sdk/audit-chain.ts';
import { listAudit } from '../../sdk/lists.ts';
import { command, type CommandContext } from '../command.ts';
import { optional } from '../options.ts';

type Report = {
  readonly ok: boolean;
  readonly entries: number;
  readonly headSeq: number;
  readonly headHash: string;
  readonly problem: string | null;
};

export const auditVerify = command({
  path: 'audit verify',
  summary: 'Recompute the hash chain here, entry by entry, and compare with what the controller says',
  options: {
    file: optional('--file <file>', 'entries saved with `ppec audit list -o json`, without any controller'),
    head: optional('--head <seq:hash>', 'a head noted before: the chain must still contain it'),
  },
  examples: ['ppec audit verify', 'ppec audit verify --file audit.json --head 1200:9f86d0…'],
  async run(context, { file, head }) {
    const anchor = head === undefined ? undefined : parseHead(head);
    const report = file === undefined ? await verifyOnline(context, anchor) : await verifyFile(file, anchor);
    const { output } = context;
    output.value(report, ({ ok, entries, headSeq, headHash, problem }) =>
      ok
        ? `${output.paint('✓', 'good')} ${entries} entries, unbroken. Note the head to prove it later:\n  ${headSeq}:${headHash}\n`
        : `${output.paint('✗', 'bad')} the audit is NOT what was recorded: ${problem ?? 'unknown'}\n  last good entry ${headSeq}:${headHash}\n`,
    );
    return report.ok ? 0 : 1;
  },
});

async function verifyOnline({ client, signal }: CommandContext, anchor: ChainHead | undefined): Promise<Report> {
  const connected = await client();
  const claimed = await connected.call('audit.verify', {}, { signal });
  // Entries are added meanwhile: the chain is compared at the head that the controller named.
  const checkpoints = [claimed.headSeq, ...(anchor === undefined ? [] : [anchor.seq])];
  const result = await verifyChain(listAudit(connected, {}, { signal }), checkpoints);
  const disagreement = claimed.ok
    ? mismatch(result, { seq: claimed.headSeq, hash: claimed.headHash }, 'the controller names')
    : `the controller itself says: ${claimed.problem ?? 'broken'}`;
  return reportOf(result, result.problem ?? anchorProblem(result, anchor) ?? disagreement);
}

async function verifyFile(file: string, anchor: ChainHead | undefined): Promise<Report> {
  const result = await verifyChain(await readEntries(file), anchor === undefined ? [] : [anchor.seq]);
  return reportOf(result, result.problem ?? anchorProblem(result, anchor));
}

function anchorProblem(result: ChainResult, anchor: ChainHead | undefined): string | undefined {
  return anchor === undefined ? undefined : mismatch(result, anchor, 'was noted as');
}

function mismatch(result: ChainResult, expected: ChainHead, words: string): string | undefined {
  if (expected.seq === 0) return undefined;
  const hash = result.hashes.get(expected.seq);
  if (hash === expected.hash) return undefined;
  if (hash === undefined) return `the head ${words} entry ${expected.seq}, and the entries end at ${result.head.seq}`;
  return `entry ${expected.seq} ${words} ${expected.hash.slice(0, 16)}…, and the chain has ${hash.slice(0, 16)}… there`;
}

function reportOf(result: ChainResult, problem: string | undefined): Report {
  return {
    ok: problem === undefined,
    entries: result.entries,
    headSeq: result.head.seq,
    headHash: result.head.hash,
    problem: problem ?? null,
  };
}

function parseHead(text: string): ChainHead {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new PpecError('invalid_argument', '--head must be SEQ:HASH, as `ppec audit verify` shows it.');
  }
  return { seq: Number(match[1]), hash: match[2] };
}

async function readEntries(file: string): Promise<readonly AuditEntry[]> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new PpecError('invalid_argument', `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const items = isRecord(value) ? value['items'] : value;
  if (!Array.isArray(items) || !items.every(isAuditEntry)) {
    throw new PpecError('invalid_argument', `${file} has no audit entries; save them with: ppec audit list -o json`);
  }
  return items;
}

// Only what the chain is made of: any other member is covered by the hash, whatever it is.
function isAuditEntry(value: unknown): value is AuditEntry {
  return (
    isRecord(value) &&
    typeof value['seq'] === 'number' &&
    typeof value['hash'] === 'string' &&
    typeof value['previousHash'] === 'string'
  );
}
