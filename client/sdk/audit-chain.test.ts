import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';

import type { AuditEntry } from '../../shared/api/audit.ts';
import { auditHash, genesisHash, verifyChain } from './audit-chain.ts';

function chainOf(count: number): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let seq = 1; seq <= count; seq += 1) {
    const entry: AuditEntry = {
      seq,
      at: 1_700_000_000_000 + seq,
      actor: 'mia',
      actorId: 'per_1',
      credentialId: null,
      from: '127.0.0.1',
      operation: 'asset.inspect',
      targets: ['ast_1'],
      outcome: 'done',
      message: `entry ${seq}`,
      changeId: null,
      requestId: null,
      previousHash: entries.at(-1)?.hash ?? genesisHash,
      hash: '',
    };
    entries.push({ ...entry, hash: auditHash(entry) });
  }
  return entries;
}

it('hashes previousHash and the canonical JSON of the other members', () => {
  const [entry] = chainOf(1);
  const text =
    `${genesisHash}{"actor":"mia","actorId":"per_1","at":1700000000001,"changeId":null,"credentialId":null,` +
    `"from":"127.0.0.1","message":"entry 1","operation":"asset.inspect","outcome":"done","requestId":null,"seq":1,` +
    `"targets":["ast_1"]}`;
  expect(entry?.hash).toBe(createHash('sha256').update(text).digest('hex'));
});

it('follows an unbroken chain to its head and remembers checkpoints', async () => {
  const chain = chainOf(5);
  const result = await verifyChain(chain, [3]);
  expect(result).toMatchObject({ entries: 5, problem: null, head: { seq: 5, hash: chain[4]?.hash } });
  expect(result.hashes.get(3)).toBe(chain[2]?.hash);
});

it('accepts the empty chain', async () => {
  expect(await verifyChain([])).toMatchObject({ entries: 0, problem: null, head: { seq: 0, hash: genesisHash } });
});

const tampered: readonly (readonly [string, (chain: AuditEntry[]) => AuditEntry[], RegExp])[] = [
  [
    'a changed entry',
    (chain) => chain.map((each) => (each.seq === 3 ? { ...each, actor: 'eve' } : each)),
    /entry 3 is not/,
  ],
  [
    'a changed entry with its own hash made to fit',
    (chain) =>
      chain.map((each) => {
        const forged = { ...each, actor: 'eve' };
        return each.seq === 3 ? { ...forged, hash: auditHash(forged) } : each;
      }),
    /entry 4 does not continue entry 3/,
  ],
  ['an entry left out', (chain) => chain.filter((each) => each.seq !== 3), /entry 3 is missing/],
  ['the first entry left out', (chain) => chain.slice(1), /entry 1 is missing/],
  [
    'an added member',
    (chain) => chain.map((each) => (each.seq === 2 ? { ...each, extra: 1 } : each)),
    /entry 2 is not/,
  ],
];

it.each(tampered)('finds %s', async (_name, tamper, expected) => {
  expect((await verifyChain(tamper(chainOf(5)))).problem).toMatch(expected);
});
