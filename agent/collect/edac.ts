// Memory errors that the kernel counted, as attributes of each memory controller and of the modules below it (Linux ABI
// sysfs-devices-edac).
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { jsonBytes, type Collector, type Host, type Reading } from './collector.ts';
import { attributesOf, type Tree } from './sysfs.ts';

const controllersMax = 256;
const modulesMax = 256;

const ofController = [
  'mc_name', 'size_mb', 'ce_count', 'ue_count', 'ce_noinfo_count', 'ue_noinfo_count', 'seconds_since_reset',
]; // prettier-ignore
const ofModule = [
  'dimm_label', 'dimm_location', 'size', 'dimm_ce_count', 'dimm_ue_count', 'dimm_mem_type', 'dimm_dev_type',
  'dimm_edac_mode',
]; // prettier-ignore
const ofRow = ['ce_count', 'ue_count', 'size_mb', 'mem_type', 'dev_type', 'edac_mode'];

export function edacFamily({ root }: Host): readonly Collector[] {
  return [{ source: 'edac.json', collect: () => controllers(join(root, 'sys/devices/system/edac/mc')) }];
}

async function controllers(base: string): Promise<Reading> {
  const names = (await readdir(base).catch(() => [])).filter((name) => /^mc\d{1,4}$/.test(name)).toSorted();
  if (names.length === 0) return { absentBecause: 'no driver counts memory errors (EDAC) on this machine' };
  const tree: Tree = {};
  for (const name of names.slice(0, controllersMax)) tree[name] = await controller(join(base, name));
  return jsonBytes(tree);
}

async function controller(folder: string): Promise<Record<string, string>> {
  const values = attributesOf(folder, ofController);
  const names = (await readdir(folder)).toSorted().slice(0, 2 * modulesMax);
  for (const name of names) {
    const wanted = /^(dimm|rank)\d{1,4}$/.test(name) ? [...ofModule] : [];
    // Older drivers list chip-select rows with channels instead of modules.
    if (/^csrow\d{1,4}$/.test(name)) wanted.push(...ofRow, ...(await channelsOf(join(folder, name))));
    for (const [key, text] of Object.entries(attributesOf(join(folder, name), wanted))) values[`${name}/${key}`] = text;
  }
  return values;
}

async function channelsOf(row: string): Promise<string[]> {
  const names = await readdir(row).catch(() => []);
  return names.filter((name) => /^ch\d{1,2}_(ce_count|dimm_label)$/.test(name)).toSorted();
}
