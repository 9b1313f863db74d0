// Drives by what they say of themselves (`smartctl -j -x`). One rule per line of the table; a drive that cannot be asked is
// unknown. Whether a drive had to be new is for the controller to judge: `drive-used` and `drive-reallocated` tell the fact.
import type { SmartReports } from '../hardware/evidence/drives.ts';
import { smartFactsOf, type SmartFacts } from '../hardware/evidence/smartctl.ts';
import type { Disk } from '../hardware/inventory.ts';
import type { HealthState } from '../lifecycle/asset.ts';
import { formatDecimalBytes, tb } from '../units.ts';
import { driveCountersOf, type DriveCounters } from './drive-counters.ts';
import { counted, type HealthFinding } from './finding.ts';
import { diskComponent, diskName } from './part-names.ts';

type Drive = SmartFacts & DriveCounters;
type Rule = {
  readonly check: string;
  readonly state: HealthState;
  /** What is wrong and what to do; undefined where nothing is. */
  readonly say: (drive: Drive) => string | undefined;
};

/** What a drive has run and written when it comes from its factory is below these. */
const newWearPercentMax = 1;
const newHoursMax = 100;
const newBytesWrittenMax = 5 * tb;

const attribute = (id: number, say: (text: string) => string) => (drive: Drive) => {
  const found = drive.attributes.find((one) => one.id === id && one.raw > 0);
  return found === undefined ? undefined : say(found.text);
};

const rules: readonly Rule[] = [
  {
    check: 'drive-status',
    state: 'failed',
    // Of NVMe, this verdict is the critical warning below, in other words.
    say: ({ passed, exit, criticalWarning }) =>
      (criticalWarning ?? 0) === 0 && (passed === false || exit?.bits.includes('failing') === true)
        ? 'it says itself that it is failing: replace it'
        : undefined,
  },
  {
    check: 'drive-warning',
    state: 'failed',
    say: ({ criticalWarning }) =>
      (criticalWarning ?? 0) > 0
        ? `NVMe critical warning 0x${(criticalWarning ?? 0).toString(16)} (${warningText(criticalWarning ?? 0)}): replace it`
        : undefined,
  },
  {
    check: 'drive-media-errors',
    state: 'failed',
    say: ({ protocol, mediaErrors }) =>
      protocol !== 'scsi' && (mediaErrors ?? 0) > 0
        ? `${counted(mediaErrors ?? 0, 'media error')}: data could not be read back; replace it`
        : undefined,
  },
  {
    check: 'drive-media-errors',
    state: 'failed',
    say: ({ uncorrected }) => {
      const kinds = Object.entries(uncorrected).filter(([, errors]) => errors > 0);
      const texts = kinds.map(([kind, errors]) => `${errors} in ${kind}`);
      return kinds.length === 0 ? undefined : `uncorrected errors (${texts.join(', ')}): replace it`;
    },
  },
  {
    check: 'drive-worn-out',
    state: 'failed',
    say: ({ wearPercent }) =>
      wearPercent !== null && wearPercent >= 100
        ? `its rated endurance is used up (${wearPercent} %): replace it`
        : undefined,
  },
  {
    check: 'drive-spare',
    state: 'failed',
    say: ({ spare }) =>
      spare !== null && spare.left < spare.threshold
        ? `${spare.left} % of its spare blocks are left, below its threshold of ${spare.threshold} %: replace it`
        : undefined,
  },
  {
    check: 'drive-pending',
    state: 'failed',
    say: attribute(197, (text) => `${text} sectors wait to be reallocated (attribute 197): replace it`),
  },
  {
    check: 'drive-uncorrectable',
    state: 'failed',
    say: attribute(198, (text) => `${text} sectors cannot be read (attribute 198): replace it`),
  },
  {
    check: 'drive-threshold',
    state: 'failed',
    say: ({ attributes, exit }) => thresholdText(attributes, exit?.bits.includes('prefail-below-threshold'), 'now'),
  },
  {
    check: 'drive-threshold',
    state: 'degraded',
    say: ({ attributes, exit }) => thresholdText(attributes, exit?.bits.includes('threshold-passed-before'), 'past'),
  },
  {
    check: 'drive-reallocated',
    state: 'degraded',
    say: ({ reallocatedSectors }) =>
      (reallocatedSectors ?? 0) > 0
        ? `${counted(reallocatedSectors ?? 0, 'sector')} reallocated: replace it if it was ordered new, else watch it`
        : undefined,
  },
  {
    check: 'drive-timeouts',
    state: 'degraded',
    say: attribute(188, (text) => `commands timed out (attribute 188: ${text}): check its power and its cable`),
  },
  {
    check: 'drive-transfer-errors',
    state: 'degraded',
    say: attribute(199, (text) => `${text} transfer errors (attribute 199): reseat it, check its cable or backplane`),
  },
  {
    check: 'drive-error-log',
    state: 'degraded',
    say: ({ exit }) =>
      exit?.bits.includes('error-log') === true ? 'its error log has entries: read them with smartctl -x' : undefined,
  },
  {
    check: 'drive-self-test',
    state: 'degraded',
    say: ({ exit }) =>
      exit?.bits.includes('self-test-log') === true
        ? 'one of its last self-tests failed: run another one, replace it if that fails'
        : undefined,
  },
  // A fact, not a fault: only the controller knows whether the machine has just come from its vendor.
  { check: 'drive-used', state: 'ok', say: usedText },
  {
    // Many healthy drives do not know one of the many commands.
    check: 'drive-command',
    state: 'ok',
    say: ({ exit }) =>
      exit?.bits.includes('command-failed') === true ? 'it refused one of the questions it was asked' : undefined,
  },
];

