import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { expect, it } from 'vitest';

import { decodeAgentMessage, decodeControllerMessage, encodeAgentMessage } from './codec.ts';
import { frameBytesMax } from './limits.ts';

const packr = new Packr({ useRecords: false });

it('gives back what was encoded', () => {
  const message = { type: 'heartbeat', body: { uptimeMs: 12, rssBytes: 60_000_000 } } as const;
  expect(decodeAgentMessage(encodeAgentMessage(3, message))).toEqual({ ok: true, seq: 3, message });
});

it.each([
  ['text', packr.pack('hello')],
  ['two members', packr.pack(['heartbeat', 1])],
  ['an unknown type', packr.pack(['reboot', 1, {}])],
  ['a type of Object.prototype', packr.pack(['constructor', 1, {}])],
  ['seq 0', packr.pack(['heartbeat', 0, { uptimeMs: 1, rssBytes: 1 }])],
  ['a negative uptime', packr.pack(['heartbeat', 1, { uptimeMs: -1, rssBytes: 1 }])],
  ['a member too many', packr.pack(['heartbeat', 1, { uptimeMs: 1, rssBytes: 1, x: 1 }])],
  ['a message of the other direction', packr.pack(['welcome', 1, { protocol: 1, heartbeatMs: 1000, serverTimeMs: 1 }])],
])('refuses %s as malformed', (_, frame) =>
  expect(decodeAgentMessage(frame)).toMatchObject({ ok: false, close: 'malformedFrame' }),
);

it('refuses a frame over the limit before reading it', () => {
  expect(decodeAgentMessage(new Uint8Array(frameBytesMax + 1))).toMatchObject({ ok: false, close: 'frameTooLarge' });
});

it('answers any bytes with a result, never by throwing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(typeof decodeAgentMessage(bytes).ok).toBe('boolean');
      expect(typeof decodeControllerMessage(bytes).ok).toBe('boolean');
    }),
    { numRuns: 2000 },
  );
});
