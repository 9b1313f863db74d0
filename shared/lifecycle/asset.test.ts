import { expect, it } from 'vitest';

import { assetStates, assetTransitions, canTransition } from './asset.ts';

const allowed = [
  'ORDERED→DISCOVERED',
  'DISCOVERED→INSPECTING',
  'INSPECTING→SPARE',
  'INSPECTING→QUARANTINED',
  'SPARE→INSPECTING',
  'SPARE→RESERVED',
  'SPARE→RETIRING',
  'QUARANTINED→INSPECTING',
  'QUARANTINED→RETIRING',
  'RESERVED→PROVISIONING',
  'RESERVED→SPARE',
  'RESERVED→QUARANTINED',
  'PROVISIONING→BAREMETAL',
  'PROVISIONING→SPARE',
  'PROVISIONING→QUARANTINED',
  'BAREMETAL→RELEASING',
  'RELEASING→INSPECTING',
  'RELEASING→QUARANTINED',
  'RELEASING→RETIRING',
  'RETIRING→RETIRED',
  'RETIRING→QUARANTINED',
];

it('allows exactly these transitions and refuses every other pair', () => {
  const found = assetStates.flatMap((from) =>
    assetStates.filter((to) => canTransition(from, to)).map((to) => `${from}→${to}`),
  );
  expect(found.toSorted()).toEqual(allowed.toSorted());
});

it('never makes a SPARE without an inspection, except by giving a reservation back', () => {
  const sources = assetStates.filter((from) => canTransition(from, 'SPARE'));
  expect(sources).toEqual(['INSPECTING', 'RESERVED', 'PROVISIONING']);
});

it('reaches every state from ORDERED', () => {
  const reached = new Set<string>(['ORDERED']);
  for (const _ of assetStates) {
    for (const from of assetStates)
      if (reached.has(from)) for (const to of Object.keys(assetTransitions[from])) reached.add(to);
  }
  expect(reached.size).toBe(assetStates.length);
});
