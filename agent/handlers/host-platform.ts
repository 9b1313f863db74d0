// The machine itself: disks under /dev, mount(8), kexec(8).
import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { messageOf } from '../../shared/errors.ts';
import { serialKey } from '../../shared/hardware/identity.ts';
import { collectInventory } from '../collect/inventory.ts';
import { HandlerError, type DiskDevice, type Platform } from './platform.ts';

const execute = promisify(execFile);
const toolTimeoutMs = 120_000;

async function tool(command: string, ...args: string[]): Promise<void> {
  await execute(command, args, { timeout: toolTimeoutMs, maxBuffer: 1024 * 1024 });
}

export function hostPlatform(stateDir: string): Platform {
  return {
    findDisk: async (serial) => {
      const { inventory } = await collectInventory({ root: '/' });
      const disk = inventory.disks.find((candidate) => serialKey(candidate.serial) === serialKey(serial));
      if (disk?.sizeBytes === undefined || disk.sizeBytes === null) return undefined;
      return { path: join('/dev', disk.name), sizeBytes: disk.sizeBytes };
    },
    withPartition: async (disk, partition, use) => {
      await tool('blockdev', '--rereadpt', disk.path);
      const device = await partitionDevice(disk, partition);
      const root = join(stateDir, 'mnt');
      await mkdir(root, { recursive: true });
      await tool('mount', '-t', 'ext4', device, root);
      try {
        return await use(root);
      } finally {
        await tool('umount', root);
      }
    },
    loadKernel: async ({ kernelPath, initrdPath, cmdline }) => {
      try {
        await tool('kexec', '-s', '-l', kernelPath, `--initrd=${initrdPath}`, `--command-line=${cmdline}`);
      } catch (error) {
        throw new HandlerError('kernel-not-loaded', `kexec did not take the kernel: ${messageOf(error)}`, {
          cause: error,
        });
      }
    },
    startKernel: async () => {
      await tool('sync');
      await tool('kexec', '-e');
    },
  };
}

/** `/dev/nvme0n1p3` or `/dev/sda3`; waits for the kernel to make the node. */
async function partitionDevice(disk: DiskDevice, partition: number): Promise<string> {
  const device = /\d$/.test(disk.path) ? `${disk.path}p${partition}` : `${disk.path}${partition}`;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const isThere = await access(device).then(
      () => true,
      () => false,
    );
    if (isThere) return device;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new HandlerError('image-incomplete', `${device} did not appear after the image was written`);
}
