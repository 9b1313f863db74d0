// What a burn-in proves something about: this set of parts. Cables, link speeds and firmware versions are no part of it, so
// that a cable that moves does not cost a night of testing; a part that is changed does. Pure.
import { canonicalJson } from '../../shared/canonical-json.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';

/** One text for one set of parts. Neither their order nor the names that the kernel gives them count. */
export function hardwareText(inventory: Inventory): string {
  const { identity, cpus, dimms, disks, nics, gpus } = inventory;
  const sorted = <T>(parts: readonly T[]): string[] => parts.map((part) => canonicalJson(part)).toSorted();
  const parts = {
    identity: [identity.product, identity.serial, identity.boardSerial],
    cpus: sorted(cpus.filter((cpu) => cpu.populated).map(({ socket, model, cores }) => [socket, model, cores])),
    dimms: sorted(
      dimms
        .filter((dimm) => dimm.populated)
        .map(({ slot, sizeBytes, part, serial }) => [slot, sizeBytes, part, serial]),
    ),
    disks: sorted(disks.map(({ model, serial, wwid, sizeBytes }) => [model, serial, wwid, sizeBytes])),
    nics: sorted(nics.map(({ mac }) => mac)),
    gpus: sorted(gpus.map(({ bdf, model, serial }) => [bdf, model, serial])),
  };
  return canonicalJson(parts);
}
