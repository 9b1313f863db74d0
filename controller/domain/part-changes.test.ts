import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Dimm, Inventory } from '../../shared/hardware/inventory.ts';
import { bareDisk, bareInventory } from '../../test/fixtures/parts.ts';
import { changesOf, type KnownPart, type PartChange } from './part-changes.ts';
import { byText, partsOf } from './parts.ts';

/** Slot → serial of the module in it. */
type Memory = Readonly<Record<string, string>>;

const dimm = (slot: string, serial: string | null): Dimm => ({
  handle: 1, slot, bank: null, populated: true, sizeBytes: 1, type: null, ratedMts: null, configuredMts: null,
  manufacturer: 'Samsung', serial, part: 'M393', rank: null, ecc: null,
}); // prettier-ignore

function machine(memory: Memory, more: Partial<Inventory> = {}): Inventory {
  const dimms = Object.entries(memory).map(([slot, serial]) => dimm(slot, serial));
  return { ...bareInventory, evidence: { 'smbios.bin': 'x' }, dimms, ...more };
}

/** A region of parts as the store keeps it: everything that a report asks for is there. */
function region() {
  const parts = new Map<string, KnownPart>();
  const alive = new Set<string>();
  let nowMs = 0;
  const report = (assetId: string, inventory: Inventory): PartChange[] => {
    nowMs += 1;
    const changes = changesOf({
      assetId,
      told: partsOf(inventory),
      known: [...parts.values()],
      isAlive: (other) => alive.has(other),
      nowMs,
      newId: () => `part-${nextId++}`,
    });
    for (const part of changes.parts) parts.set(part.id, part);
    return [...changes.events];
  };
  let nextId = 0;
  const serialOf = (id: string | null): string => (id === null ? '' : (parts.get(id)?.serial ?? id));
  return {
    parts,
    alive,
    report,
    mark: (serial: string, rma: string): void => {
      const part = [...parts.values()].find((one) => one.serial === serial);
      if (part !== undefined) parts.set(part.id, { ...part, state: 'rma', rma });
    },
    tell: (assetId: string, inventory: Inventory): string[] =>
      report(assetId, inventory).map(({ event, partId, assetId: at, slot, fromAssetId, fromSlot, byPartId, rma }) =>
        [
          `${event} ${serialOf(partId)} ${at}/${slot}`,
          fromSlot === null ? '' : ` < ${fromAssetId}/${fromSlot}`,
          byPartId === null ? '' : ` by ${serialOf(byPartId)}`,
          rma === null ? '' : ` ${rma}`,
        ].join(''),
      ),
    /** Where the parts are that are in a machine. */
    inUse: (): string[] =>
      [...parts.values()]
        .filter((part) => part.assetId !== null)
        .map((part) => `${part.serial} ${part.assetId}/${part.slot} ${part.state}`)
        .toSorted(byText),
    state: (serial: string): string | undefined => [...parts.values()].find((part) => part.serial === serial)?.state,
    claims: (serial: string): string[] =>
      [...parts.values()].flatMap((part) => (part.serial === serial ? part.claims.map((one) => one.assetId) : [])),
  };
}

