// Every rule of the drive table with a value that fails and the last one that does not; over the answers of real drives too.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { bareDisk } from '../../test/fixtures/parts.ts';
import type { Disk } from '../hardware/inventory.ts';
import { driveFindings, reportFindings } from './drives.ts';

const fixture = (name: string): object => {
  const url = new URL(`../../test/fixtures/smartctl/${name}.json`, import.meta.url);
  const report: unknown = JSON.parse(readFileSync(url, 'utf8'));
  if (typeof report !== 'object' || report === null) throw new Error(`${name} is no object`);
  return report;
};
const sda: Disk = { ...bareDisk, transport: 'sata', serial: 'S1', bay: '0:4' };
const told = (report: object): string[] =>
  reportFindings(sda, report).map(({ check, state, message }) => {
    expect(message).toMatch(/^Disk sda \(bay 0:4, SN S1\): .+\.$/);
    return `${check} ${state}: ${message.slice('Disk sda (bay 0:4, SN S1): '.length)}`;
  });
const checksOf = (report: object): string[] =>
  reportFindings(sda, report).map(({ check, state }) => `${check} ${state}`);

const exit = (status: number): object => ({ smartctl: { exit_status: status }, smart_status: { passed: true } });
const nvme = (log: object): object => ({
  ...exit(0), device: { protocol: 'NVMe' },
  nvme_smart_health_information_log: { available_spare: 100, available_spare_threshold: 10, ...log },
}); // prettier-ignore
const ata = (id: number, value: number, more: object = {}): object => ({
  ...exit(0), device: { protocol: 'ATA' },
  ata_smart_attributes: { table: [{ id, name: `A${id}`, raw: { value, string: String(value) }, ...more }] },
}); // prettier-ignore
const scsi = (kind: string, errors: number, grown = 0): object => ({
  ...exit(0), device: { protocol: 'SCSI' }, scsi_grown_defect_list: grown,
  scsi_error_counter_log: { [kind]: { total_uncorrected_errors: errors, gigabytes_processed: '1.000' } },
}); // prettier-ignore
const hours = (count: number): object => ({ ...exit(0), power_on_time: { hours: count } });

describe('a drive', () => {
  it.each<[string, object, object, string]>([
    ['its own verdict', { smart_status: { passed: false } }, { smart_status: { passed: true } }, 'drive-status failed'],
    ['its own verdict, beside no warning', { ...nvme({ critical_warning: 0 }), smart_status: { passed: false } }, { ...nvme({ critical_warning: 0 }), smart_status: { passed: true } }, 'drive-status failed'],
    ['exit bit 3', exit(8), exit(0), 'drive-status failed'],
    ['exit bit 4', exit(16), exit(0), 'drive-threshold failed'],
    ['exit bit 5', exit(32), exit(0), 'drive-threshold degraded'],
    ['exit bit 6', exit(64), exit(0), 'drive-error-log degraded'],
    ['exit bit 7', exit(128), exit(0), 'drive-self-test degraded'],
    ['exit bit 0', exit(1), exit(0), 'drive-status unknown'],
    ['exit bit 1', exit(2), exit(0), 'drive-status unknown'],
    ['exit bit 2', exit(4), exit(0), 'drive-command ok'],
    ['any bit of the critical warning', nvme({ critical_warning: 1 }), nvme({ critical_warning: 0 }), 'drive-warning failed'],
    ['NVMe media errors', nvme({ media_errors: 1 }), nvme({ media_errors: 0 }), 'drive-media-errors failed'],
    ['used spare', nvme({ available_spare: 99 }), nvme({ available_spare: 100 }), 'drive-used ok'],
    ['attribute 187', ata(187, 1), ata(187, 0), 'drive-media-errors failed'],
    ['attribute 197', ata(197, 1), ata(197, 0), 'drive-pending failed'],
    ['attribute 198', ata(198, 1), ata(198, 0), 'drive-uncorrectable failed'],
    ['attribute 5', ata(5, 1), ata(5, 0), 'drive-reallocated degraded'],
    ['attribute 188', ata(188, 1), ata(188, 0), 'drive-timeouts degraded'],
    ['attribute 199', ata(199, 1), ata(199, 0), 'drive-transfer-errors degraded'],
    ['an attribute at its threshold', ata(1, 0, { when_failed: 'now' }), ata(1, 0, { when_failed: '' }), 'drive-threshold failed'],
    ['an attribute once at its threshold', ata(1, 0, { when_failed: 'past' }), ata(1, 0), 'drive-threshold degraded'],
    ['uncorrected reads', scsi('read', 1), scsi('read', 0), 'drive-media-errors failed'],
    ['uncorrected writes', scsi('write', 1), scsi('write', 0), 'drive-media-errors failed'],
    ['uncorrected verifications', scsi('verify', 1), scsi('verify', 0), 'drive-media-errors failed'],
    ['grown defects', scsi('read', 0, 1), scsi('read', 0, 0), 'drive-reallocated degraded'],
    ['wear', nvme({ percentage_used: 2 }), nvme({ percentage_used: 1 }), 'drive-used ok'],
    ['hours', hours(101), hours(100), 'drive-used ok'],
    ['written data', nvme({ data_units_written: 9_765_626 }), nvme({ data_units_written: 9_765_625 }), 'drive-used ok'],
    ['no word about health', {}, { smart_status: { passed: true } }, 'drive-status unknown'],
  ])('is judged by %s', (...[, bad, good, expected]) => {
    expect(checksOf(bad)).toEqual([expected]);
    expect(checksOf(good)).toEqual([]);
  }); // prettier-ignore

  it('is worn out at 100 %, and not at 99', () => {
    expect(checksOf(nvme({ percentage_used: 100 }))).toEqual(['drive-worn-out failed', 'drive-used ok']);
    expect(checksOf(nvme({ percentage_used: 99 }))).toEqual(['drive-used ok']);
  });

  it('has too few spare blocks below its threshold, and not at it', () => {
    expect(checksOf(nvme({ available_spare: 9 }))).toEqual(['drive-spare failed', 'drive-used ok']);
    expect(checksOf(nvme({ available_spare: 10 }))).toEqual(['drive-used ok']);
  });

  it('that does not count its spare blocks is not used up', () => {
    expect(checksOf(nvme({ available_spare: 0, available_spare_threshold: 0 }))).toEqual([]);
    expect(checksOf(nvme({ available_spare: 0 }))).toEqual(['drive-spare failed', 'drive-used ok']);
  });

  it('that cannot be asked is unknown whatever else its report holds', () => {
    const report = { ...nvme({ media_errors: 1 }), smartctl: { exit_status: 2, messages: [{ string: 'Open failed', severity: 'error' }] } };
    expect(told(report)).toEqual(['drive-status unknown: its health is not known: Open failed. Run smartctl -x on it.']);
  }); // prettier-ignore

  it.each<[string, object, string]>([
    ['a warning', nvme({ critical_warning: 0b1001 }), 'drive-warning failed: NVMe critical warning 0x9 (spare below its threshold, read only): replace it.'],
    ['errors of two kinds', { ...scsi('read', 1), scsi_error_counter_log: { read: { total_uncorrected_errors: 1 }, write: { total_uncorrected_errors: 535 } } }, 'drive-media-errors failed: uncorrected errors (1 in read, 535 in write): replace it.'],
    ['an attribute', ata(1, 0, { when_failed: 'now' }), 'drive-threshold failed: A1 (1) is at its failure threshold: replace it.'],
    ['use', { ...nvme({ percentage_used: 2, data_units_written: 20_000_000 }), power_on_time: { hours: 250 } }, 'drive-used ok: it is not new (2 % worn, ran for 10 days, 10.2 TB written): reject it if it was ordered new.'],
  ])('says what and what to do: %s', (_, report, text) => {
    expect(told(report)).toEqual([text]);
  }); // prettier-ignore
});

