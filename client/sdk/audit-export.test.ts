import fc from 'fast-check';
import { expect, it } from 'vitest';

import { signedAudit, type SignedAudit } from '../../test/fixtures/signed-audit.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { auditHash, genesisHash } from './audit-chain.ts';
import { verifyExport, type Trusted } from './audit-export.ts';

const containing = (text: string): unknown => expect.stringContaining(text);
const count = 24;
const audit = signedAudit(count, [8, 16, count]);
const other = signedAudit(count, [8, 16, count]);
const otherRegion = signedAudit(count, [8, 16, count], 'test-2');

const startOf = ({ keys }: SignedAudit, region = 'test-1') =>
  canonicalJson({
    type: 'audit-export',
    format: 1,
    region,
    after: { seq: 0, hash: genesisHash },
    keys: keys.map(({ keyId, publicKey }) => ({ keyId, publicKey })),
  });

/** Lines as an export has them; `heads` of those entries. */
function linesOf(from: SignedAudit, { entries, heads }: Pick<SignedAudit, 'entries' | 'heads'> = from): string[] {
  const signed = new Map(heads.map((head) => [head.seq, head]));
  const body = entries.flatMap((entry) => {
    const head = signed.get(entry.seq);
    return [
      canonicalJson({ type: 'entry', entry }),
      ...(head === undefined ? [] : [canonicalJson({ type: 'head', head })]),
    ];
  });
  const last = entries.at(-1);
  const end = {
    type: 'end',
    seq: last?.seq ?? 0,
    hash: last?.hash ?? genesisHash,
    entries: entries.length,
    heads: heads.length,
  };
  return [startOf(from), ...body, canonicalJson(end)];
}

const lines = linesOf(audit);
const pinned = audit.keys.map(({ publicKey }) => publicKey);
const noted: Trusted = {
  anchors: [{ seq: count, hash: audit.entries.at(-1)?.hash ?? '', source: 'the witness' }],
  publicKeys: pinned,
  isPart: false,
};
const unknowing: Trusted = { anchors: [], publicKeys: [], isPart: false };

it('proves an export as it was written, whoever verifies it', async () => {
  for (const trusted of [noted, unknowing]) {
    expect(await verifyExport(lines, trusted)).toMatchObject({
      ok: true,
      entries: count,
      heads: 3,
      signedSeq: count,
      problem: null,
    });
  }
});

type Mutation = { readonly what: string; readonly lines: readonly string[] };
const at = fc.integer({ min: 0, max: lines.length - 1 });
const entryAt = fc.integer({ min: 0, max: count - 1 });

/** One byte of one line is another. */
const byte = fc
  .record({ line: at, offset: fc.integer({ min: 0, max: 5000 }), flip: fc.integer({ min: 1, max: 255 }) })
  .map(({ line, offset, flip }): Mutation => {
    const bytes = Buffer.from(lines[line] ?? '');
    const index = offset % bytes.length;
    bytes[index] = (bytes[index] ?? 0) ^ flip;
    return { what: `byte ${index} of line ${line + 1}`, lines: lines.with(line, bytes.toString()) };
  });

/** One field of one entry is another, and every hash from there on is made to fit, as somebody without the key can. */
const rehashed = fc
  .record({
    index: entryAt,
    field: fc.constantFrom(
      'at',
      'actor',
      'actorId',
      'credentialId',
      'from',
      'operation',
      'message',
      'changeId',
      'requestId',
      'targets',
      'outcome',
    ),
  })
  .map(({ index, field }): Mutation => {
    const others: Readonly<Record<string, unknown>> = { at: 7, targets: ['ast_forged'], outcome: 'failed' };
    const forged = others[field] ?? 'forged';
    let previousHash = audit.entries[index]?.previousHash ?? '';
    const entries = audit.entries.map((entry, position) => {
      if (position < index) return entry;
      const changed = { ...entry, previousHash, ...(position === index ? { [field]: forged } : {}) };
      previousHash = auditHash(changed);
      return { ...changed, hash: previousHash };
    });
    // The heads' hashes are made to fit too; their signatures cannot be.
    const heads = audit.heads.map((head) => ({ ...head, hash: entries[head.seq - 1]?.hash ?? '' }));
    return { what: `entry ${index + 1} with another ${field}, hashed anew`, lines: linesOf(audit, { entries, heads }) };
  });

const drop = at.map((line): Mutation => ({ what: `line ${line + 1} left out`, lines: lines.toSpliced(line, 1) }));
const double = fc.tuple(at, at).map(([line, to]): Mutation => ({
  what: `line ${line + 1} again at ${to + 1}`,
  lines: lines.toSpliced(to, 0, lines[line] ?? ''),
}));
const swap = fc
  .tuple(at, at)
  .filter(([a, b]) => lines[a] !== lines[b])
  .map(([a, b]): Mutation => ({
    what: `lines ${a + 1} and ${b + 1} swapped`,
    lines: lines.with(a, lines[b] ?? '').with(b, lines[a] ?? ''),
  }));
