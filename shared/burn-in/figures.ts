// Figures: measured numbers whose name ends in their unit, so that machines of one model can be compared. Those of a
// component carry its serial or name behind a colon: `diskReadBytesPerSecond:S3X9NY0K`.
export type Figures = Readonly<Record<string, number>>;

/** Names the controller may count on. */
export const figureNames = [
  'cpuOpsPerSecond',
  'cpuMhz',
  'cpuTemperatureMaxCelsius',
  'cpuThrottleCount',
  'memoryBytes',
  'memoryOpsPerSecond',
  'memoryBytesPerSecond',
  'memoryReadBytesPerSecond',
  'memoryWriteBytesPerSecond',
  'memoryCorrectedErrorCount',
  'memoryUncorrectedErrorCount',
  'diskReadBytesPerSecond',
  'diskRandomReadsPerSecond',
  'diskWriteBytesPerSecond',
  'diskMediaErrorCount',
  'networkLossPercent',
  'networkRoundTripMs',
  'networkSendBitsPerSecond',
  'networkReceiveBitsPerSecond',
  'networkRetransmitCount',
] as const;
export type FigureName = (typeof figureNames)[number];

/** `name:part` as it stands in a report; the part is a disk's serial or a port's name. */
export function figureOf(name: FigureName, part: string | undefined): string {
  return part === undefined ? name : `${name}:${part}`;
}

export function parseFigure(key: string): { readonly name: string; readonly part: string | undefined } {
  const at = key.indexOf(':');
  return at < 0 ? { name: key, part: undefined } : { name: key.slice(0, at), part: key.slice(at + 1) };
}

/** The worse of two: the lower rate, the higher anything else. */
export function worseFigures(first: Figures, second: Figures): Figures {
  const worse: Record<string, number> = { ...first };
  for (const [key, value] of Object.entries(second)) {
    const other = worse[key];
    const isRate = /PerSecond$|^cpuMhz$|^memoryBytes$/.test(parseFigure(key).name);
    worse[key] = other === undefined ? value : isRate ? Math.min(other, value) : Math.max(other, value);
  }
  return worse;
}
