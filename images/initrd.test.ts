import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';

import { buildInitrd } from './initrd.ts';

it('has the shell, the script, the drivers and the indexes where busybox looks for them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ppec-initrd-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const modules = join(folder, 'lib/modules/6.1.0');
  await mkdir(join(modules, 'kernel'), { recursive: true });
  await writeFile(join(modules, 'modules.builtin'), 'kernel/drivers/virtio/virtio_pci.ko\n');
  await writeFile(join(folder, 'busybox'), 'the shell');
  await writeFile(join(folder, 'init'), 'the script');

  const initrd = await buildInitrd({
    rootfs: folder,
    kernelVersion: '6.1.0',
    busyboxPath: join(folder, 'busybox'),
    initPath: join(folder, 'init'),
    modules: ['virtio-pci'],
  });

  const archive = zstdDecompressSync(initrd);
  const at = (name: string): number => archive.indexOf(Buffer.from(`${name}\0`)) - 110;
  const mode = (name: string): string => archive.toString('latin1', at(name) + 6 + 8, at(name) + 6 + 16);
  expect(mode('init')).toBe('000081ed');
  expect(mode('bin/busybox')).toBe('000081ed');
  expect(mode('bin/sh')).toBe('0000a1ff');
  expect(mode('sbin/modprobe')).toBe('0000a1ff');
  for (const name of ['modules.dep', 'modules.alias', 'modules.builtin']) {
    expect(mode(`lib/modules/6.1.0/${name}`), name).toBe('000081a4');
  }
});

it('is refused when the kernel of the image lacks a driver that it asks for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ppec-initrd-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const modules = join(folder, 'lib/modules/6.1.0');
  await mkdir(join(modules, 'kernel'), { recursive: true });
  await writeFile(join(modules, 'modules.builtin'), '');
  const input = { rootfs: folder, kernelVersion: '6.1.0', busyboxPath: '', initPath: '', modules: ['nvme'] };
  await expect(buildInitrd(input)).rejects.toThrow("no module 'nvme'");
});
