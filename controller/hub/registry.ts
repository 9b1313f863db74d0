// Which agents are connected, to which session. One session per asset: a newer one replaces the older.
import type { ControllerMessage } from '../../shared/protocol/messages.ts';
import type { CloseName } from '../../shared/protocol/close-codes.ts';

export type LiveSession = {
  readonly assetId: string;
  readonly bootId: string;
  /** The IP address its link comes from. */
  readonly address: string;
  readonly lastHeardMs: () => number;
  /** The serial number of the certificate that opened it. */
  readonly certificateSerial: string;
  /** Resident memory of the agent, as its last heartbeat said. */
  readonly rssBytes: () => number;
  readonly send: (message: ControllerMessage) => void;
  readonly close: (name: CloseName, why: string) => void;
};

export type Registry = {
  readonly find: (assetId: string) => LiveSession | undefined;
  /** Registers; the session it replaces is closed. */
  readonly add: (session: LiveSession) => void;
  /** Forgets the session, unless a newer one has its place already. */
  readonly remove: (session: LiveSession) => boolean;
  readonly all: () => Iterable<LiveSession>;
  readonly count: () => number;
};

export function createRegistry(): Registry {
  const sessions = new Map<string, LiveSession>();
  return {
    find: (assetId) => sessions.get(assetId),
    add: (session) => {
      const older = sessions.get(session.assetId);
      sessions.set(session.assetId, session);
      older?.close('replaced', 'this agent connected anew');
    },
    remove: (session) => {
      if (sessions.get(session.assetId) !== session) return false;
      return sessions.delete(session.assetId);
    },
    all: () => sessions.values(),
    count: () => sessions.size,
  };
}
