// An initramfs archive in the kernel's own format: "newc" (Documentation/driver-api/early-userspace/buffer-format.rst).

export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'file'; readonly path: string; readonly content: Uint8Array; readonly isProgram?: boolean };

/** Paths are relative; a folder stands before what is in it. All belongs to root and has no time. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) =>
    record(entry.path, modeOf(entry), { body: bodyOf(entry), inode: index + 1 }),
  );
  return Buffer.concat([...parts, ...record('TRAILER!!!', 0, { body: new Uint8Array(), inode: 0 })]);
}

function modeOf(entry: CpioEntry): number {
  switch (entry.kind) {
    case 'directory':
      return 0o040755;
    case 'link':
      return 0o120777;
    case 'file':
      return entry.isProgram === true ? 0o100755 : 0o100644;
  }
}

function bodyOf(entry: CpioEntry): Uint8Array {
  switch (entry.kind) {
    case 'directory':
      return new Uint8Array();
    case 'link':
      return Buffer.from(entry.target);
    case 'file':
      return entry.content;
  }
}

function record(path: string, mode: number, { body, inode }: { body: Uint8Array; inode: number }): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  // Magic, then thirteen numbers: inode, mode, uid, gid, links, mtime, size, device ×2, special device ×2, name, check.
  const numbers = [inode, mode, 0, 0, 1, 0, body.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(`070701${numbers.map((value) => value.toString(16).padStart(8, '0')).join('')}`);
  return [header, name, padding(header.length + name.length), body, padding(body.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
