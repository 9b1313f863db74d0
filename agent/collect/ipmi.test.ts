// ipmitool played by a shell script that answers as the real one does, against the parsers of its answers.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

import { parseFru } from '../../shared/hardware/evidence/fru.ts';
import { parseSel } from '../../shared/hardware/evidence/sel.ts';
import { fakePrograms } from '../../test/fixtures/fake-programs.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import type { Host, Reading } from './collector.ts';
import { fruLocators, ipmiFamily } from './ipmi.ts';

const fru = fileURLToPath(new URL('../../test/fixtures/fru/supermicro-x11scz-f.bin', import.meta.url));
const locators = `BMC FRU          | 00h | ok  |  7.1 | Logical FRU @00h
PSU1 FRU         | 00h | ok  | 10.1 | Logical FRU @02h
PSU2 FRU         | 00h | ok  | 10.2 | Logical FRU @03h
DIMM SPD         | 00h | ok  | 32.1 | Physical FRU @50h 00.0/0
PSU1 again       | 00h | ok  | 10.1 | Logical FRU @02h
none             | 00h | ok  | 10.1 | Logical FRU @FFh
`;

/** One call a time: a second one while the first runs is an error here. */
const answers = (sel: string): string => `
if ! /bin/mkdir "$0.lock" 2> /dev/null; then echo 'two at once' >&2; exit 9; fi
trap '/bin/rmdir "$0.lock"' EXIT
[ "$1" = -S ] && { [ -s "$2" ] || exit 8; shift 2; echo '# from the file'; }
case "$*" in
  'mc info') echo 'Firmware Revision         : 3.88' ;;
  'lan print 1') echo 'MAC Address             : 3c:ec:ef:00:00:01' ;;
  "sel info") echo 'Percent Used     : 3%' ;;
  'sel time get') echo '11/23/26 18:00:00 UTC' ;;
  'sel writeraw '*) ${sel} ;;
  'sdr dump '*) echo records > "$3" ;;
  '-c sdr elist all') echo 'CPU Temp,31,degrees C,ok' ;;
  'sdr elist fru') /bin/cat << 'END'
${locators}END
    ;;
  'fru read 0 '* | 'fru read 2 '*) /bin/cat ${fru} > "$4"; echo Done ;;
  'fru read 3 '*) echo 'Device not present' >&2; exit 1 ;;
  *) echo "what is $*?" >&2; exit 1 ;;
esac`;

async function machine(ipmitool: string): Promise<Host> {
  const root = await temporaryFolder();
  await mkdir(join(root, 'dev'));
  await writeFile(join(root, 'dev/ipmi0'), '');
  return { root, programFolders: [await fakePrograms({ ipmitool })], clock: { nowMs: () => 1234 } };
}

/** All collectors at the same time, as in a collection. */
async function collect(host: Host): Promise<Record<string, Reading | string>> {
  const readings = ipmiFamily(host).map(async ({ source, collect: read }) => {
    return [source, await read().catch((error: unknown) => String(error))] as const;
  });
  return Object.fromEntries(await Promise.all(readings));
}

const bytesOf = (reading: Reading | string | undefined): Buffer => {
  if (!(reading instanceof Uint8Array)) throw new Error(`no bytes: ${JSON.stringify(reading)}`);
  return Buffer.from(reading);
};
const jsonOf = (reading: Reading | string | undefined): unknown => JSON.parse(bytesOf(reading).toString());

it('asks one question at a time, and gives what the parsers read', async () => {
  const record = 'i=0; while [ $i -lt 3 ]; do printf "0123456789abcde$i" >> "$3"; i=$((i + 1)); done';
  const read = await collect(await machine(answers(record)));
  expect(jsonOf(read['bmc.json'])).toEqual({
    mcInfo: 'Firmware Revision         : 3.88\n',
    lan: { 1: 'MAC Address             : 3c:ec:ef:00:00:01\n' },
    selTime: '11/23/26 18:00:00 UTC\n',
    selInfo: 'Percent Used     : 3%\n',
    hostTimeMs: 1234,
  });
  expect(bytesOf(read['fru.bin']).equals(await readFile(fru))).toBe(true);
  expect(bytesOf(read['sel.bin'])).toHaveLength(48);
  expect(bytesOf(read['sdr.csv']).toString()).toBe('# from the file\nCPU Temp,31,degrees C,ok\n');
  expect(jsonOf(read['fru.json'])).toEqual({
    2: { name: 'PSU1 FRU', bytes: (await readFile(fru)).toString('base64') },
  });
  expect(parseFru(bytesOf(read['fru.bin'])).board).not.toBeNull();
});

it('keeps the newest 512 whole records of a long log', async () => {
  // 600 records of 16 bytes and a piece of one more.
  const record = 'i=100; while [ $i -lt 700 ]; do echo "record $i     "; i=$((i + 1)); done > "$3"; printf x >> "$3"';
  const log = bytesOf((await collect(await machine(answers(record))))['sel.bin']).toString();
  expect(log).toHaveLength(512 * 16);
  expect(log.startsWith('record 188')).toBe(true);
  expect(log.endsWith('record 699     \n')).toBe(true);
});

it('takes a log without a file for an empty one', async () => {
  const read = await collect(await machine(answers('echo SEL has no entries')));
  expect(parseSel(bytesOf(read['sel.bin']))).toEqual({ records: [], problems: [] });
});

it('goes on without a network channel and without a clock of the BMC', async () => {
  const host = await machine(`case "$*" in 'mc info') echo ok ;; *) echo 'Invalid command' >&2; exit 1 ;; esac`);
  const read = await collect(host);
  expect(jsonOf(read['bmc.json'])).toEqual({ mcInfo: 'ok\n', lan: {}, selTime: null, selInfo: null, hostTimeMs: 1234 });
  expect(read['fru.bin']).toContain('ipmitool ended with status 1: Invalid command');
  expect(read['fru.json']).toContain('Invalid command');
});

it('asks a BMC that does not answer only once', async () => {
  const host = await machine(
    'echo asked >> "$0.calls"; echo "IANA PEN registry open failed: No such file or directory" >&2; echo "Could not open device" >&2; exit 1',
  );
  const read = await collect(host);
  for (const reading of Object.values(read))
    expect(reading).toContain('ipmitool ended with status 1: Could not open device');
  expect(await readFile(join(host.programFolders?.[0] ?? '', 'ipmitool.calls'), 'utf8')).toBe('asked\n');
});

it('has nothing to ask on a machine without a BMC, and says what is missing where there is one', async () => {
  const none = await collect({ root: await temporaryFolder() });
  for (const reading of Object.values(none)) expect(reading).toHaveProperty('absentBecause');
  const host = { ...(await machine('')), programFolders: [] };
  expect((await collect(host))['sel.bin']).toContain('ipmitool is not on this system');
});

it('knows FRU devices by what locates them', () => {
  expect([...fruLocators(locators)]).toEqual([
    [2, 'PSU1 FRU'],
    [3, 'PSU2 FRU'],
  ]);
  expect(fruLocators('garbage\n| Logical FRU @zzh\n\0').size).toBe(0);
});
