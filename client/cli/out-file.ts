// Writing an answer into a file that the user names.
import { writeFile } from 'node:fs/promises';

import { messageOf, PpecError } from '../../shared/errors.ts';

/** Throws `already_exists` where the file is there and `isForced` is false. */
export async function writeOut(file: string, text: string, isForced: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: isForced ? 'w' : 'wx' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new PpecError('already_exists', `${file} is there already. Replace it: add --force`, { cause: error });
    }
    throw new PpecError('invalid_argument', `${file} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
