// Parts as tables and details.
import type { AssetParts, Part, PartHistory, PartKind } from '../../../shared/api/part.ts';
import { formatBinaryBytes, formatDecimalBytes } from '../../../shared/units.ts';
import type { CommandContext } from '../command.ts';
import type { Output } from '../output/output.ts';
import type { Tone } from '../output/style.ts';
import type { Column } from '../output/table.ts';
import { oneLine, padEnd, widthOf } from '../output/text.ts';
import { date, dateTime } from '../output/time.ts';

const kindWords: Readonly<Record<PartKind, string>> = {
  board: 'board', dimm: 'DIMM', disk: 'disk', psu: 'PSU', gpu: 'GPU', nic: 'port', module: 'module',
}; // prettier-ignore

function modelOf({ maker, model }: Part): string {
  return [maker, model].filter((text) => text !== null).join(' ');
}

/** Disks are sold in decimal units, memory in binary ones. */
function sizeOf({ kind, sizeBytes }: Part): string | null {
  if (sizeBytes === null) return null;
  return kind === 'disk' ? formatDecimalBytes(sizeBytes) : formatBinaryBytes(sizeBytes);
}

function stateOf({ state, rma, alsoIn }: Part): string {
  if (alsoIn.length > 0) return 'in two machines';
  return state === 'in-use' ? 'in use' : state === 'rma' ? (rma ?? 'rma') : state;
}

function toneOfPart({ state, alsoIn }: Part): Tone {
  if (alsoIn.length > 0) return 'bad';
  return state === 'in-use' ? 'plain' : state === 'gone' ? 'warn' : 'dim';
}

/** Where it is; where it was last, where it is nowhere. */
function whereOf({ asset, lastAsset }: Part): string | null {
  return asset ?? (lastAsset === null ? null : `was in ${lastAsset}`);
}

const kindColumn: Column<Part> = { title: 'KIND', value: (part) => kindWords[part.kind] };
const slotColumn: Column<Part> = { title: 'SLOT', value: (part) => part.slot, shrinks: true };
const serialColumn: Column<Part> = { title: 'SERIAL', value: (part) => part.serial };
const modelColumn: Column<Part> = { title: 'MODEL', value: modelOf, shrinks: true };
const sizeColumn: Column<Part> = { title: 'SIZE', value: sizeOf, align: 'right' };
const stateColumn: Column<Part> = { title: 'STATE', value: stateOf, tone: toneOfPart };
const sinceColumn: Column<Part> = { title: 'SINCE', value: (part) => date(part.since) };

export const partColumns: readonly Column<Part>[] = [
  kindColumn,
  serialColumn,
  modelColumn,
  sizeColumn,
  stateColumn,
  { title: 'MACHINE', value: whereOf },
  slotColumn,
  sinceColumn,
];

const hereColumns = [kindColumn, slotColumn, serialColumn, modelColumn, sizeColumn, stateColumn, sinceColumn];
const beforeColumns: readonly Column<Part>[] = [
  kindColumn,
  slotColumn,
  serialColumn,
  modelColumn,
  stateColumn,
  { title: 'NOW IN', value: (part) => part.asset },
  sinceColumn,
];

export function printPart({ output }: CommandContext, part: Part): void {
  output.value(part, (value) => renderPart(value, output));
}

function renderPart(part: Part, output: Output): string {
  const slot = part.asset === null ? part.slot : `${part.asset}, ${part.slot}`;
  return output.details([
    ['part', `${kindWords[part.kind]} ${part.serial}`, 'bold'],
    ['id', part.id],
    ['model', modelOf(part)],
    ['size', sizeOf(part)],
    ['state', `${stateOf(part)} since ${dateTime(part.since)}`, toneOfPart(part)],
    ['in', part.asset === null ? null : slot],
    ['was in', part.lastAsset === null ? null : `${part.lastAsset}, ${part.slot}`],
    ['also in', part.alsoIn.join(', '), 'bad'],
    ['rma', part.rma],
    ['first seen', dateTime(part.firstSeenAt)],
  ]);
}

export function printPartHistory({ output }: CommandContext, part: PartHistory): void {
  output.value(part, (value) => {
    const width = Math.max(0, ...value.timeline.map(({ event }) => widthOf(event)));
    const lines = value.timeline.map(
      ({ at, event, text, actor }) =>
        `  ${output.paint(dateTime(at), 'dim')}  ${padEnd(event, width)}  ${oneLine(text)}${output.paint(`  ${oneLine(actor)}`, 'dim')}\n`,
    );
    return `${renderPart(value, output)}timeline\n${lines.join('')}`;
  });
}

export function printAssetParts({ output }: CommandContext, parts: AssetParts): void {
  output.value(parts, ({ here, before, untracked }) => {
    const now =
      here.length === 0 ? 'No part with a serial of its own was reported yet.\n' : output.table(hereColumns, here);
    const past = before.length === 0 ? '' : `\nNot in it any more:\n${output.table(beforeColumns, before)}`;
    const notes = untracked.map((text) => `\n! ${oneLine(text)}`).join('');
    return `${now}${past}${notes === '' ? '' : `${notes}\n`}`;
  });
}
