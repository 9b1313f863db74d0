// The comparator over the corpus of bench/inspection: every fault is found, nothing harmless is.
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';

import { buildCorpus } from '../../bench/inspection/corpus.ts';
import { faults } from '../../bench/inspection/faults.ts';
import { goodMachines } from '../../bench/inspection/machines.ts';
import { InventorySchema } from '../hardware/inventory.ts';
import { compare } from './compare.ts';
import { Finding, verdictOf } from './finding.ts';
import { MachineClassSpec } from './machine-class.ts';

const corpus = buildCorpus(4711, 6);
const inventories = Compile(InventorySchema);
const findingSchema = Compile(Finding);
const specs = Compile(MachineClassSpec);

const judged = corpus.map((each) => {
  const findings = compare(each.inventory, { class: 'corpus@1', spec: each.machine.spec });
  return { ...each, findings, hasFailed: verdictOf(findings) === 'fail' };
});
const nameOf = ({ machine, name }: (typeof corpus)[number]): string => `${machine.name}: ${name}`;

describe('the corpus', () => {
  it('holds inventories and classes that their schemas allow', () => {
    expect(goodMachines().filter(({ spec }) => !specs.Check(spec))).toEqual([]);
    expect(corpus.filter(({ inventory }) => !inventories.Check(inventory)).map(nameOf)).toEqual([]);
  });

  it('breaks a machine in each of its ways', () => {
    const names = new Set(corpus.filter(({ isFaulty }) => isFaulty).map(({ name }) => name));
    expect([...names].toSorted()).toEqual(faults.map(({ name }) => name).toSorted());
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
    expect(faults.length).toBeGreaterThanOrEqual(30);
  });
});

it('finds every fault', () => {
  expect(judged.filter(({ isFaulty, hasFailed }) => isFaulty && !hasFailed).map(nameOf)).toEqual([]);
});

it('finds nothing on machines that differ in nothing that matters', () => {
  const alarms = judged.filter(({ isFaulty, findings }) => !isFaulty && findings.length > 0);
  expect(alarms.map((each) => `${nameOf(each)}: ${each.findings[0]?.sentence ?? ''}`)).toEqual([]);
});

it('says each finding in a sentence that its schema holds', () => {
  const findings = judged.flatMap((each) => each.findings);
  expect(findings.filter((finding) => !findingSchema.Check(finding))).toEqual([]);
  expect(findings.filter(({ sentence }) => /null|undefined|NaN/.test(sentence)).map((each) => each.sentence)).toEqual(
    [],
  );
});
