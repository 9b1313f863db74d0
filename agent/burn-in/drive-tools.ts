// smartctl, and nvme for the self-tests of NVMe drives, which smartctl 7.3 cannot start: asked, and their JSON read.
import { driveCounters, type DriveCounters } from '../../shared/burn-in/drive-health.ts';
import type { Disk } from '../../shared/hardware/inventory.ts';
import { runChild } from './child.ts';

const answerMs = 60_000;

/** Emulated disks and sticks report nothing worth asking for. */
export function hasCounters(disk: Disk): boolean {
  return disk.transport === 'nvme' || disk.transport === 'sata' || disk.transport === 'sas';
}

/** What a program answers as JSON; undefined where it cannot be run or answers something else. */
export async function jsonFrom(command: readonly string[], signal: AbortSignal): Promise<unknown> {
  const { output } = await runChild(command, { signal, timeoutMs: answerMs, cwd: '/' });
  try {
    const value: unknown = JSON.parse(output);
    return value;
  } catch {
    return undefined;
  }
}

/** smartctl's exit status is a bit field that is non-zero on healthy drives too; its JSON counts. */
export async function driveCountersOf(disk: Disk, signal: AbortSignal): Promise<DriveCounters | undefined> {
  return driveCounters(await jsonFrom(['smartctl', '-j', '-a', `/dev/${disk.name}`], signal));
}
