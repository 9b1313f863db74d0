// The parts of the image build that are pure: the archive writer, the ELF reader, the modules a list of drivers needs.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';

import { concatenated, cpioArchive, type Entry } from './cpio.ts';
import { isElf, neededLibraries, withoutSymbols } from './elf.ts';
import { builtinNames, moduleClosure, modulesAlias, modulesDep, parseModule } from './module-closure.ts';
import { modulesOf } from './modules.ts';
import { isKernel, packageLicences, parsePrintUris, readLock } from './packages.ts';

type Read = { name: string; mode: number; rdev: readonly [number, number]; owner: number; mtime: number; data: string };

/** An independent reading of newc, from the kernel's description of the format. */
function readCpio(archive: Buffer): Read[] {
  const found: Read[] = [];
  for (let at = 0; at < archive.length;) {
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number): number =>
      parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameStart = at + 110;
    const name = archive.toString('utf8', nameStart, nameStart + field(11) - 1);
    const dataStart = Math.ceil((nameStart + field(11)) / 4) * 4;
    const data = archive.toString('utf8', dataStart, dataStart + field(6));
    found.push({
      name,
      mode: field(1),
      rdev: [field(9), field(10)],
      owner: field(2) + field(3),
      mtime: field(5),
      data,
    });
    at = Math.ceil((dataStart + field(6)) / 4) * 4;
    if (name === 'TRAILER!!!') expect(at).toBe(archive.length);
  }
  return found;
}

describe('the archive writer', () => {
  const file = (path: string, text = path): Entry => ({ path, kind: 'file', mode: 0o644, data: Buffer.from(text) });

  test('writes files, links, folders and device nodes that read back, owned by root and dated 0', () => {
    const archive = cpioArchive([
      file('usr/bin/tool', 'abc'),
      { path: 'bin', kind: 'link', target: 'usr/bin' },
      { path: 'tmp', kind: 'directory', mode: 0o1777 },
      { path: 'dev/console', kind: 'device', mode: 0o600, major: 5, minor: 1 },
    ]);
    const read = readCpio(archive);
    expect(read.map(({ name, mode, data }) => [name, mode.toString(8), data])).toEqual([
      ['bin', '120777', 'usr/bin'],
      ['dev', '40755', ''],
      ['dev/console', '20600', ''],
      ['tmp', '41777', ''],
      ['usr', '40755', ''],
      ['usr/bin', '40755', ''],
      ['usr/bin/tool', '100644', 'abc'],
      ['TRAILER!!!', '0', ''],
    ]);
    expect(read.find(({ name }) => name === 'dev/console')?.rdev).toEqual([5, 1]);
    expect(read.every(({ owner, mtime }) => owner === 0 && mtime === 0)).toBe(true);
  });

  test('gives the same bytes whatever the order of its entries', () => {
    const entries = [file('b'), file('a/c'), file('a/b'), file('Z')];
    expect(cpioArchive(entries).equals(cpioArchive(entries.toReversed()))).toBe(true);
  });

  test.each(['/etc/passwd', '../up', 'a//b', 'a/./b', '', 'a\0b'])('refuses the path %j', (path) => {
    expect(() => cpioArchive([file(path)])).toThrow('no path in an archive');
  });

  test('refuses a path twice, and a file below a link', () => {
    expect(() => cpioArchive([file('a'), file('a')])).toThrow('twice');
    expect(() => cpioArchive([{ path: 'bin', kind: 'link', target: 'usr/bin' }, file('bin/sh')])).toThrow('no folder');
  });

  test('starts each of several archives at a multiple of four bytes', () => {
    const both = concatenated([Buffer.from('12345'), Buffer.from('6789')]);
    expect(both.toString('latin1')).toBe('12345\0\0\x006789');
  });
});

