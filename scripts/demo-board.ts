// What the demo shows while machines boot: a table that is redrawn on a terminal, plain lines where there is none.
import { formatStopwatch } from '../shared/units.ts';

export type Row = { readonly place: string; readonly name: string; readonly serial: string };
export type Board = {
  /** The state of a row, and what it is doing; on a terminal the time runs on. */
  readonly set: (serial: string, state: string, doing: string) => void;
  /** The row has its last word. */
  readonly settle: (serial: string, state: string, lines: readonly string[]) => void;
  readonly stop: () => void;
};

type Shown = Row & {
  readonly startedMs: number | undefined;
  readonly endedMs: number | undefined;
  readonly state: string;
  readonly doing: string;
  readonly lines: readonly string[];
};

const redrawMs = 500;

export function createBoard(rows: readonly Row[], output: NodeJS.WriteStream): Board {
  const shown = new Map<string, Shown>(
    rows.map((row) => [
      row.serial,
      { ...row, startedMs: undefined, endedMs: undefined, state: 'off', doing: '', lines: [] },
    ]),
  );
  const isLive = output.isTTY;
  let drawn = 0;
  const draw = (): void => {
    const lines = [...shown.values()].flatMap((row) => [
      lineOf(row, output.columns),
      ...row.lines.map((line) => `             ${line}`),
    ]);
    const up = drawn === 0 ? '' : `\u001B[${drawn}F`;
    output.write(`${up}${lines.map((line) => `\u001B[2K${line}\n`).join('')}`);
    drawn = lines.length;
  };
  const timer = isLive ? setInterval(draw, redrawMs) : undefined;
  const update = (serial: string, patch: Partial<Shown>): void => {
    const row = shown.get(serial);
    if (row === undefined) return;
    const next = { ...row, startedMs: row.startedMs ?? performance.now(), ...patch };
    shown.set(serial, next);
    if (isLive) draw();
    else if (row.state !== next.state || row.doing !== next.doing) {
      output.write(`${lineOf(next, undefined)}\n${next.lines.map((line) => `             ${line}\n`).join('')}`);
    }
  };
  return {
    set: (serial, state, doing) => update(serial, { state, doing }),
    settle: (serial, state, lines) => {
      const [doing = '', ...rest] = lines;
      update(serial, { state, doing, lines: rest, endedMs: performance.now() });
    },
    stop: () => {
      clearInterval(timer);
      if (isLive) draw();
    },
  };
}

function lineOf(row: Shown, columns: number | undefined): string {
  const elapsed =
    row.startedMs === undefined ? '' : formatStopwatch((row.endedMs ?? performance.now()) - row.startedMs);
  const mark =
    row.state === 'SPARE' || row.state === 'BAREMETAL'
      ? '✓'
      : row.state === 'QUARANTINED'
        ? '✗'
        : row.startedMs === undefined
          ? '·'
          : '●';
  const text = `  ${row.place.padEnd(8)} ${row.name.padEnd(6)} ${row.serial.padEnd(8)} ${elapsed.padStart(5)}  ${mark} ${row.state.padEnd(12)} ${row.doing}`;
  return columns === undefined ? text : text.slice(0, columns - 1);
}