describe('a report', () => {
  it.each<[string, [Memory, Memory], string[]]>([
    ['of the same parts', [{ A1: 's1', A2: 's2' }, { A2: 's2', A1: 's1' }], []],
    ['of a part more', [{ A1: 's1' }, { A1: 's1', A2: 's2' }], ['appeared s2 a/A2']],
    ['of a part in another slot', [{ A1: 's1' }, { A2: 's1' }], ['moved s1 a/A2 < a/A1']],
    ['of two parts that changed places', [{ A1: 's1', A2: 's2' }, { A1: 's2', A2: 's1' }], ['moved s2 a/A1 < a/A2', 'moved s1 a/A2 < a/A1']],
    ['of a part less', [{ A1: 's1', A2: 's2' }, { A1: 's1' }], ['gone s2 a/A2']],
    ['of another part in its slot', [{ A1: 's1' }, { A1: 's9' }], ['gone s1 a/A1', 'replaced s1 a/A1 by s9', 'appeared s9 a/A1']],
    ['of a part that took the slot of one gone', [{ A1: 's1', A2: 's2' }, { A1: 's2' }], ['gone s1 a/A1', 'replaced s1 a/A1 by s2', 'moved s2 a/A1 < a/A2']],
  ])('%s', (_, [before, after], expected) => {
    const { tell } = region();
    tell('a', machine(before));
    expect(tell('a', machine(after))).toEqual(expected);
  }); // prettier-ignore

  it('of a part that comes back, and of one that was in another machine that is off', () => {
    const { tell } = region();
    tell('a', machine({ A1: 's1' }));
    tell('a', machine({}));
    expect(tell('a', machine({ A3: 's1' }))).toEqual(['returned s1 a/A3 < a/A1']);
    expect(tell('b', machine({ B1: 's1' }))).toEqual(['came s1 b/B1 < a/A3']);
    expect(tell('a', machine({}))).toEqual([]);
  });

  it('of a replacement tells the reference under which the part went back', () => {
    const { tell, mark, state } = region();
    tell('a', machine({ A1: 's1', A2: 's2' }));
    mark('s1', 'RMA-77');
    expect(tell('a', machine({ A1: 's1', A2: 's2' }))).toEqual([]);
    expect(tell('a', machine({ A2: 's2' }))).toEqual(['gone s1 a/A1 RMA-77']);
    expect(state('s1')).toBe('rma');
    expect(tell('a', machine({ A1: 's9', A2: 's2' }))).toEqual(['replaced s1 a/A1 by s9 RMA-77', 'appeared s9 a/A1']);
    expect(tell('a', machine({ A1: 's8', A2: 's2' }))).toEqual([
      'gone s9 a/A1',
      'replaced s9 a/A1 by s8',
      'appeared s8 a/A1',
    ]);
    expect(tell('b', machine({ B1: 's1' }))).toEqual(['came s1 b/B1 < a/A1 RMA-77']);
    expect(state('s1')).toBe('in-use');
    expect(tell('b', machine({}))).toEqual(['gone s1 b/B1']);
  });

  it.each<[string, Partial<Inventory>]>([
    ['whose evidence was not read', { dimms: [], unread: [{ source: 'smbios.bin', reason: 'no' }] }],
    ['without that evidence', { dimms: [], evidence: {} }],
    ['of a module there that tells no serial', { dimms: [dimm('A1', null)] }],
    ['of modules there that all tell the same serial', { dimms: [dimm('A1', 'x'), dimm('A2', 'x')] }],
  ])('%s does not prove that a part is gone', (_, inventory) => {
    const { tell, inUse } = region();
    tell('a', machine({ A1: 's1' }));
    expect(tell('a', machine({}, inventory))).toEqual([]);
    expect(inUse()).toEqual(['s1 a/A1 in-use']);
  });

  it('of the same part by a longer name is no news', () => {
    const { tell, parts } = region();
    tell('a', machine({ A1: 's1' }));
    expect(tell('a', machine({}, { dimms: [{ ...dimm('A1', 's1'), part: 'M393A4K40' }] }))).toEqual([]);
    expect([...parts.values()].map(({ model }) => model)).toEqual(['M393A4K40']);
  });

  it.each<[string, string, string | null, string | null, string[], string]>([
    ['in another bay', 'sda', '1', '2', ['moved D a/bay 2 < a/bay 1'], 'bay 2'],
    ['whose bay is known now', 'sda', null, '2', [], 'bay 2'],
    ['whose bay is not told this time', 'sda', '1', null, [], 'bay 1'],
    ['that the kernel numbers otherwise', 'sdb', null, null, [], 'sdb'],
  ])('of a disk %s', (_, ...[name, before, after, expected, slot]) => {
    const { tell, parts } = region();
    const inBay = (bay: string | null, kernelName: string): Inventory => ({
      ...bareInventory,
      evidence: { 'block.json': 'x' },
      disks: [{ ...bareDisk, transport: 'sata', model: 'M', serial: 'D', name: kernelName, bay }],
    });
    tell('a', inBay(before, 'sda'));
    expect(tell('a', inBay(after, name))).toEqual(expected);
    expect([...parts.values()].map((part) => part.slot)).toEqual([slot]);
  });

  it('of power supplies by another list than before does not double them', () => {
    const supply = { slot: 'PSU1', present: true, powered: null, watts: null, manufacturer: 'Delta', model: null, part: 'P', serial: 'X1' }; // prettier-ignore
    const { tell } = region();
    const sensed = { ...bareInventory, evidence: { 'sdr.csv': 'x' }, psus: [{ ...supply, source: 'ipmi' as const }] };
    expect(tell('a', sensed)).toEqual(['appeared X1 a/PSU1']);
    const listed = { ...bareInventory, evidence: { 'smbios.bin': 'x' } };
    expect(tell('a', { ...listed, psus: [{ ...supply, serial: 'PSX1', source: 'smbios' as const }] })).toEqual([]);
    expect(tell('a', sensed)).toEqual([]);
  });
});

