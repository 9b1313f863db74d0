// The cabling table, what an import of it did, and machines beside it.
import type { CablingImport, CheckedMachine } from '../../../shared/api/cabling.ts';
import type { CommandContext } from '../command.ts';
import type { Output } from '../output/output.ts';
import type { Tone } from '../output/style.ts';
import { oneLine, plural } from '../output/text.ts';

type Port = CheckedMachine['ports'][number];
type Where = { readonly datacenter: string | null; readonly rack: string | null; readonly slot: string | null };

const tones: Readonly<Record<Port['verdict'], Tone>> = {
  right: 'good',
  wrong: 'bad',
  unknown: 'warn',
  silent: 'dim',
  missing: 'bad',
};

function placeText({ datacenter, rack, slot }: Where): string | null {
  return [datacenter, rack, slot].filter((part) => part !== null).join('/') || null;
}

export function printCablingImport({ output }: CommandContext, done: CablingImport): void {
  output.value(done, ({ added, changed, removed, unchanged, rows, reinspected, differing }) => {
    const lines = [
      `${added} added, ${changed} changed, ${removed} removed, ${unchanged} as they were; the table has ${plural(rows, 'row')}.`,
      ...(reinspected === 0 ? [] : [`${plural(reinspected, 'machine')} in PIOUS inspected again.`]),
      ...differing.map(
        (asset) =>
          `! ${oneLine(asset)} is in production and not where the table has it: ppec cabling check ${oneLine(asset)}`,
      ),
    ];
    return lines.map((line) => `${line}\n`).join('');
  });
}

export function checkText(output: Output, machine: CheckedMachine): string {
  const { asset, state, recorded, ordered, hasInventory, isComplete, ports, findings } = machine;
  const head = output.details([
    ['asset', asset, 'bold'],
    ['state', state],
    ['ordered', placeText(ordered)],
    ['recorded', placeText(recorded)],
    [
      'listened',
      !hasInventory ? 'it has not reported an inventory yet' : isComplete ? null : 'not long enough yet',
      'warn',
    ],
  ]);
  const table = output.table<Port>(
    [
      { title: 'PORT', value: (port) => port.nic ?? port.wanted?.nic ?? null },
      { title: 'LINK', value: (port) => (port.linkUp === null ? null : port.linkUp ? 'up' : 'down') },
      {
        title: 'HEARS (LLDP)',
        value: (port) => (port.heard === null ? null : `${port.heard.switch} ${port.heard.port}`),
      },
      { title: 'TABLE HAS THERE', value: (port) => cableText(port.cabled) },
      {
        title: 'BELONGS ON',
        value: (port) => (port.wanted === null ? null : `${port.wanted.switch} ${port.wanted.port}`),
      },
      { title: 'VERDICT', value: (port) => port.verdict, tone: (port) => tones[port.verdict] },
    ],
    ports,
  );
  const said = findings.map(({ severity, sentence }) => {
    const isBlock = severity === 'block';
    return `  ${output.paint(isBlock ? '✗' : '!', isBlock ? 'bad' : 'warn')} ${oneLine(sentence)}\n`;
  });
  return [head, ...(ports.length === 0 ? [] : [table]), ...said].join('');
}

function cableText(cable: Port['cabled']): string | null {
  if (cable === null) return null;
  const place = placeText(cable);
  return cable.nic === null ? place : `${place} ${cable.nic}`;
}