const cut = at.map((line): Mutation => ({ what: `cut after ${line} lines`, lines: lines.slice(0, line) }));
/** Cut after an entry, with a start and an end that fit. */
const cutCleanly = fc.integer({ min: 0, max: count - 1 }).map((kept): Mutation => {
  const entries = audit.entries.slice(0, kept);
  return {
    what: `only ${kept} entries, with an end that fits`,
    lines: linesOf(audit, { entries, heads: audit.heads.filter(({ seq }) => seq <= kept) }),
  };
});
/** From some entry on, the lines of another chain of the same length. */
const splice = fc
  .tuple(fc.integer({ min: 1, max: lines.length - 1 }), fc.constantFrom(other, otherRegion))
  .map(([line, from]): Mutation => ({
    what: `another chain from line ${line + 1}`,
    lines: [...lines.slice(0, line), ...linesOf(from).slice(line)],
  }));
const beheaded = entryAt
  .filter((kept) => kept > 0)
  .map((kept): Mutation => {
    const entries = audit.entries.slice(kept);
    const heads = audit.heads.filter(({ seq }) => seq > kept);
    const [, ...rest] = linesOf(audit, { entries, heads });
    const after = { seq: kept, hash: audit.entries[kept - 1]?.hash };
    const keys = audit.keys.map(({ keyId, publicKey }) => ({ keyId, publicKey }));
    const start = canonicalJson({ type: 'audit-export', format: 1, region: 'test-1', after, keys });
    return { what: `the first ${kept} entries left out, with a start that fits`, lines: [start, ...rest] };
  });

/** What changes nothing but the file is found without knowing anything. */
const foundByAnybody = fc.oneof(byte, rehashed, drop, double, swap, cut, splice, beheaded);

const runs = { numRuns: 1500 };

it('finds any mutation of an export, without knowing anything from elsewhere', async () => {
  await fc.assert(
    fc.asyncProperty(foundByAnybody, async ({ what, lines: changed }) => {
      fc.pre(changed.join('\n') !== lines.join('\n'));
      const verdict = await verifyExport(changed, unknowing);
      expect(verdict.ok, what).toBe(false);
      expect(verdict.problem, what).not.toBeNull();
    }),
    runs,
  );
});

it('finds an end that was taken away by whoever makes the rest fit, with a head noted before', async () => {
  await fc.assert(
    fc.asyncProperty(cutCleanly, async ({ what, lines: changed }) => {
      const { ok, problem } = await verifyExport(changed, noted);
      expect({ ok, problem }, what).toMatchObject({
        ok: false,
        problem: containing('the witness has entry 24'),
      });
    }),
  );
});

it('finds a whole other history: by the key, and by a head noted before', async () => {
  const forged = linesOf(other);
  expect((await verifyExport(forged, unknowing)).ok).toBe(true);
  expect((await verifyExport(forged, { ...unknowing, publicKeys: pinned })).problem).toContain('which is not trusted');
  expect((await verifyExport(forged, { ...noted, publicKeys: [] })).problem).toContain(
    'it or one before it was rewritten',
  );
});

it.each<[string, readonly string[], Trusted, string]>([
  ['nothing', [], unknowing, 'it is empty'],
  ['no end', lines.slice(0, -1), unknowing, 'cut off after entry 24'],
  [
    'entries after the last head',
    linesOf(audit, { entries: audit.entries, heads: audit.heads.slice(0, 2) }),
    unknowing,
    'the entries after 16 are not covered',
  ],
  ['a start in the middle', linesOf(signedAudit(3, [3])).with(0, lines[0] ?? ''), unknowing, 'not trusted'],
  ['a line more', [...lines, lines[1] ?? ''], unknowing, 'a line after the end'],
  ['another spelling of a line', lines.with(3, ` ${lines[3] ?? ''}`), unknowing, 'not written as it was exported'],
])('says what is wrong: %s', async (...[, changed, trusted, problem]) => {
  expect((await verifyExport(changed, trusted)).problem).toContain(problem);
});

it('takes a part that is called one, and the rest after a prune that an entry tells of', async () => {
  const [, ...rest] = linesOf(audit, { entries: audit.entries.slice(5, 10), heads: audit.heads.slice(0, 1) });
  const keys = audit.keys.map(({ keyId, publicKey }) => ({ keyId, publicKey }));
  const start = (seq: number, from: SignedAudit) =>
    canonicalJson({
      type: 'audit-export',
      format: 1,
      region: 'test-1',
      after: { seq, hash: from.entries[seq - 1]?.hash },
      keys,
    });
  const part = [start(5, audit), ...rest];
  expect(await verifyExport(part, { ...unknowing, isPart: true })).toMatchObject({ ok: true, entries: 5, after: 5 });
  expect((await verifyExport(part, unknowing)).problem).toContain('no entry says that the earlier ones were pruned');
});
