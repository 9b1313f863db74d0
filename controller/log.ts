// The controller's log: one JSON object per line on standard error.
import { destination, pino, type Logger } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

export function createLog(level: string): Log {
  return pino({ level, base: null, timestamp: () => pino.stdTimeFunctions.isoTime() }, destination(2));
}