describe('driver modules', () => {
  const info = (...pairs: string[]): Buffer => Buffer.from(pairs.map((pair) => `${pair}\0`).join(''));
  const modules = [
    parseModule(
      'kernel/drivers/net/mlx5/core/mlx5_core.ko',
      info('alias=pci:v15B3*', 'depends=psample,mlxfw,pci-hyperv-intf'),
    ),
    parseModule('kernel/net/psample/psample.ko', info('depends=')),
    parseModule('kernel/drivers/net/mlxfw/mlxfw.ko', info('depends=devlib')),
    parseModule('kernel/drivers/pci/pci-hyperv-intf.ko', info('name=pci_hyperv_intf', 'depends=')),
    parseModule('kernel/lib/devlib.ko', info('depends=')),
    parseModule(
      'kernel/fs/ext4/ext4.ko',
      info('alias=fs-ext4', 'alias=ext3', 'softdep=pre: crc32c gone', 'depends=jbd2'),
    ),
    parseModule('kernel/fs/jbd2/jbd2.ko', info('depends=')),
    parseModule('kernel/crypto/crc32c.ko', info('depends=')),
    parseModule('kernel/drivers/unused.ko', info('depends=')),
    parseModule('kernel/drivers/broken.ko', info('depends=nowhere')),
  ];
  const available = new Map(modules.map((module) => [module.name, module]));
  const builtin = builtinNames('kernel/drivers/char/tpm/tpm-tis.ko\n');
  const closure = (...names: string[]): string[] =>
    moduleClosure({ names, available, builtin }).map(({ name }) => name);

  test('come with everything they need, and with nothing else', () => {
    expect(closure('mlx5_core').toSorted()).toEqual(['devlib', 'mlx5_core', 'mlxfw', 'pci_hyperv_intf', 'psample']);
  });

  test('come with what they wish for if the kernel has it', () => {
    expect(closure('ext4').toSorted()).toEqual(['crc32c', 'ext4', 'jbd2']);
  });

  test('need no file when the kernel has them built in', () => {
    expect(closure('tpm_tis')).toEqual([]);
  });

  test('that this kernel lacks are an error that says who asks', () => {
    expect(() => closure('broken')).toThrow("no module 'nowhere', which broken asks for");
    expect(() => closure('typo')).toThrow("no module 'typo', which the module list asks for");
  });

  test('are listed so that reading a line backwards loads what is needed first', () => {
    const needs = new Map(modules.map(({ path, depends }) => [path, depends]));
    const text = modulesDep(moduleClosure({ names: ['mlx5_core', 'ext4'], available, builtin }));
    for (const line of text.trimEnd().split('\n')) {
      const [path = '', rest = ''] = line.split(':');
      const loaded = new Set<string>();
      for (const each of [...rest.split(' ').filter(Boolean).toReversed(), path]) {
        expect((needs.get(each) ?? []).every((name) => loaded.has(name))).toBe(true);
        loaded.add(modules.find((module) => module.path === each)?.name ?? '');
      }
    }
    expect(text).toContain('kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko\n');
    expect(text).toContain('kernel/net/psample/psample.ko:\n');
  });

  test('are found by the devices they drive', () => {
    expect(modulesAlias(moduleClosure({ names: ['ext4'], available, builtin }))).toBe(
      'alias fs-ext4 ext4\nalias ext3 ext4\n',
    );
  });

  test('are named once per profile, and a release has all that a test has', () => {
    for (const names of Object.values(modulesOf)) expect(new Set(names).size).toBe(names.length);
    expect(modulesOf.test.every((name) => modulesOf.release.includes(name))).toBe(true);
  });
});

test('a program keeps its libraries and loses its symbols', async () => {
  const program = await readFile(process.execPath);
  const stripped = withoutSymbols(program);
  expect(neededLibraries(program)).toContain('libc.so.6');
  expect(neededLibraries(stripped)).toEqual(neededLibraries(program));
  expect(isElf(stripped)).toBe(true);
  expect(stripped.length).toBeLessThanOrEqual(program.length);
  expect(isElf(Buffer.from('#!/bin/sh\n'))).toBe(false);
});

test('the lock pins one kernel and every package that the image asks for', async () => {
  const names = (await readLock()).packages.map(({ name }) => name);
  expect(names.filter(isKernel)).toHaveLength(1);
  expect(names.filter((name) => !isKernel(name)).toSorted()).toEqual(Object.keys(packageLicences).toSorted());
});

test("apt's answer gives name, version with its epoch, and digest", () => {
  const digest = 'ab'.repeat(32);
  const line = `'http://mirror/k%2b.deb' kexec-tools_1%3a2.0.25-3+deb12u3_amd64.deb 85260 SHA256:${digest}\n`;
  expect(parsePrintUris(`W: noise\n${line}`)).toEqual([
    { name: 'kexec-tools', version: '1:2.0.25-3+deb12u3', sha256: digest },
  ]);
});
