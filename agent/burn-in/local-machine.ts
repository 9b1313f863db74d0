// This machine as a burn-in sees it.
import { join } from 'node:path';

import { serialKey } from '../../shared/hardware/identity.ts';
import type { DiskDevice } from '../handlers/platform.ts';
import type { BurnInMachine } from './machine.ts';

export function localMachine(
  root: string,
  { folder, controller, inventory }: Pick<BurnInMachine, 'folder' | 'controller' | 'inventory'>,
): BurnInMachine {
  return {
    root,
    inventory,
    findDisk: async (serial): Promise<DiskDevice | undefined> => {
      const disk = (await inventory()).disks.find((each) => serialKey(each.serial) === serialKey(serial));
      if (disk?.sizeBytes == null) return undefined;
      return { path: join(root, 'dev', disk.name), sizeBytes: disk.sizeBytes };
    },
    controller,
    ca: () => undefined,
    folder,
  };
}
