// What the signer has signed: one line per command, on disk before the signature leaves. Append-only; a full file is
// turned over, and the oldest of them is dropped.
import { open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

const Line = Type.Object({
  at: Type.Integer(),
  keyId: Type.String(),
  commandId: Type.String(),
  assetId: Type.String(),
  generation: Type.Integer(),
  name: Type.String(),
  changeId: Type.Union([Type.String(), Type.Null()]),
  /** Of the command's bytes. */
  sha256: Type.String(),
});
export type SignedLine = Static<typeof Line>;
const line = Compile(Line);

const fileBytesMax = 8 * 1024 * 1024;
const filesKept = 4;

export type SignedLog = {
  /** What is in the files, oldest first. A line that was cut off is left out: its signature never left. */
  readonly lines: () => Promise<SignedLine[]>;
  readonly append: (signed: SignedLine) => Promise<void>;
  readonly close: () => Promise<void>;
};

export async function openSignedLog(folder: string, bytesMax = fileBytesMax): Promise<SignedLog> {
  const path = (number: number): string => join(folder, number === 0 ? 'signed.jsonl' : `signed.${number}.jsonl`);
  let file: FileHandle | undefined;
  let bytes = 0;
  const reopen = async (): Promise<FileHandle> => {
    file = await open(path(0), 'a', 0o600);
    bytes = (await file.stat()).size;
    // A line that a crash cut off must not swallow the next one.
    if (bytes > 0) bytes += (await file.write('\n')).bytesWritten;
    return file;
  };
  const turnOver = async (): Promise<void> => {
    await file?.close();
    file = undefined;
    for (let number = filesKept - 2; number >= 0; number -= 1) {
      await rename(path(number), path(number + 1)).catch(ignoreMissing);
    }
  };
  return {
    lines: async () => {
      const lines: SignedLine[] = [];
      for (let number = filesKept - 1; number >= 0; number -= 1) {
        const text = await readFile(path(number), 'utf8').catch(() => '');
        for (const written of text.split('\n')) {
          const read = parse(written);
          if (read !== undefined) lines.push(read);
        }
      }
      return lines;
    },
    append: async (signed) => {
      if (bytes > bytesMax) await turnOver();
      const opened = file ?? (await reopen());
      bytes += (await opened.write(`${JSON.stringify(signed)}\n`)).bytesWritten;
      await opened.datasync();
    },
    close: async () => {
      await file?.close();
      file = undefined;
    },
  };
}

function parse(text: string): SignedLine | undefined {
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return line.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
