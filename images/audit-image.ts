// The audit of a finished image: what is on its disk, taken out again without mounting anything, in the state in which
// a machine would get it.
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { Compile } from 'typebox/compile';

import { sha256OfFile } from '../pious-image/digest.ts';
import { tool } from '../pious-image/tool.ts';
import { ImageManifest } from '../shared/api/image.ts';
import { rootOffsetBytes } from './disk.ts';
import { auditRootfs } from './hardening.ts';

const manifestChecker = Compile(ImageManifest);

/** Violations in the image of a folder that `buildImage` made. Needs root, to keep file owners. */
export async function auditImage(imageDir: string): Promise<string[]> {
  const manifest: unknown = JSON.parse(await readFile(join(imageDir, 'manifest.json'), 'utf8'));
  if (!manifestChecker.Check(manifest)) return ['the manifest does not fit its schema'];
  const packed = join(imageDir, manifest.file);
  if ((await sha256OfFile(packed)) !== manifest.sha256) return ['the digest is not that of the manifest'];
  const workDir = await mkdtemp(join(tmpdir(), 'ppec-audit-'));
  try {
    const rootfs = await unpackRoot(packed, workDir);
    return await auditRootfs(rootfs);
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function unpackRoot(packed: string, workDir: string): Promise<string> {
  const disk = join(workDir, 'disk.img');
  await pipeline(createReadStream(packed), createZstdDecompress(), createWriteStream(disk));
  const rootfs = join(workDir, 'rootfs');
  await mkdir(rootfs);
  const filesystem = `${disk}?offset=${rootOffsetBytes}`;
  await tool('debugfs', ['-R', `rdump / ${rootfs}`, filesystem]);
  await restoreSpecialBits(rootfs, filesystem, workDir);
  // mke2fs makes it; a file system check needs it, no system has anything in it.
  await rm(join(rootfs, 'lost+found'), { recursive: true, force: true });
  return rootfs;
}

/** `rdump` leaves out setuid, setgid and sticky: the modes are read from the file system's own folders. */
async function restoreSpecialBits(rootfs: string, filesystem: string, workDir: string): Promise<void> {
  const entries = await readdir(rootfs, { recursive: true, withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  const paths = ['/', ...folders.map((folder) => folder.slice(rootfs.length))];
  const script = join(workDir, 'list');
  await writeFile(script, paths.map((path) => `ls -p "${path}"\n`).join(''));
  for (const { path, mode } of parseListing(await tool('debugfs', ['-f', script, filesystem]))) {
    if ((mode & 0o7000) !== 0) await chmod(join(rootfs, path), mode & 0o7777);
  }
}

/** Output of debugfs for `ls -p "/folder"`: the command, then `/inode/mode/uid/gid/name/size/` for each entry. */
export function parseListing(text: string): { path: string; mode: number }[] {
  const found: { path: string; mode: number }[] = [];
  let folder = '/';
  for (const line of text.split('\n')) {
    folder = /^debugfs: ls -p "(.*)"$/.exec(line)?.[1] ?? folder;
    const entry = /^\/\d+\/(\d+)\/\d+\/\d+\/(.+)\/\d*\/$/.exec(line);
    if (entry?.[1] === undefined || entry[2] === undefined || /^\.\.?$/.test(entry[2])) continue;
    found.push({ path: join(folder, entry[2]), mode: Number.parseInt(entry[1], 8) });
  }
  return found;
}