describe('a part that two live machines report', () => {
  it('stays with the first; the claim is told once, and ends with the report', () => {
    const { tell, alive, claims, inUse } = region();
    tell('a', machine({ A1: 's1' }));
    alive.add('a');
    expect(tell('b', machine({ B1: 's1' }))).toEqual(['claimed s1 b/B1 < a/A1']);
    expect(tell('b', machine({ B1: 's1' }))).toEqual([]);
    expect(tell('a', machine({ A1: 's1' }))).toEqual([]);
    expect(inUse()).toEqual(['s1 a/A1 in-use']);
    expect(tell('b', machine({}))).toEqual([]);
    expect(claims('s1')).toEqual([]);
  });

  it('is the claimant’s when the first lets go of it, or is off at the next report', () => {
    for (const letGo of [true, false]) {
      const { tell, alive, inUse, claims } = region();
      tell('a', machine({ A1: 's1' }));
      alive.add('a');
      tell('b', machine({ B1: 's1' }));
      if (!letGo) alive.delete('a');
      const events = letGo ? tell('a', machine({})) : tell('b', machine({ B1: 's1' }));
      expect(events).toEqual(['came s1 b/B1 < a/A1']);
      expect(inUse()).toEqual(['s1 b/B1 in-use']);
      expect(claims('s1')).toEqual([]);
    }
  });
});

describe('for any memory', () => {
  const serial: fc.Arbitrary<string> = fc.constantFrom('s1', 's2', 's3', 's4', 's5', 's6', 's7');
  const slotNames = ['A1', 'A2', 'A3', 'A4'];
  const memory = fc
    .tuple(fc.uniqueArray(serial, { maxLength: 4 }), fc.shuffledSubarray(slotNames, { minLength: 4, maxLength: 4 }))
    .map(([serials, slots]): Memory => Object.fromEntries(serials.map((one, at) => [slots[at] ?? '', one])));

  it('the order of parts never matters', () => {
    fc.assert(
      fc.property(fc.array(memory, { minLength: 1, maxLength: 5 }), (reports) => {
        const forward = region();
        const backward = region();
        for (const one of reports) {
          const told = machine(one);
          const events = forward.tell('a', told);
          expect(backward.tell('a', { ...told, dimms: told.dimms.toReversed() })).toEqual(events);
        }
        expect(backward.inUse()).toEqual(forward.inUse());
      }),
    );
  });

  it('the same inventory twice gives no event', () => {
    fc.assert(
      fc.property(fc.array(memory, { minLength: 1, maxLength: 5 }), (reports) => {
        const { tell, parts } = region();
        for (const one of reports) {
          tell('a', machine(one));
          const before = [...parts.values()];
          expect(tell('a', machine(one))).toEqual([]);
          expect([...parts.values()]).toEqual(before);
        }
      }),
    );
  });

  it('undoing a change returns to the earlier state', () => {
    fc.assert(
      fc.property(memory, memory, (one, other) => {
        const { tell, inUse } = region();
        tell('a', machine(one));
        const before = inUse();
        tell('a', machine(other));
        expect(inUse().map((text) => text.replace(/ in-use$/, ''))).toEqual(
          Object.entries(other).map(([slot, text]) => `${text} a/${slot}`).toSorted(byText),
        ); // prettier-ignore
        tell('a', machine(one));
        expect(inUse()).toEqual(before);
      }),
    );
  });

  it('swapping two parts between two machines gives exactly the events of both sides', () => {
    const others = fc.uniqueArray(serial, { minLength: 2, maxLength: 7 });
    fc.assert(
      fc.property(others, fc.nat(), fc.nat(), (serials, at, to) => {
        const half = Math.floor(serials.length / 2);
        const [a, b] = [serials.slice(0, half), serials.slice(half)];
        const [i, j] = [at % a.length, to % b.length];
        const [x, y] = [a[i] ?? '', b[j] ?? ''];
        const inSlots = (list: readonly string[]): Inventory =>
          machine(Object.fromEntries(list.map((one, index) => [`A${index}`, one])));
        const { tell, inUse } = region();
        tell('a', inSlots(a));
        tell('b', inSlots(b));
        const before = inUse();
        expect(tell('a', inSlots(a.with(i, y)))).toEqual([
          `gone ${x} a/A${i}`,
          `replaced ${x} a/A${i} by ${y}`,
          `came ${y} a/A${i} < b/A${j}`,
        ]);
        expect(tell('b', inSlots(b.with(j, x)))).toEqual([`came ${x} b/A${j} < a/A${i}`]);
        // And back again.
        tell('b', inSlots(b));
        tell('a', inSlots(a));
        expect(inUse()).toEqual(before);
      }),
    );
  });
});
