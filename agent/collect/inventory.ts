// The inventory of this host with its hash and the evidence it was made of, ready to be offered.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

import { canonicalJson } from '../../shared/canonical-json.ts';
import { findingsOfEvidence } from '../../shared/health/evidence-findings.ts';
import type { HealthFinding } from '../../shared/health/finding.ts';
import { inventoryFromEvidence, type Evidence } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { evidenceBytesMax, evidenceSourceBytesMax } from '../../shared/protocol/limits.ts';
import type { AgentBody } from '../../shared/protocol/messages.ts';
import { collectEvidence, type HostRoot } from './evidence.ts';

export type CollectedInventory = {
  readonly inventory: Inventory;
  readonly hash: string;
  readonly report: AgentBody<'inventory'>;
  /** What the evidence says of the health of the parts: asking a drive or a board controller again takes too long. */
  readonly findings: readonly HealthFinding[];
};

export async function collectInventory(host: HostRoot): Promise<CollectedInventory> {
  return inventoryReport(await collectEvidence(host));
}

/** What is told of some evidence. What is too large is told as unread: it must not break the link. */
export function inventoryReport(collected: readonly Evidence[]): CollectedInventory {
  let left = evidenceBytesMax;
  const packed: { source: string; sha256: string; gzip: Uint8Array }[] = [];
  const evidence = collected.map((item): Evidence => {
    if (!('bytes' in item)) return item;
    const gzip = gzipSync(item.bytes);
    if (item.bytes.length > evidenceSourceBytesMax || gzip.length > left)
      return { source: item.source, unreadBecause: `${item.bytes.length} bytes are more than can be told` };
    left -= gzip.length;
    packed.push({ source: item.source, sha256: item.sha256, gzip });
    return item;
  });
  const inventory = inventoryFromEvidence(evidence);
  // Counters and clocks in the evidence change from reading to reading; the facts do not.
  const hash = createHash('sha256')
    .update(canonicalJson({ ...inventory, evidence: {} }))
    .digest('hex');
  return {
    inventory,
    hash,
    findings: findingsOfEvidence(collected, inventory),
    report: {
      hash,
      evidence: packed,
      absent: evidence.flatMap((item) =>
        'absentBecause' in item ? [{ source: item.source, reason: item.absentBecause.slice(0, 500) }] : [],
      ),
      unread: evidence.flatMap((item) =>
        'unreadBecause' in item ? [{ source: item.source, reason: item.unreadBecause.slice(0, 500) }] : [],
      ),
    },
  };
}
