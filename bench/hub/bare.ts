// The bare loop: `ws` and `msgpackr` over the same TLS as the controller's agent listener, which decodes every frame and
// does nothing else. It says what an agent waits for (a welcome, a request, an acknowledgement) from frames made before.
import { once } from 'node:events';
import { createServer } from 'node:https';
import { Packr } from 'msgpackr';
import { WebSocketServer, type WebSocket } from 'ws';

import { encodeControllerMessage } from '../../shared/protocol/codec.ts';
import { defaultHeartbeatMs, frameBytesMax } from '../../shared/protocol/limits.ts';
import { protocolVersion } from '../../shared/protocol/version.ts';
import { isBareCommand, type BareCommand } from './commands.ts';
import { serveCommands } from './worker.ts';

// The options of the protocol's codec, so that both decode in the same way.
const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: 'number', mapsAsObjects: true });

const welcome = encodeControllerMessage(1, {
  type: 'welcome',
  body: { protocol: protocolVersion, heartbeatMs: defaultHeartbeatMs, serverTimeMs: 0 },
});
const request = encodeControllerMessage(2, { type: 'inventory-request', body: { hash: '0'.repeat(64) } });
const verdict = encodeControllerMessage(3, {
  type: 'verdict',
  body: { name: 'bare', state: 'SPARE', place: '', findings: [] },
});
const ack = encodeControllerMessage(4, { type: 'result-ack', body: { commandId: 'bare' } });

serveCommands(isBareCommand, listen);

async function listen({ caPem, key, cert }: BareCommand): Promise<{ url: string }> {
  const server = createServer({
    key,
    cert,
    ca: caPem,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
  });
  // About as many bytes as the controller's answer: one certificate and two keys.
  const answer = JSON.stringify({ certificate: cert, keys: [key, key] });
  server.on('request', (posted, response) => {
    const chunks: Buffer[] = [];
    posted.on('data', (chunk: Buffer) => chunks.push(chunk));
    posted.on('end', () => {
      JSON.parse(Buffer.concat(chunks).toString());
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
      response.end(answer);
    });
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: frameBytesMax });
  sockets.on('connection', accept);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { url: `https://localhost:${typeof address === 'object' && address !== null ? address.port : 0}` };
}

function accept(socket: WebSocket): void {
  socket.on('message', (data: Buffer) => {
    const value: unknown = packr.unpack(data);
    const type: unknown = Array.isArray(value) ? value[0] : undefined;
    if (type === 'hello') for (const frame of [welcome, request, verdict]) socket.send(frame);
    else if (type === 'command-result') socket.send(ack);
  });
  socket.on('error', () => undefined);
}
