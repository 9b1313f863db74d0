// GPUs: every display and accelerator function on the PCI bus, filled with what the maker's own tool prints where the
// machine carries it (`nvidia-smi --query-gpu=… --format=csv`). Pure; memory that no tool tells is not reported.
import type { Gpu, PciDevice } from '../inventory.ts';
import { mib } from '../../units.ts';
import { factText } from './fact-text.ts';

/** Classes 0302 (3D controller) and 12 (processing accelerator); 0300 (VGA) only of makers whose cards compute. */
const makers: Readonly<Record<string, string>> = { '10de': 'NVIDIA', '1002': 'AMD', '8086': 'Intel' };

export function gpusOf(pci: readonly PciDevice[], csv: string): Gpu[] {
  const told = rowsOf(csv);
  return pci.filter(isGpu).map((device) => {
    const row = told.find(({ bdf }) => bdf === device.bdf);
    return {
      bdf: device.bdf,
      model: row?.model ?? null,
      memoryBytes: row?.memoryBytes ?? null,
      serial: row?.serial ?? null,
      firmware: row?.firmware ?? null,
    };
  });
}

export function isGpu({ class: code, vendor }: PciDevice): boolean {
  if (code.startsWith('0302') || code.startsWith('12')) return true;
  // Every server has a VGA function in its board controller; NVIDIA's data-centre cards with an output are 0300.
  return code.startsWith('0300') && makers[vendor] === 'NVIDIA';
}

type Row = Gpu;

function rowsOf(csv: string): Row[] {
  const [head = '', ...lines] = csv.split('\n').filter((line) => line.trim() !== '');
  const names = cellsOf(head).map((name) => name.replace(/ \[.*\]$/, ''));
  return lines.slice(0, 64).flatMap((line) => {
    const cells = cellsOf(line);
    const cell = (name: string): string | null => {
      const text = factText(cells[names.indexOf(name)]);
      return text === null || /^\[.*\]$/.test(text) ? null : text;
    };
    const bdf = bdfOf(cell('pci.bus_id'));
    if (bdf === undefined) return [];
    const memory = /^(\d{1,9}) MiB$/.exec(cell('memory.total') ?? '')?.[1];
    return [
      {
        bdf,
        model: cell('name'),
        memoryBytes: memory === undefined ? null : Number(memory) * mib,
        serial: cell('serial'),
        firmware: cell('vbios_version'),
      },
    ];
  });
}

/** The tool writes eight digits of segment in upper case: `00000000:3B:00.0`. */
function bdfOf(text: string | null): string | undefined {
  const match = /^([0-9A-F]{4,8}):([0-9A-F]{2}):([0-9A-F]{2})\.([0-7])$/i.exec(text ?? '');
  return match === null ? undefined : `${(match[1] ?? '').slice(-4)}:${match[2]}:${match[3]}.${match[4]}`.toLowerCase();
}

function cellsOf(line: string): string[] {
  return line.split(',').map((cell) => cell.trim());
}
