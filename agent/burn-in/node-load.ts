// The built-in loads as programs: this same Node with a few megabytes of heap, and the one JSON object they print.

/** The words that run a load's source. */
export function nodeCommand(source: string, ...args: readonly (string | number)[]): string[] {
  return [process.execPath, '--max-old-space-size=64', '--max-semi-space-size=1', '-e', source, ...args.map(String)];
}

/** The named numbers of a JSON object; undefined where one is missing. */
export function numbersOf<const K extends string>(
  output: string,
  names: readonly K[],
): Readonly<Record<K, number>> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch {
    return undefined;
  }
  return hasNumbers(value, names) ? value : undefined;
}

function hasNumbers<K extends string>(value: unknown, names: readonly K[]): value is Readonly<Record<K, number>> {
  return (
    typeof value === 'object' && value !== null && names.every((name) => typeof Reflect.get(value, name) === 'number')
  );
}
