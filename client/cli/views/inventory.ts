// An inventory as tables. What the machine does not report is `—`, never zero.
import type { OperationOutput } from '../../../shared/api/operations.ts';
import { formatBinaryBytes, formatDecimalBytes } from '../../../shared/units.ts';
import type { Output } from '../output/output.ts';
import { oneLine } from '../output/text.ts';
import { dateTime } from '../output/time.ts';

const binary = (bytes: number | null): string | null => (bytes === null ? null : formatBinaryBytes(bytes));
const decimal = (bytes: number | null): string | null => (bytes === null ? null : formatDecimalBytes(bytes));
const link = (isUp: boolean | null): string | null => (isUp === null ? null : isUp ? 'up' : 'down');
const words = (parts: readonly (string | null)[]): string => parts.filter((part) => part !== null).join(' ');

export function renderInventory(found: OperationOutput<'asset.inventory'>, output: Output): string {
  const { identity, firmware, cpus, dimms, disks, nics, memoryTotalBytes, unread } = found.inventory;
  const head = output.details([
    ['machine', words([identity.manufacturer, identity.product]), 'bold'],
    ['serial', identity.serial],
    ['uuid', identity.uuid],
    ['firmware', words([firmware.biosVendor, firmware.biosVersion, firmware.biosDate, firmware.bootMode])],
    ['memory', binary(memoryTotalBytes)],
    ['boot', found.bootId],
    ['reported', dateTime(found.at)],
  ]);
  const cpuTable = output.table(
    [
      { title: 'CPU', value: (cpu) => cpu.socket },
      { title: 'MODEL', value: (cpu) => (cpu.populated ? cpu.model : 'empty'), shrinks: true },
      { title: 'CORES', value: (cpu) => cpu.cores, align: 'right' },
      { title: 'THREADS', value: (cpu) => cpu.threads, align: 'right' },
    ],
    cpus,
  );
  const dimmTable = output.table(
    [
      { title: 'DIMM', value: (dimm) => dimm.slot },
      { title: 'SIZE', value: (dimm) => (dimm.populated ? binary(dimm.sizeBytes) : 'empty'), align: 'right' },
      { title: 'TYPE', value: (dimm) => dimm.type },
      { title: 'MT/S', value: (dimm) => dimm.ratedMts, align: 'right' },
      { title: 'PART', value: (dimm) => words([dimm.manufacturer, dimm.part]), shrinks: true },
      { title: 'SERIAL', value: (dimm) => dimm.serial },
    ],
    dimms,
  );
  const diskTable = output.table(
    [
      { title: 'DISK', value: (disk) => disk.name },
      { title: 'SIZE', value: (disk) => decimal(disk.sizeBytes), align: 'right' },
      { title: 'BUS', value: (disk) => disk.transport },
      { title: 'MODEL', value: (disk) => disk.model, shrinks: true },
      { title: 'SERIAL', value: (disk) => disk.serial },
      { title: 'FIRMWARE', value: (disk) => disk.firmware },
    ],
    disks,
  );
  const nicTable = output.table(
    [
      { title: 'NIC', value: (nic) => nic.name },
      { title: 'MAC', value: (nic) => nic.mac },
      { title: 'LINK', value: (nic) => link(nic.linkUp) },
      { title: 'MBIT/S', value: (nic) => nic.speedMbps, align: 'right' },
      { title: 'DRIVER', value: (nic) => nic.driver },
    ],
    nics,
  );
  const notRead = unread.map(
    ({ source, reason }) => `${output.paint('!', 'warn')} ${oneLine(`${source}: ${reason}`)}\n`,
  );
  return [head, cpuTable, dimmTable, diskTable, nicTable, ...(notRead.length === 0 ? [] : [notRead.join('')])].join(
    '\n',
  );
}
