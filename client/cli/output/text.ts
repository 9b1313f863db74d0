// Text on a terminal: how wide it is, and nothing in it that the terminal would obey. Names, serials and logs come from
// machines and documents that PPEC does not trust.
import { stripVTControlCharacters } from 'node:util';

// oxlint-disable-next-line no-control-regex -- control characters are what it is for
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** One line: control and direction characters become `�`, line ends and tabs a space. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\t]+/g, ' ').replaceAll(controls, '�');
}

/** Many lines: escape sequences are removed, other control characters but line end and tab become `�`. */
export function manyLines(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\r+\n/g, '\n').replaceAll('\r', '\n').replaceAll(controls, '�');
}

const zeroWidth = /^(?:\p{Mn}|\p{Me}|[\u200b-\u200d]|\ufe0f)$/u;
const doubleWidth =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

/** Columns that a text takes; colour takes none (Unicode Standard Annex #11). */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += columnsOf(character);
  return width;
}

function columnsOf(character: string): number {
  if (zeroWidth.test(character)) return 0;
  return doubleWidth.test(character) ? 2 : 1;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

// SGR, ECMA-48 §8.3.117: the only escape sequence that this client writes inside a line.
// oxlint-disable-next-line no-control-regex -- ESC begins it
const colourCode = /(\u001b\[[0-9;]*m)/;

/** Cut to `width` columns, with `…` where something is left out. Every colour that begins also ends. */
export function truncate(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let used = 0;
  let isFull = false;
  for (const part of text.split(colourCode)) {
    if (colourCode.test(part)) {
      kept += part;
      continue;
    }
    for (const character of part) {
      if (isFull) break;
      used += columnsOf(character);
      isFull = used > width - 1;
      kept += isFull ? '…' : character;
    }
  }
  return kept;
}

/** `1 server`, `3 servers`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}
