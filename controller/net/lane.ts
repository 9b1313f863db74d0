// A lane: so many pieces of work of one kind run at a time, the others wait in order. Who owns the lane bounds how many
// may wait.

export type Lane = <T>(work: () => Promise<T>) => Promise<T>;

export function createLane(width: number): Lane {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      // The place goes to the next in line, or is free.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
