// What the maker's own tool says about GPUs; the image carries none, a system may.
import { PpecError } from '../../shared/errors.ts';
import type { Collector, Host, Reading } from './collector.ts';
import { isMissingProgram, run } from './program.ts';

const query = 'index,name,serial,uuid,pci.bus_id,memory.total,vbios_version';

export function gpuFamily(host: Host): readonly Collector[] {
  return [{ source: 'gpu.csv', collect: () => gpus(host) }];
}

async function gpus(host: Host): Promise<Reading> {
  try {
    const { status, stdout, stderr } = await run(host, ['nvidia-smi', `--query-gpu=${query}`, '--format=csv']);
    if (status === 0) return stdout;
    const said = `${stdout.toString()}\n${stderr}`.trim().slice(0, 300);
    if (said.includes('No devices were found')) return { absentBecause: 'nvidia-smi finds no GPU' };
    throw new PpecError('unavailable', `nvidia-smi ended with status ${status}: ${said}`);
  } catch (error) {
    if (isMissingProgram(error)) return { absentBecause: 'nvidia-smi is not on this system' };
    throw error;
  }
}
