// A block of lines that is painted over in place while something goes on. Only for a terminal.
import type { Output } from './output.ts';
import { truncate } from './text.ts';

export type LiveBlock = {
  /** Replaces what was shown before. Lines are cut to the terminal, so that none wraps and the count stays right. */
  readonly show: (text: string) => void;
};

const rowsMax = 200;

export function liveBlock(output: Output): LiveBlock {
  let shown = 0;
  return {
    show: (text) => {
      const columns = output.columns() ?? 80;
      const lines = text.trimEnd().split('\n').slice(0, rowsMax);
      // CUU moves up, ED erases to the end of the screen (ECMA-48 §8.3.22, §8.3.39).
      const back = shown === 0 ? '' : `\u001b[${shown}A\r\u001b[J`;
      output.write(back + lines.map((line) => `${truncate(line, columns)}\n`).join(''));
      shown = lines.length;
    },
  };
}