/** Of each drive of the inventory that can keep such data. */
export function driveFindings(smart: SmartReports, disks: readonly Disk[]): HealthFinding[] {
  return disks.filter(keepsSmart).flatMap((disk) => {
    if (isVolume(disk, disks)) return [];
    const report = Object.hasOwn(smart, disk.name) ? smart[disk.name] : undefined;
    return report === undefined ? [unknown(disk, 'it was not asked')] : reportFindings(disk, report);
  });
}

/** What is virtual or on USB has none. */
export function keepsSmart({ transport, behind }: Disk): boolean {
  return transport === 'nvme' || transport === 'sata' || transport === 'sas' || behind !== null;
}

/** The volume that a RAID controller makes of drives which are listed themselves: they are asked in its place. */
function isVolume(disk: Disk, disks: readonly Disk[]): boolean {
  return disk.behind === null && disks.some(({ behind }) => behind?.split(' ')[0] === disk.name);
}

export function reportFindings(disk: Disk, report: object): HealthFinding[] {
  const drive: Drive = { ...smartFactsOf(report), ...driveCountersOf(report) };
  if (drive.exit?.answered === false)
    return [unknown(disk, drive.messages[0]?.text ?? `smartctl could not ask it (exit status ${drive.exit.status})`)];
  if (!drive.hasHealth) return [unknown(disk, 'it tells nothing about its health')];
  return rules.flatMap(({ check, state, say }) => {
    const told = say(drive);
    return told === undefined
      ? []
      : [{ check, component: diskComponent(disk), state, message: `${diskName(disk)}: ${told}.` }];
  });
}

function unknown(disk: Disk, why: string): HealthFinding {
  const message = `${diskName(disk)}: its health is not known: ${why}. Run smartctl -x on it.`;
  return { check: 'drive-status', component: diskComponent(disk), state: 'unknown', message };
}

function thresholdText(
  attributes: DriveCounters['attributes'],
  isTold: boolean | undefined,
  when: 'now' | 'past',
): string | undefined {
  const named = attributes.filter(({ failed }) => failed === when).map(({ id, name }) => `${name} (${id})`);
  if (named.length === 0 && isTold !== true) return undefined;
  const what = named.slice(0, 4).join(', ') || 'an attribute';
  return when === 'now'
    ? `${what} is at its failure threshold: replace it`
    : `${what} was at its failure threshold before`;
}

function usedText({ wearPercent, powerOnHours, bytesWritten, spare }: Drive): string | undefined {
  const signs = [
    wearPercent !== null && wearPercent > newWearPercentMax && `${wearPercent} % worn`,
    // Days, and decimal units below: a figure that changes with every reading would be told every time.
    powerOnHours !== null && powerOnHours > newHoursMax && `ran for ${counted(Math.floor(powerOnHours / 24), 'day')}`,
    bytesWritten !== null && bytesWritten > newBytesWrittenMax && `${formatDecimalBytes(bytesWritten)} written`,
    spare !== null && spare.left < 100 && `${spare.left} % of its spare blocks left`,
  ].filter((sign) => sign !== false);
  return signs.length === 0 ? undefined : `it is not new (${signs.join(', ')}): reject it if it was ordered new`;
}

/** NVMe Base 2.0 figure 207, bit 0 first. */
const warnings = [
  'spare below its threshold',
  'too hot or too cold',
  'reliability degraded',
  'read only',
  'its backup of volatile memory failed',
  'its persistent memory is read only',
];

function warningText(bits: number): string {
  return warnings.filter((_, bit) => (bits & (1 << bit)) !== 0).join(', ') || 'a reserved bit';
}
