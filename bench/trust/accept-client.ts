// The client of the part `tls-accept`: connections with one agent's certificate, as many as it is told, held open or not.
import { connect, type TLSSocket } from 'node:tls';

import { encodeAgentMessage } from '../../shared/protocol/codec.ts';
import { protocolVersion } from '../../shared/protocol/version.ts';
import { serveCommands } from '../hub/worker.ts';
import { isOpenCommand, type OpenCommand } from './accept-commands.ts';

const held: TLSSocket[] = [];

serveCommands(isOpenCommand, async (command) => {
  const startMs = performance.now();
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < command.count) {
      begun += 1;
      const socket = await open(command);
      if (command.isHeld) held.push(socket);
      else socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: command.atOnce }, lane));
  return { count: command.count, tookMs: performance.now() - startMs };
});

function open(command: OpenCommand): Promise<TLSSocket> {
  const { port, caPem, key, cert, until } = command;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: caPem, key, cert, servername: 'localhost' });
    let isUpgraded = false;
    const done = (): void => {
      socket.removeAllListeners('data');
      socket.on('data', () => undefined);
      resolve(socket);
    };
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection')));
    socket.on('secureConnect', () => {
      if (until === 'link') socket.write(upgrade);
    });
    // TLS 1.3 ends at the client before it ends at the server, which then gives a session ticket (RFC 8446 §4.6.1).
    if (until === 'tls') socket.on('session', done);
    socket.on('data', () => {
      if (isUpgraded) return done();
      isUpgraded = true;
      socket.write(maskedFrame(helloOf(command.assetId)));
    });
  });
}

const upgrade = [
  'GET /agent/v1/link HTTP/1.1',
  'host: localhost',
  'connection: Upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');

function helloOf(assetId: string): Uint8Array {
  return encodeAgentMessage(1, {
    type: 'hello',
    body: {
      protocol: protocolVersion,
      agentVersion: 'bench',
      assetId,
      bootId: 'bench',
      sessionId: 'bench',
      home: 'pious',
      capabilities: [],
      inventoryHash: '0'.repeat(64),
      verificationEnforced: true,
      commandKeySequence: 0,
      hardware: { serial: 'bench', uuid: '', macs: [], ekSha256s: [] },
    },
  });
}

/** One binary frame of a client (RFC 6455 §5.2) of 126 to 65535 bytes; a mask of zeros changes nothing. */
function maskedFrame(payload: Uint8Array): Uint8Array {
  const head = Buffer.alloc(8);
  head[0] = 0x82;
  head[1] = 0x80 | 126;
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