describe('a real drive', () => {
  it.each<[string, string[]]>([
    ['nvme-intel-ssdpe2kx020', ['drive-used ok']],
    ['nvme-intel-ssdpf2kx038', ['drive-used ok']],
    ['nvme-micron-mtfdhax1t6', ['drive-used ok']],
    ['nvme-toshiba-kxg60', ['drive-used ok']],
    ['sas-seagate-st373453', ['drive-media-errors failed', 'drive-reallocated degraded', 'drive-used ok']],
    ['sata-hgst-hus724020', ['drive-transfer-errors degraded', 'drive-error-log degraded', 'drive-used ok']],
    ['sata-kingston-sa400', ['drive-used ok', 'drive-command ok']],
    ['sata-samsung-mz7wd240', ['drive-used ok']],
    ['sata-wdc-wuh721816', ['drive-transfer-errors degraded', 'drive-error-log degraded', 'drive-used ok']],
  ])('%s', (name, checks) => expect(checksOf(fixture(name))).toEqual(checks));

  it.each<[string, string]>([
    ['sas-seagate-st373453', 'it is not new (ran for 4286 days, 11.2 TB written): reject it if it was ordered new.'],
    ['sata-samsung-mz7wd240', 'it is not new (9 % worn, ran for 3525 days, 111 TB written)'],
    ['sata-kingston-sa400', 'it is not new (2 % worn, ran for 208 days)'],
    ['nvme-intel-ssdpe2kx020', 'it is not new (75 % worn, ran for 2060 days, 2567 TB written, 99 % of its spare blocks left)'],
  ])('%s tells its use', (name, text) => {
    const used = reportFindings(sda, fixture(name)).find(({ check }) => check === 'drive-used');
    expect(used?.message).toContain(text);
  }); // prettier-ignore
});

describe('the drives of a machine', () => {
  const good = exit(0);
  const volume: Disk = { ...bareDisk, name: 'sdb', transport: 'sas' };
  const hidden: Disk = {
    ...bareDisk,
    name: 'sdb,megaraid,3',
    transport: 'sas',
    serial: 'H3',
    behind: 'sdb megaraid,3',
  };
  const states = (smart: Record<string, object>, disks: Disk[]): string[] =>
    driveFindings(smart, disks).map(({ component, state }) => `${component} ${state}`);

  it('are unknown one by one where nobody asked them', () => {
    expect(states({}, [sda, volume])).toEqual(['disk S1 unknown', 'disk sdb unknown']);
    expect(states({ sda: good, sdb: good }, [sda, volume])).toEqual([]);
  });

  it('do not count virtual disks and sticks, which have nothing to tell', () => {
    expect(
      states({}, [
        { ...bareDisk, transport: 'virtio' },
        { ...bareDisk, transport: 'usb' },
      ]),
    ).toEqual([]);
  });

  it('are asked in place of the volume that hides them', () => {
    expect(states({ sdb: exit(2), 'sdb,megaraid,3': good }, [volume, hidden])).toEqual([]);
    expect(states({ sdb: exit(2), 'sdb,megaraid,3': exit(8) }, [volume, hidden])).toEqual(['disk H3 failed']);
  });
});

it('answers any JSON with findings, never by throwing', () => {
  fc.assert(
    fc.property(fc.object(), (report) => {
      for (const { message } of reportFindings(sda, report)) expect(message).toMatch(/^Disk sda/);
    }),
  );
});
