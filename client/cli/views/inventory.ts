// An inventory as tables. What the machine does not report is `—`, never zero.
import type { OperationOutput } from '../../../shared/api/operations.ts';
import type { Fact } from '../../../shared/hardware/facts.ts';
import type { Inventory, Nic } from '../../../shared/hardware/inventory.ts';
import { memoryMaker } from '../../../shared/hardware/jedec.ts';
import { formatBinaryBytes, formatDecimalBytes } from '../../../shared/units.ts';
import type { Output } from '../output/output.ts';
import { oneLine } from '../output/text.ts';
import { dateTime } from '../output/time.ts';

const binary = (bytes: number | null): string | null => (bytes === null ? null : formatBinaryBytes(bytes));
const decimal = (bytes: number | null): string | null => (bytes === null ? null : formatDecimalBytes(bytes));
const link = (isUp: boolean | null): string | null => (isUp === null ? null : isUp ? 'up' : 'down');
const words = (parts: readonly (string | null)[]): string => parts.filter((part) => part !== null).join(' ');

export function renderInventory(found: OperationOutput<'asset.inventory'>, output: Output): string {
  const { identity, firmware, bmc, tpm, cpus, dimms, disks, nics, memoryTotalBytes, unread } = found.inventory;
  const head = output.details([
    ['machine', words([identity.manufacturer, identity.product]), 'bold'],
    ['serial', identity.serial],
    ['uuid', identity.uuid],
    ['firmware', words([firmware.biosVendor, firmware.biosVersion, firmware.biosDate, firmware.bootMode])],
    ['BMC', bmc === null ? null : words([bmc.firmware, bmc.address, bmc.mac])],
    ['TPM', tpm === null ? null : words([tpm.version, tpm.manufacturer, tpm.firmware])],
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
      { title: 'PART', value: (dimm) => words([makerOf(dimm.manufacturer), dimm.part]), shrinks: true },
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
      { title: 'BAY', value: (disk) => disk.bay ?? disk.behind },
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
      { title: 'CABLE TO', value: neighbourText, shrinks: true },
    ],
    nics,
  );
  const notRead = unread.map(
    ({ source, reason }) => `${output.paint('!', 'warn')} ${oneLine(`${source}: ${reason}`)}\n`,
  );
  const rest = notRead.length === 0 ? [] : [notRead.join('')];
  return [head, cpuTable, dimmTable, diskTable, nicTable, ...boardTables(found.inventory, output), ...rest].join('\n');
}

/** What many machines do not have, or do not tell of. */
function boardTables({ psus, gpus }: Inventory, output: Output): string[] {
  const psuTable = output.table(
    [
      { title: 'PSU', value: (psu) => psu.slot },
      { title: 'WATTS', value: (psu) => psu.watts, align: 'right' },
      { title: 'STATE', value: (psu) => (psu.present ? (psu.powered === false ? 'no input power' : 'in') : 'empty') },
      { title: 'MODEL', value: (psu) => words([psu.manufacturer, psu.model]), shrinks: true },
      { title: 'SERIAL', value: (psu) => psu.serial },
    ],
    psus,
  );
  const gpuTable = output.table(
    [
      { title: 'GPU', value: (gpu) => gpu.bdf },
      { title: 'MODEL', value: (gpu) => gpu.model, shrinks: true },
      { title: 'MEMORY', value: (gpu) => binary(gpu.memoryBytes), align: 'right' },
      { title: 'SERIAL', value: (gpu) => gpu.serial },
    ],
    gpus,
  );
  return [...(psus.length === 0 ? [] : [psuTable]), ...(gpus.length === 0 ? [] : [gpuTable])];
}

/** Every fact with where it is from; what is not reported says why. */
export function renderFacts(facts: readonly Fact[], output: Output): string {
  return output.table(
    [
      { title: 'FACT', value: ({ path }) => path },
      {
        title: 'VALUE',
        value: ({ value, unit }) => (value === null ? null : words([String(value), unit])),
        shrinks: true,
      },
      { title: 'FROM', value: ({ source }) => source },
      { title: 'TRUST', value: ({ confidence, value }) => (value === null ? null : confidence) },
      { title: 'WHY NOT', value: ({ why }) => why ?? '', shrinks: true },
    ],
    facts,
  );
}

function neighbourText({ neighbour }: Nic): string | null {
  return neighbour === null ? null : words([neighbour.system ?? neighbour.chassis, neighbour.port]);
}

/** Firmware writes a maker as a JEDEC number as often as by name. */
function makerOf(manufacturer: string | null): string | null {
  return manufacturer === null ? null : memoryMaker(manufacturer);
}
