// An inventory as tables on a console. What the machine does not report is `—`, never zero.
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { formatBinaryBytes, formatDecimalBytes } from '../../shared/units.ts';
import { oneLine, textTable } from './text-table.ts';

const binary = (bytes: number | null): string | null => (bytes === null ? null : formatBinaryBytes(bytes));
const decimal = (bytes: number | null): string | null => (bytes === null ? null : formatDecimalBytes(bytes));
const yesNo = (value: boolean | null, [yes, no]: readonly [string, string]): string | null =>
  value === null ? null : value ? yes : no;
const words = (parts: readonly (string | null)[]): string => parts.filter((part) => part !== null).join(' ');

export function inventoryText({ identity, firmware, ...parts }: Inventory): string {
  const { cpus, dimms, disks, nics, psus, unread, memoryTotalBytes } = parts;
  const head = [
    ['machine', words([identity.manufacturer, identity.product])],
    ['serial', identity.serial ?? 'not reported'],
    ['firmware', words([firmware.biosVendor, firmware.biosVersion, firmware.biosDate, firmware.bootMode])],
    ['memory', binary(memoryTotalBytes) ?? 'not reported'],
  ].map(([name = '', value = '']) => `${name.padEnd(10)}${oneLine(value)}\n`);
  const tables: readonly (readonly [readonly string[], readonly (readonly (string | number | null)[])[]])[] = [
    [
      ['CPU', 'MODEL', 'CORES', 'THREADS'],
      cpus.map((cpu) => [cpu.socket, cpu.populated ? cpu.model : 'empty', cpu.cores, cpu.threads]),
    ],
    [
      ['DIMM', 'SIZE', 'TYPE', 'MT/S', 'PART', 'SERIAL'],
      dimms.map((dimm) => [
        dimm.slot, dimm.populated ? binary(dimm.sizeBytes) : 'empty', dimm.type, dimm.ratedMts,
        words([dimm.manufacturer, dimm.part]), dimm.serial,
      ]),
    ],
    [
      ['DISK', 'BAY', 'SIZE', 'BUS', 'MODEL', 'SERIAL', 'FIRMWARE'],
      disks.map((disk) => [
        disk.name, disk.bay, decimal(disk.sizeBytes), disk.transport, disk.model, disk.serial, disk.firmware,
      ]),
    ],
    [
      ['PORT', 'MAC', 'LINK', 'MBIT/S', 'DRIVER'],
      nics.map((nic) => [nic.name, nic.mac, yesNo(nic.linkUp, ['up', 'down']), nic.speedMbps, nic.driver]),
    ],
    [
      ['SUPPLY', 'INPUT', 'WATTS', 'MODEL', 'SERIAL'],
      psus.map((psu) => [
        psu.slot, psu.present ? yesNo(psu.powered, ['yes', 'no']) : 'empty', psu.watts, psu.model, psu.serial,
      ]),
    ],
  ]; // prettier-ignore
  return [
    head.join(''),
    ...tables.filter(([, rows]) => rows.length > 0).map(([titles, rows]) => textTable(titles, rows)),
    ...(unread.length === 0 ? [] : [unread.map(({ source, reason }) => `! ${oneLine(`${source}: ${reason}`)}\n`).join('')]),
  ].join('\n');
} // prettier-ignore
