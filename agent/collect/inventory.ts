// The inventory of this host with its hash and evidence, ready to be offered.
import { createHash } from 'node:crypto';

import { canonicalJson } from '../../shared/canonical-json.ts';
import { inventoryFromEvidence } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { collectEvidence, type HostRoot } from './evidence.ts';

export type CollectedInventory = {
  readonly inventory: Inventory;
  readonly hash: string;
  readonly evidence: readonly { readonly source: string; readonly sha256: string; readonly bytes: Uint8Array }[];
};

export async function collectInventory(host: HostRoot): Promise<CollectedInventory> {
  const evidence = await collectEvidence(host);
  const inventory = inventoryFromEvidence(evidence);
  return {
    inventory,
    hash: createHash('sha256').update(canonicalJson(inventory)).digest('hex'),
    evidence: evidence.flatMap((item) =>
      'bytes' in item ? [{ source: item.source, sha256: item.sha256, bytes: item.bytes }] : [],
    ),
  };
}
