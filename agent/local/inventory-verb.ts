// `ppec-agent inventory`: the facts of this host, or of a folder of evidence; with a machine class, how they compare, by the
// comparator that the controller uses.
import { readFile } from 'node:fs/promises';

import { messageOf, PpecError } from '../../shared/errors.ts';
import { evidenceSources, inventoryFromEvidence } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { compareComponents, type ComponentRow } from '../../shared/inspection/compare.ts';
import { verdictOf, type Finding } from '../../shared/inspection/finding.ts';
import { parseClassDocument, type ClassDocument } from '../../shared/inspection/machine-class-file.ts';
import { evidenceFromFolder } from '../collect/evidence.ts';
import { collectInventory } from '../collect/inventory.ts';
import { localOptions } from './local-options.ts';
import { inventoryText } from './inventory-text.ts';
import { oneLine, plural, textTable, type Terminal } from './text-table.ts';

/** The exit code: with a class 0 where the machine passes and 1 where it does not; 2 where that was not understood. */
export async function inventoryVerb(root: string, words: readonly string[], terminal: Terminal): Promise<number> {
  const options = localOptions(words, { hasClass: true });
  if (typeof options === 'string') {
    terminal.warn(options);
    return 2;
  }
  const wanted = options.class === undefined ? undefined : await classOf(options.class);
  if (typeof wanted === 'string') {
    terminal.warn(wanted);
    return 2;
  }
  const inventory =
    options.evidence === undefined
      ? (await collectInventory({ root })).inventory
      : inventoryFromEvidence(await evidenceFromFolder(options.evidence, evidenceSources));
  if (wanted !== undefined) return compared(inventory, { wanted, output: options.output ?? 'table' }, terminal);
  terminal.print(
    options.output === 'table' ? inventoryText(inventory) : `${JSON.stringify(inventory, undefined, 2)}\n`,
  );
  return 0;
}

/** A text says why it is none. */
async function classOf(file: string): Promise<ClassDocument | string> {
  try {
    return parseClassDocument(await readFile(file, 'utf8'), file);
  } catch (error) {
    const issues = error instanceof PpecError ? error.issues.map(({ path, message }) => `  ${path}: ${message}`) : [];
    return [`the class cannot be read: ${messageOf(error)}`, ...issues].map(oneLine).join('\n');
  }
}

type Asked = { readonly wanted: ClassDocument; readonly output: 'json' | 'table' };

function compared(inventory: Inventory, { wanted, output }: Asked, { print }: Terminal): number {
  const rows = compareComponents(inventory, { class: wanted.name, spec: wanted.spec });
  const findings = rows.flatMap((row) => row.findings);
  const verdict = verdictOf(findings);
  print(
    output === 'json'
      ? `${JSON.stringify({ class: wanted.name, verdict, findings, inventory }, undefined, 2)}\n`
      : [rowsText(rows), findingsText(findings), verdictText(wanted.name, findings)].filter(Boolean).join('\n'),
  );
  return verdict === 'pass' ? 0 : 1;
}

function rowsText(rows: readonly ComponentRow[]): string {
  return textTable(
    ['COMPONENT', 'ORDERED', 'FOUND', 'VERDICT'],
    rows.map(({ component, expected, items, verdict }) => [
      component,
      expected ?? 'nothing else',
      foundText(items.map(({ actual }) => actual)),
      verdict,
    ]),
  );
}

/** `4 × 16 GiB DDR4`: equal parts once, with their number. */
function foundText(parts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const part of parts) counts.set(part, (counts.get(part) ?? 0) + 1);
  return [...counts].map(([part, count]) => (count === 1 ? part : `${count} × ${part}`)).join('; ') || 'nothing';
}

const marks: Readonly<Record<Finding['severity'], string>> = { block: '✗', warn: '!', info: '·' };

function findingsText(findings: readonly Finding[]): string {
  return findings.map(({ severity, sentence }) => `  ${marks[severity]} ${oneLine(sentence)}\n`).join('');
}

function verdictText(name: string, findings: readonly Finding[]): string {
  const blocking = findings.filter(({ severity }) => severity === 'block').length;
  const rest = findings.length - blocking;
  const also = rest === 0 ? '' : `, ${plural(rest, 'remark')}`;
  return blocking === 0
    ? `pass: this machine is a ${oneLine(name)}${also}\n`
    : `fail: this machine is no ${oneLine(name)}: ${plural(blocking, 'finding')} ${blocking === 1 ? 'blocks' : 'block'}${also}\n`;
}
