import { describe, expect, it } from 'vitest';

import { cpioArchive } from './cpio.ts';
import { moduleClosure, parseDependencies } from './initrd.ts';

const dependencies = parseDependencies(
  [
    'kernel/drivers/nvme/host/nvme.ko: kernel/drivers/nvme/host/nvme-core.ko kernel/crypto/crc64.ko',
    'kernel/drivers/nvme/host/nvme-core.ko: kernel/crypto/crc64.ko',
    'kernel/crypto/crc64.ko:',
    'kernel/drivers/block/virtio_blk.ko:',
    '',
  ].join('\n'),
);

describe('moduleClosure', () => {
  it('takes a module with all it needs, once', () => {
    expect(moduleClosure(['nvme', 'nvme-core'], dependencies)).toEqual([
      'kernel/crypto/crc64.ko',
      'kernel/drivers/nvme/host/nvme-core.ko',
      'kernel/drivers/nvme/host/nvme.ko',
    ]);
  });

  it('takes dashes and underscores in names as the same', () => {
    expect(moduleClosure(['virtio-blk'], dependencies)).toEqual(['kernel/drivers/block/virtio_blk.ko']);
  });

  it('passes over what is built into the kernel', () => {
    expect(moduleClosure(['ext4'], dependencies)).toEqual([]);
  });
});

describe('cpioArchive', () => {
  it('writes records that each start at four bytes, and a trailer', () => {
    const archive = cpioArchive([
      { kind: 'directory', path: 'bin' },
      { kind: 'file', path: 'init', content: Buffer.from('12345'), isProgram: true },
      { kind: 'link', path: 'bin/sh', target: 'busybox' },
    ]);
    const at = (name: string): number => archive.indexOf(Buffer.from(`${name}\0`)) - 110;
    for (const name of ['bin', 'init', 'bin/sh', 'TRAILER!!!']) {
      expect(at(name) % 4, name).toBe(0);
      expect(archive.toString('latin1', at(name), at(name) + 6)).toBe('070701');
    }
    const mode = (name: string): number =>
      Number.parseInt(archive.toString('latin1', at(name) + 14, at(name) + 22), 16);
    expect([mode('bin'), mode('init'), mode('bin/sh')]).toEqual([0o040755, 0o100755, 0o120777]);
    expect(archive.toString('latin1', at('init') + 54, at('init') + 62)).toBe('00000005');
  });
});
